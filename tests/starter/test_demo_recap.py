from dataclasses import replace

import pytest

from codedeploy.deployment import (
    DeploymentInfo,
    DeploymentStatus,
    RollbackInfo,
    TargetFailure,
    TargetResult,
    TargetStatus,
)
from codedeploy.lifecycle import LifecycleEvent
from starter.demo.recap import recap_lines, story_document, surprises
from starter.demo.scenario import HostNow, Story, Told
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
    ],
)
def test_what_did_not_go_as_told_is_named(story: Story, surprise: str) -> None:
    assert surprise in "\n".join(surprises(story))


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
