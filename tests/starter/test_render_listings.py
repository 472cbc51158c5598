import json
from datetime import datetime

import pytest
import yaml

from codedeploy.application import Application
from codedeploy.application_info import ApplicationInfo
from codedeploy.configs import PREDEFINED, DeploymentConfig, ZonalConfig
from codedeploy.deployment import DeploymentStatus
from codedeploy.deployment_group import (
    AutoRollbackConfiguration,
    AutoRollbackEvent,
    DeploymentGroup,
    EC2TagSet,
    TagFilter,
    TagFilterType,
)
from codedeploy.group_info import DeploymentGroupInfo, DeploymentRecord
from codedeploy.instance import InstanceRegistration, Tag
from codedeploy.instances import InstanceHealth
from codedeploy.lifecycle import LifecycleEvent, LifecycleEventResult, LifecycleEventStatus
from starter.answers import Applied, DeploymentRow, InstanceInfo
from starter.render.documents import OutputFormat, document
from starter.render.group import group_view, targeting
from starter.render.lines import plain
from starter.render.listings import (
    application_view,
    applied_view,
    configs_view,
    deployments_view,
    instances_view,
    names_view,
    pace_of,
    revisions_view,
)
from starter.render.sizes import byte_size
from starter.render.targets import targets_view
from starter.render.verdicts import verdicts_view
from starter.validation import Verdict
from tests.starter import deployments as given_
from tests.starter.test_render_plan import pinned


def test_names_are_listed_below_their_title() -> None:
    assert plain(names_view(["shop", "till"], title="APPLICATION", if_none="None.")) == (
        "APPLICATION\nshop\ntill\n"
    )


def test_an_empty_list_says_what_to_do() -> None:
    assert plain(names_view([], title="APPLICATION", if_none="None.")) == "None.\n"


@pytest.mark.parametrize(
    ("name", "pace"),
    [
        ("CodeDeployDefault.OneAtATime", "at most 1 out of service"),
        ("CodeDeployDefault.HalfAtATime", "50% must stay healthy"),
        ("CodeDeployDefault.LambdaCanary10Percent5Minutes", "10%, 5 min later the rest"),
        ("CodeDeployDefault.ECSLinear10PercentEvery1Minutes", "10% every 1 min"),
        ("CodeDeployDefault.LambdaAllAtOnce", "all at once"),
    ],
)
def test_a_configuration_is_told_in_words(name: str, pace: str) -> None:
    assert pace_of(PREDEFINED[name]) == pace


def test_a_zonal_configuration_says_so() -> None:
    zonal = PREDEFINED["CodeDeployDefault.OneAtATime"].model_copy(
        update={"zonal_config": ZonalConfig()}
    )

    assert pace_of(zonal) == "at most 1 out of service, one zone after another"


def test_configurations_are_listed() -> None:
    config = DeploymentConfig(deployment_config_name="Mine")

    assert plain(configs_view([config])) == (
        "CONFIGURATION  PLATFORM  PACE\nMine           Server    -\n"
    )


def test_instances_show_whether_their_agents_are_there() -> None:
    seen = InstanceInfo(
        registration=InstanceRegistration(name="web-1", tags=(Tag(key="role", value="web"),)),
        last_seen=given_.at(5),
        runs={"shop/prod": "v2"},
    )
    silent = InstanceInfo(registration=InstanceRegistration(name="web-2"))

    assert plain(instances_view([seen, silent], given_.canvas())) == (
        "INSTANCE  AGENT             TAGS      RUNS\n"
        "web-1     ✔ seen 1m00s ago  role=web  shop/prod v2\n"
        "web-2     ! silent          -         -\n"
    )


def test_no_instance_says_how_to_start_an_agent() -> None:
    assert "rollway-agent run" in plain(instances_view([], given_.canvas()))


def test_revisions_are_listed_with_size_and_digest() -> None:
    assert plain(revisions_view([pinned("v2")])) == (
        "REVISION  TYPE  SIZE    SHA256\nv2        tgz   1.2 MB  abababababab\n"
    )


