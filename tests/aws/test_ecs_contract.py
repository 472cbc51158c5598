"""What the emulator answers for services of task sets, asked as anybody asks AWS."""

from typing import Any

import pytest

from tests.aws.ecs_site import Site, build_site
from tests.aws.emulator import Emulator
from tests.aws.hearing import unheard
from tests.aws.refusals import refused
from tests.aws.site_parts import CONTAINER, CONTAINER_PORT, Parts, Plan
from tests.aws.waiting import until

EXTERNAL_ONLY = (
    "Amazon ECS only supports task set management on services configured to use external "
    "deployment controllers."
)


@pytest.fixture
def site(aws: Emulator) -> Site:
    """Return a site that forwards to both target groups: all to blue, where version 1 runs."""
    built = build_site(aws)
    built.route(built.production_listener, blue=100, green=0)
    return built


def task_set(site: Site, arn: str) -> dict[str, Any]:
    (found,) = [one for one in site.task_sets() if one["taskSetArn"] == arn]
    return found


def counts(found: dict[str, Any]) -> tuple[int, int, int]:
    return found["computedDesiredCount"], found["pendingCount"], found["runningCount"]


def replacement(site: Site, **wanted: Any) -> str:
    """Create a task set of version 2 on green, wait until it is steady, return its ARN."""
    arn = str(site.create_task_set(2, site.green, **wanted)["taskSetArn"])
    until(lambda: site.is_steady(arn))
    return arn


def delete(site: Site, arn: str, *, force: bool = False) -> dict[str, Any]:
    deleted = site.aws.client("ecs").delete_task_set(
        cluster=site.cluster, service=site.service, taskSet=arn, force=force
    )
    return dict(deleted["taskSet"])


def scale(site: Site, arn: str, percent: float) -> dict[str, Any]:
    scaled = site.aws.client("ecs").update_task_set(
        cluster=site.cluster,
        service=site.service,
        taskSet=arn,
        scale={"value": percent, "unit": "PERCENT"},
    )
    return dict(scaled["taskSet"])


def make_primary(site: Site, arn: str) -> None:
    site.aws.client("ecs").update_service_primary_task_set(
        cluster=site.cluster, service=site.service, primaryTaskSet=arn
    )


def tasks(site: Site, **filters: Any) -> list[dict[str, Any]]:
    containers = site.aws.client("ecs")
    arns = containers.list_tasks(cluster=site.cluster, **filters)["taskArns"]
    if not arns:
        return []
    return list(containers.describe_tasks(cluster=site.cluster, tasks=arns)["tasks"])


def service(site: Site) -> dict[str, Any]:
    found = site.aws.client("ecs").describe_services(cluster=site.cluster, services=[site.service])
    return dict(found["services"][0])


# --- a task set comes up


def test_a_task_set_stabilizes_and_is_then_steady(site: Site) -> None:
    created = site.create_task_set(2, site.green)
    arn = created["taskSetArn"]

    until(lambda: site.is_steady(arn))

    steady = task_set(site, arn)
    assert (created["stabilityStatus"], counts(created)) == ("STABILIZING", (2, 2, 0))
    assert (steady["stabilityStatus"], counts(steady)) == ("STEADY_STATE", (2, 0, 2))
    assert (created["status"], steady["status"]) == ("ACTIVE", "ACTIVE")


def test_its_tasks_become_healthy_targets(site: Site) -> None:
    arn = replacement(site)

    started = tasks(site, startedBy=task_set(site, arn)["id"])
    details = [detail for one in started for detail in one["attachments"][0]["details"]]
    addresses = {one["value"] for one in details if one["name"] == "privateIPv4Address"}
    found = site.aws.client("elbv2").describe_target_health(TargetGroupArn=site.green.arn)
    targets = [one["Target"] for one in found["TargetHealthDescriptions"]]
    assert {one["Id"] for one in targets} == addresses
    assert {one["Port"] for one in targets} == {CONTAINER_PORT}
    assert all(address.startswith("127.2.") for address in addresses)
    assert site.health(site.green) == ["healthy", "healthy"]


