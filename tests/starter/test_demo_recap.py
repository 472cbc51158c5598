from dataclasses import replace

import pytest

from codedeploy.deployment import DeploymentInfo, DeploymentStatus, RollbackInfo
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.target import TargetFailure, TargetResult, TargetStatus
from starter.demo.ledger import Ledger
from starter.demo.recap import recap_lines, story_document, surprises
from starter.demo.scenario import HostNow, Story, Told, Traffic
from starter.render.documents import OutputFormat, document
from starter.render.lines import plain

ALL = ("web-1", "web-2", "web-3")
FAILURE = TargetFailure(
    target_id="web-2", event=LifecycleEvent.VALIDATE_SERVICE, last_output="answered 500"
)


def told(
    number: int,
    revision: str,
    *,
    touched: tuple[str, ...] = ALL,
    failures: tuple[TargetFailure, ...] = (),
) -> Told:
    status = DeploymentStatus.FAILED if failures else DeploymentStatus.SUCCEEDED
    info = DeploymentInfo(
        deployment_id=f"d-00000000{number}",
        application_name="shop",
        deployment_group_name="web",
        revision_label=revision,
        status=status,
        failures=failures,
        rollback_info=RollbackInfo(rollback_deployment_id="d-000000004" if failures else None),
    )
    targets = [
        TargetResult(target_id=name, status=TargetStatus.SUCCEEDED, is_touched=name in touched)
        for name in ALL
    ]
    return Told(info, targets)


def host(name: str, *, revision: str = "v2", serving: str = "v2") -> HostNow:
    return HostNow(name, "http://127.0.0.1:1/", revision, serving)


AS_TOLD = Story(
    deployments=(
        told(1, "v1"),
        told(2, "v2"),
        told(3, "v3", touched=("web-1", "web-2"), failures=(FAILURE,)),
        told(4, "v2", touched=("web-1", "web-2")),
    ),
    hosts=[host(name) for name in ALL],
)


def retold(index: int, deployment: Told) -> Story:
    deployments = list(AS_TOLD.deployments)
    deployments[index] = deployment
    return replace(AS_TOLD, deployments=deployments)


def served(*releases: str, lost: int = 0) -> Story:
    ledger = Ledger(lambda: 0.0)
    for release in releases:
        ledger.answered(release)
    for _ in range(lost):
        ledger.lost("answered 503")
    return replace(AS_TOLD, traffic=Traffic("http://127.0.0.1:2/", ledger))


def test_a_story_that_went_as_told_holds_no_surprise() -> None:
    assert surprises(AS_TOLD) == []


@pytest.mark.parametrize(
    ("story", "surprise"),
    [
        pytest.param(
            replace(AS_TOLD, deployments=AS_TOLD.deployments[:2]),
            "found v1 Succeeded, v2 Succeeded",
            id="no third deployment",
        ),
        pytest.param(
            retold(2, told(3, "v3")), "found v1 Succeeded, v2 Succeeded, v3 Succ", id="v3 succeeds"
        ),
        pytest.param(
            retold(2, told(3, "v3", failures=(FAILURE.model_copy(update={"target_id": "web-3"}),))),
            "expected v3 to fail in ValidateService on web-2 alone",
            id="another host fails",
        ),
        pytest.param(
            retold(3, told(4, "v2")),
            "expected a rollback of ['web-1', 'web-2']; found ['web-1', 'web-2', 'web-3']",
            id="an untouched host is rolled back",
        ),
        pytest.param(
            retold(3, told(5, "v2", touched=("web-1", "web-2"))),
            "expected v3 to be rolled back by d-000000005",
            id="another rollback than the one announced",
        ),
        pytest.param(
            replace(AS_TOLD, hosts=[host("web-1", serving="v3")]),
            "expected web-1 to run v2; found v2, which answers v3",
            id="a host still answers with v3",
        ),
        pytest.param(
            served("v1", "v2", "v3", lost=2),
            "expected no request to be lost; found 2 of 5: 2 answered 503",
            id="requests are lost",
        ),
        pytest.param(
            served("v1", "v2"), "expected customers to be answered by v3", id="v3 is never seen"
        ),
    ],
)
def test_what_did_not_go_as_told_is_named(story: Story, surprise: str) -> None:
    assert surprise in "\n".join(surprises(story))


def test_a_fleet_in_another_order_is_rolled_back_as_far_as_the_bad_release_came() -> None:
    broken, rollback = AS_TOLD.deployments[2:]
    turns = [broken.targets[at] for at in (0, 2, 1)]
    story = retold(2, replace(broken, targets=turns))

    assert surprises(story) == [
        "expected a rollback of ['web-1', 'web-2', 'web-3']; found ['web-1', 'web-2']"
    ]
    assert rollback.touched == {"web-1", "web-2"}


def test_the_recap_says_what_the_bad_release_did_to_each_host() -> None:
    text = plain(recap_lines(AS_TOLD))

    befallen = {line.split()[0]: line.rpartition("/  ")[2] for line in text.splitlines()[2:5]}
    assert befallen == {
        "web-1": "deployed, rolled back",
        "web-2": "failed, rolled back",
        "web-3": "not touched",
    }


def test_the_recap_ends_with_the_cause() -> None:
    assert plain(recap_lines(AS_TOLD)).endswith("why web-2 failed: answered 500\n")


def test_the_document_ties_the_bad_release_to_its_rollback() -> None:
    deployments = story_document(AS_TOLD)["deployments"]

    assert deployments[2]["rollbackDeploymentId"] == deployments[3]["deploymentId"]


def test_customers_who_were_all_answered_are_no_surprise() -> None:
    assert surprises(served("v1", "v2", "v3")) == []


def test_the_recap_of_a_story_with_customers_ends_with_their_requests() -> None:
    text = plain(recap_lines(served("v1", "v2", "v3")))

    assert text.endswith("3 requests, 0/s   v1: 1   v2: 1   v3: 1   lost: 0\n")


def test_the_document_has_the_traffic_only_if_there_was_any() -> None:
    assert "traffic" not in story_document(AS_TOLD)
    assert story_document(served("v1"))["traffic"]["answered"] == {"v1": 1}


@pytest.mark.parametrize("form", [OutputFormat.JSON, OutputFormat.YAML])
def test_the_document_can_be_written_in_every_form(form: OutputFormat) -> None:
    assert "Succeeded" in document(story_document(served("v1")), form)