def test_an_application_is_shown_with_groups_and_revisions() -> None:
    info = ApplicationInfo(
        application=Application(application_name="shop"),
        deployment_groups=("prod", "test"),
        revisions=(pinned("v2"),),
    )

    assert plain(application_view(info)).splitlines()[:2] == [
        "shop   Server",
        "groups  prod, test",
    ]


def _row(ended: datetime | None, creator: str = "user") -> DeploymentRow:
    return DeploymentRow(
        deployment_id=given_.ID,
        application_name="shop",
        deployment_group_name="prod",
        status=DeploymentStatus.SUCCEEDED,
        revision_label="v2",
        creator=creator,
        create_time=given_.START,
        complete_time=ended,
    )


def test_deployments_are_listed_one_a_line() -> None:
    rows = [_row(given_.at(2)), _row(None, creator="codeDeployRollback")]

    assert plain(deployments_view(rows, given_.canvas())) == (
        "DEPLOYMENT   GROUP      REVISION  STATUS       CREATED   TOOK   BY\n"
        "d-AAAAAAAAA  shop/prod  v2        ✔ succeeded  14:00:00  2m00s  user\n"
        "d-AAAAAAAAA  shop/prod  v2        ✔ succeeded  14:00:00  -      rollback\n"
    )


def test_what_was_applied_is_listed() -> None:
    applied = [
        Applied(kind="application", name="shop", change="created"),
        Applied(kind="deployment group", name="shop/prod", change="unchanged"),
    ]

    assert plain(applied_view(applied)) == (
        "application shop            created\ndeployment group shop/prod  unchanged\n"
    )


def _group(**members: object) -> DeploymentGroup:
    return DeploymentGroup.model_validate(
        {"applicationName": "shop", "deploymentGroupName": "prod", **members}
    )


def test_a_group_is_shown_with_its_rules_and_memory() -> None:
    info = DeploymentGroupInfo(
        group=_group(
            onPremisesInstanceTagFilters=[{"Key": "role", "Value": "web"}],
            autoRollbackConfiguration=AutoRollbackConfiguration(
                enabled=True, events=(AutoRollbackEvent.DEPLOYMENT_FAILURE,)
            ),
            approvals=[{"at": "AFTER_FIRST_BATCH", "deadlineMinutes": 30}],
        ),
        deployment_group_id="g",
        last_successful_deployment=given_.ID,
        last_successful_revision=pinned("v2"),
        health={"web-1": InstanceHealth(is_healthy=True), "web-2": InstanceHealth()},
        history=(
            DeploymentRecord(
                deployment_id=given_.ID,
                status=DeploymentStatus.FAILED,
                revision_label="v2",
                create_time=given_.START,
            ),
        ),
    )

    assert plain(group_view(info, given_.canvas())) == (
        "shop/prod\n"
        "  configuration   CodeDeployDefault.OneAtATime\n"
        "  instances       role=web\n"
        "  alarms          none\n"
        "  rollback        DEPLOYMENT_FAILURE\n"
        "  approvals       AFTER_FIRST_BATCH, 30 min, else ROLLBACK\n"
        "  second request  REJECT\n"
        "  last good       v2 by d-AAAAAAAAA\n"
        "  active          none\n"
        "  queue           empty\n"
        "  hosts           1 of 2 ended their last deployment well\n"
        "\n"
        "  DEPLOYMENT   REVISION  STATUS    CREATED\n"
        "  d-AAAAAAAAA  v2        ✖ failed  14:00:00\n"
    )


def test_a_group_on_lambda_has_a_function_and_alarms_and_no_hosts() -> None:
    group = _group(
        computePlatform="Lambda",
        alarmConfiguration={"enabled": True, "alarms": [{"name": "5xx"}, {"name": "slow"}]},
    )
    info = DeploymentGroupInfo(group=group, deployment_group_id="g")

    shown = plain(group_view(info, given_.canvas()))

    assert "  function        the alias that the AppSpec file names\n" in shown
    assert "  alarms          5xx, slow\n" in shown
    assert "hosts" not in shown