def test_it_is_not_steady_before_its_targets_are_healthy(aws: Emulator) -> None:
    site = build_site(aws)
    site.route(site.production_listener, blue=100, green=0)
    tag = [{"Key": "emulator:health", "Value": "unhealthy"}]
    aws.client("elbv2").add_tags(ResourceArns=[site.green.arn], Tags=tag)

    arn = site.create_task_set(2, site.green)["taskSetArn"]
    until(lambda: site.health(site.green) == ["unhealthy", "unhealthy"])

    running = task_set(site, arn)
    assert (running["stabilityStatus"], counts(running)) == ("STABILIZING", (2, 0, 2))


def test_the_tasks_of_a_broken_image_never_run(aws: Emulator) -> None:
    site = build_site(aws, Plan(versions=3, broken=(2,)))
    site.route(site.production_listener, blue=100, green=0)
    broken = site.create_task_set(2, site.green)["taskSetArn"]

    sound = site.create_task_set(3, site.green)["taskSetArn"]
    until(lambda: site.is_steady(sound))

    assert counts(task_set(site, broken)) == (2, 2, 0)
    assert not site.is_steady(broken)


def test_what_was_asked_for_is_told(aws: Emulator) -> None:
    site = build_site(aws, Plan(capacity_providers=("FARGATE", "FARGATE_SPOT")))
    site.route(site.production_listener, blue=100, green=0)
    registry = {"registryArn": "arn:aws:servicediscovery:us-east-1:123456789012:service/srv-1"}

    arn = site.create_task_set(
        2, site.green, externalId="d-1", platformVersion="1.3.0", serviceRegistries=[registry]
    )["taskSetArn"]

    told = task_set(site, arn)
    assert told["externalId"] == "d-1"
    assert told["platformVersion"] == "1.3.0"
    assert told["serviceRegistries"] == [registry]
    assert told["networkConfiguration"] == site.network
    assert told["loadBalancers"] == [site.load_balancer(site.green)]
    assert told["taskDefinition"] == site.task_definitions[1]
    assert [one["capacityProvider"] for one in told["capacityProviderStrategy"]] == [
        "FARGATE",
        "FARGATE_SPOT",
    ]
    assert "launchType" not in told


def test_a_launch_type_is_told_without_a_strategy(site: Site) -> None:
    assert site.primary()["launchType"] == "FARGATE"
    assert not site.primary().get("capacityProviderStrategy")


def test_a_client_token_makes_one_task_set_only(site: Site) -> None:
    first = site.create_task_set(2, site.green, clientToken="d-1")

    again = site.create_task_set(2, site.green, clientToken="d-1")

    assert again["id"] == first["id"]
    assert len(site.task_sets()) == 2


def test_a_stopped_task_is_replaced(site: Site) -> None:
    victim, other = tasks(site)

    site.aws.client("ecs").stop_task(cluster=site.cluster, task=victim["taskArn"])

    until(lambda: len(tasks(site)) == 2 and site.is_steady(site.primary()["taskSetArn"]))
    remaining = {task["taskArn"] for task in tasks(site)}
    assert other["taskArn"] in remaining
    assert victim["taskArn"] not in remaining


# --- scale


@pytest.mark.parametrize(("percent", "desired"), [(0, 0), (25, 1), (50, 1), (75, 2)])
def test_the_scale_is_a_share_rounded_up(site: Site, percent: int, desired: int) -> None:
    arn = replacement(site, scale={"value": percent, "unit": "PERCENT"})

    assert counts(task_set(site, arn)) == (desired, 0, desired)


def test_a_task_set_grows_and_shrinks(site: Site) -> None:
    arn = replacement(site, scale={"value": 0, "unit": "PERCENT"})

    grown = scale(site, arn, 100)
    until(lambda: site.is_steady(arn))
    with unheard(site.aws, site.green.arn):
        shrunk = scale(site, arn, 50)
        states = site.health(site.green)

    assert counts(grown) == (2, 2, 0)
    assert grown["stabilityStatus"] == "STABILIZING"
    assert counts(shrunk) == (1, 0, 1)
    assert states == ["healthy", "draining"]
    until(lambda: site.health(site.green) == ["healthy"])


def test_the_desired_count_of_the_service_counts(site: Site) -> None:
    site.aws.client("ecs").update_service(
        cluster=site.cluster, service=site.service, desiredCount=3
    )

    until(lambda: counts(site.primary()) == (3, 0, 3))
    assert service(site)["runningCount"] == 3


@pytest.mark.parametrize("percent", [-1, 101])
def test_a_scale_that_is_no_share_is_refused(site: Site, percent: int) -> None:
    with refused("InvalidParameterException", "0 to 100 PERCENT"):
        scale(site, site.primary()["taskSetArn"], percent)