def test_a_group_on_ecs_has_a_service_and_its_waits() -> None:
    group = _group(
        computePlatform="ECS",
        ecsServices=[{"serviceName": "web", "clusterName": "prod"}],
        loadBalancerInfo={
            "targetGroupPairInfoList": [{"targetGroups": [{"name": "blue"}, {"name": "green"}]}]
        },
        blueGreenDeploymentConfiguration={
            "deploymentReadyOption": {
                "actionOnTimeout": "STOP_DEPLOYMENT",
                "waitTimeInMinutes": 60,
            },
            "terminateBlueInstancesOnDeploymentSuccess": {"terminationWaitTimeInMinutes": 5},
        },
    )
    info = DeploymentGroupInfo(group=group, deployment_group_id="g")

    assert plain(group_view(info, given_.canvas())).splitlines()[2:6] == [
        "  service         prod:web",
        "  target groups   blue, green",
        "  ready wait      60 min, else it stops",
        "  original        deleted after 5 min",
    ]


ROLE = TagFilter(key="role", value="web")
ZONE = TagFilter(key="zone", type=TagFilterType.KEY_ONLY)
ANY = TagFilter(value="blue", type=TagFilterType.VALUE_ONLY)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"ec2TagFilters": (ROLE, ZONE)}, "role=web or zone present"),
        (
            {"ec2TagSet": EC2TagSet(ec2_tag_set_list=((ROLE, ANY), (ZONE,)))},
            "(role=web or any tag = blue) and (zone present)",
        ),
        (
            {"ec2TagFilters": (ROLE,), "onPremisesInstanceTagFilters": (ZONE,)},
            "role=web; or zone present",
        ),
        ({}, "none: no tag filter is given"),
    ],
    ids=["filters", "tag set", "two sources", "none"],
)
def test_targeting_is_told_in_words(members: dict[str, object], words: str) -> None:
    assert targeting(_group(**members)) == words


def test_targets_show_their_last_event() -> None:
    stop, start = (
        LifecycleEventResult(
            lifecycle_event_name=event,
            status=status,
            start_time=given_.at(minute),
            end_time=given_.at(minute + 1),
        )
        for event, status, minute in (
            (LifecycleEvent.APPLICATION_STOP, LifecycleEventStatus.SUCCEEDED, 1),
            (LifecycleEvent.VALIDATE_SERVICE, LifecycleEventStatus.FAILED, 2),
        )
    )
    _, failed, untouched = given_.targets_of_failed()
    failed = failed.model_copy(update={"events": (stop, start)})

    assert plain(targets_view([failed, untouched], given_.canvas())) == (
        "\n"
        "HOST   STATUS     EVENT            EVENTS DONE  TIME\n"
        "web-2  ✖ failed   ValidateService  1 of 2       2m00s\n"
        "web-3  · skipped  -                -            -\n"
    )


def test_verdicts_list_problems_and_warnings() -> None:
    bad = Verdict("a.yml", problems=("line 1: no",), warnings=("line 2: in vain",))

    assert plain(verdicts_view([Verdict("b.yml", "application x"), bad], given_.canvas())) == (
        "✔ b.yml: application x\n✖ a.yml\n    line 1: no\n    warning: line 2: in vain\n"
    )


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 kB"), (2_500_000_000, "2.5 GB")],
)
def test_sizes_read_well(size: int, text: str) -> None:
    assert byte_size(size) == text


def test_documents_are_camel_case_and_ascii() -> None:
    row = _row(None).model_copy(update={"revision_label": "v2 ✔"})

    written = document({"deployments": [row]}, OutputFormat.JSON)

    assert written.isascii()
    assert json.loads(written)["deployments"][0]["revisionLabel"] == "v2 ✔"


def test_yaml_says_the_same_as_json() -> None:
    value = {"deployments": [_row(given_.at(1))]}

    as_yaml = yaml.safe_load(document(value, OutputFormat.YAML))

    assert as_yaml == json.loads(document(value, OutputFormat.JSON))