# --- the primary task set


def test_only_one_task_set_is_primary(site: Site) -> None:
    original = site.primary()["taskSetArn"]
    arn = replacement(site)

    make_primary(site, arn)

    assert task_set(site, arn)["status"] == "PRIMARY"
    assert task_set(site, original)["status"] == "ACTIVE"


def test_the_service_shows_what_its_primary_task_set_is(site: Site) -> None:
    make_primary(site, replacement(site))

    shown = service(site)
    assert shown["taskDefinition"] == site.task_definitions[1]
    assert shown["loadBalancers"] == [site.load_balancer(site.green)]
    assert shown["networkConfiguration"] == site.network
    assert {one["status"] for one in shown["taskSets"]} == {"PRIMARY", "ACTIVE"}


# --- the end of a task set


def test_a_deleted_task_set_drains_before_it_is_gone(site: Site) -> None:
    arn = replacement(site)

    with unheard(site.aws, site.green.arn):
        deleted = delete(site, arn, force=True)
        states = site.health(site.green)

    assert (deleted["status"], deleted["computedDesiredCount"]) == ("DRAINING", 0)
    assert states == ["draining", "draining"]
    until(lambda: [one["status"] for one in site.task_sets()] == ["PRIMARY"])
    assert site.health(site.green) == []


def test_its_tasks_stop_when_they_have_drained(site: Site) -> None:
    arn = replacement(site)
    mine = tasks(site, startedBy=task_set(site, arn)["id"])
    names = [task["taskArn"] for task in mine]
    containers = site.aws.client("ecs")

    with unheard(site.aws, site.green.arn):
        delete(site, arn, force=True)
        leaving = containers.describe_tasks(cluster=site.cluster, tasks=names)["tasks"]

    until(lambda: len(site.task_sets()) == 1)
    left = containers.describe_tasks(cluster=site.cluster, tasks=names)["tasks"]
    assert {task["lastStatus"] for task in leaving} == {"DEACTIVATING"}
    assert {task["lastStatus"] for task in left} == {"STOPPED"}
    assert len(tasks(site)) == 2


def test_the_primary_task_set_stays_unless_forced(site: Site) -> None:
    primary = site.primary()["taskSetArn"]
    scale(site, primary, 0)

    with refused("InvalidParameterException", "PRIMARY"):
        delete(site, primary)

    assert delete(site, primary, force=True)["status"] == "DRAINING"


def test_a_task_set_with_tasks_stays_unless_forced(site: Site) -> None:
    arn = replacement(site)

    with refused("InvalidParameterException", "scaled to 2 tasks"):
        delete(site, arn)

    scale(site, arn, 0)
    assert delete(site, arn)["status"] == "DRAINING"


def test_a_draining_task_set_does_not_become_primary(site: Site) -> None:
    arn = replacement(site)
    delete(site, arn, force=True)

    with refused("InvalidParameterException", "DRAINING"):
        make_primary(site, arn)


def test_the_task_sets_of_a_deleted_service_drain(site: Site) -> None:
    site.aws.client("ecs").delete_service(cluster=site.cluster, service=site.service, force=True)

    until(lambda: site.task_sets() == [])
    assert tasks(site) == []


# --- not found


def test_a_task_set_that_is_not_there_is_not_found(site: Site) -> None:
    missing = f"{site.primary()['taskSetArn']}0"

    with refused("TaskSetNotFoundException"):
        scale(site, missing, 50)
    with refused("TaskSetNotFoundException"):
        delete(site, missing, force=True)
    with refused("TaskSetNotFoundException"):
        make_primary(site, missing)


def test_describing_says_which_task_sets_are_missing(site: Site) -> None:
    primary = site.primary()["taskSetArn"]
    missing = f"{primary}0"

    answer = site.aws.client("ecs").describe_task_sets(
        cluster=site.cluster, service=site.service, taskSets=[primary, missing]
    )

    assert [one["taskSetArn"] for one in answer["taskSets"]] == [primary]
    assert answer["failures"] == [{"arn": missing, "reason": "MISSING"}]


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ({"cluster": "nowhere"}, "ClusterNotFoundException"),
        ({"service": "nobody"}, "ServiceNotFoundException"),
    ],
    ids=["cluster", "service"],
)
def test_where_nothing_is_nothing_is_created(site: Site, names: dict[str, str], code: str) -> None:
    with refused(code):
        site.create_task_set(2, site.green, **names)


# --- refused before anything is made


@pytest.mark.parametrize("controller", ["ECS", "CODE_DEPLOY"])
def test_task_sets_are_for_external_controllers(aws: Emulator, controller: str) -> None:
    parts = Parts(aws, Plan())
    containers = aws.client("ecs")
    definition = parts.task_definition(1)
    containers.create_service(
        cluster=parts.cluster(),
        serviceName="other",
        taskDefinition=definition,
        desiredCount=1,
        deploymentController={"type": controller},
        networkConfiguration=parts.network,
    )

    with refused("InvalidParameterException", EXTERNAL_ONLY):
        containers.create_task_set(cluster="shop", service="other", taskDefinition=definition)


def test_an_external_service_has_no_definition_of_its_own(aws: Emulator) -> None:
    parts = Parts(aws, Plan())
    wanted = {"cluster": parts.cluster(), "serviceName": "shop", "desiredCount": 1}

    with refused("InvalidParameterException", "TaskDefinition must be blank"):
        aws.client("ecs").create_service(
            **wanted,
            taskDefinition=parts.task_definition(1),
            deploymentController={"type": "EXTERNAL"},
        )


def test_a_service_has_five_task_sets_at_most(site: Site) -> None:
    for _ in range(4):
        site.create_task_set(2, site.green, scale={"value": 0, "unit": "PERCENT"})

    with refused("InvalidParameterException", "5 deployments exist on the service"):
        site.create_task_set(2, site.green)


def test_a_target_group_that_is_behind_nothing_yet_may_have_a_task_set(site: Site) -> None:
    """CodeDeploy replaces tasks behind a Network Load Balancer like that."""
    site.aws.client("elbv2").modify_listener(
        ListenerArn=site.production_listener,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": site.blue.arn}],
    )

    created = site.create_task_set(2, site.green)

    until(lambda: site.is_steady(created["taskSetArn"]))


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"containerName": "db"}, "The container db does not exist in the task definition."),
        ({"containerPort": 1}, f"The container {CONTAINER} did not have a container port 1"),
        ({"targetGroupArn": "arn:none"}, "The specified target group arn:none does not exist"),
    ],
    ids=["container", "port", "target group"],
)
def test_a_load_balancer_must_fit_the_definition(
    site: Site, wanted: dict[str, Any], sentence: str
) -> None:
    with refused("InvalidParameterException", sentence):
        site.create_task_set(2, site.green, loadBalancers=[site.load_balancer(site.green) | wanted])


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"clientToken": "x" * 37}, "clientToken must be 1 to 36"),
        ({"scale": {"value": 10, "unit": "PERCENT"}, "clientToken": ""}, "clientToken must be"),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]},
            "Specifying both a launch type and capacity provider strategy is not supported",
        ),
        (
            {"launchType": "", "capacityProviderStrategy": [{"capacityProvider": "MINE"}]},
            "not associated with the cluster",
        ),
        (
            {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-none"]}}},
            "subnet-none",
        ),
    ],
    ids=["long token", "empty token", "both", "provider", "subnet"],
)
def test_a_request_that_cannot_be_is_refused(
    site: Site, wanted: dict[str, Any], sentence: str
) -> None:
    with refused("InvalidParameterException", sentence):
        site.create_task_set(2, site.green, **wanted)

    assert len(site.task_sets()) == 1


def test_a_token_cannot_stand_for_two_requests(site: Site) -> None:
    site.create_task_set(2, site.green, clientToken="d-1")

    with refused("InvalidParameterException", "used for a different request"):
        site.create_task_set(2, site.green, clientToken="d-1", externalId="other")


def test_an_awsvpc_definition_needs_a_network(site: Site) -> None:
    with refused("InvalidParameterException", "Network Configuration must be provided"):
        site.aws.client("ecs").create_task_set(
            cluster=site.cluster, service=site.service, taskDefinition=site.task_definitions[1]
        )


def test_the_definition_of_an_external_service_is_not_updated(site: Site) -> None:
    with refused("InvalidParameterException", "EXTERNAL deployment controller"):
        site.aws.client("ecs").update_service(
            cluster=site.cluster,
            service=site.service,
            taskDefinition=site.task_definitions[1],
        )
