from codedeploy.deployment import DeploymentOverview, Intervention
from starter.render.changes import changes
from tests.starter import deployments as given_

STAMP = "14:06:00 d-AAAAAAAAA"


def test_the_first_look_tells_everything_so_far() -> None:
    assert changes(None, given_.running(), given_.canvas()) == [
        f"{STAMP} deployment of shop/prod v1 → v2: 5 hosts, floor 3, CodeDeployDefault.OneAtATime",
        f"{STAMP} batch 1 of 5: done in 2m00s",
        f"{STAMP} batch 2 of 5: 1 failed in 3m00s",
        f"{STAMP} batch 3 of 5: started, 1 in progress",
        f"{STAMP} web-2 failed: check.sh (ValidateService) exited 1 after 4 s.",
    ]


def test_the_same_look_again_tells_nothing() -> None:
    assert changes(given_.running(), given_.running(), given_.canvas()) == []


def test_a_batch_that_advances_is_one_line() -> None:
    before = given_.info(batches=(given_.batch(1, 5, in_progress=3),))
    after = given_.info(batches=(given_.batch(1, 5, in_progress=1, succeeded=2),))

    assert changes(before, after, given_.canvas()) == [
        f"{STAMP} batch 1 of 5: 2 succeeded, 1 in progress"
    ]


def test_a_gate_is_told_once() -> None:
    gate = given_.waiting()
    again = gate.model_copy(update={"deployment_overview": DeploymentOverview(pending=4)})

    assert changes(given_.info(batches=gate.batches), gate, given_.canvas()) == [
        f"{STAMP} waiting for approval after batch 1: approve by 15:05:00 else ROLLBACK (59m left)"
    ]
    assert changes(gate, again, given_.canvas()) == []


def test_pause_resume_and_interventions_are_told() -> None:
    order = Intervention(time=given_.at(6), verb="pause", reason="lunch", outcome="Pausing.")
    paused = given_.info(is_paused=True, interventions=(order,))

    assert changes(given_.info(), paused, given_.canvas()) == [
        f'{STAMP} pause "lunch": Pausing.',
        f"{STAMP} paused",
    ]
    assert changes(paused, given_.info(), given_.canvas()) == [f"{STAMP} resumed"]


def test_a_failure_ends_with_its_cause_and_its_rollback() -> None:
    before = given_.failed().model_copy(
        update={
            "status": given_.running().status,
            "rollback_info": given_.info().rollback_info,
            "error_information": None,
        }
    )

    assert changes(before, given_.failed(), given_.canvas()) == [
        f"{STAMP} failed: HEALTH_CONSTRAINTS: 1 of 5 instances failed.",
        f"{STAMP} rolling back with d-BBBBBBBBB",
    ]


def test_a_rollback_starts_a_story_of_its_own() -> None:
    assert changes(given_.failed(), given_.rollback(), given_.canvas())[0] == (
        "14:06:00 d-BBBBBBBBB rollback of shop/prod v2 → v1: 2 of 5 hosts, floor 4, "
        "CodeDeployDefault.OneAtATime"
    )


def test_no_control_character_reaches_a_log() -> None:
    before = given_.info()
    after = given_.info(failures=(given_.failure(message="a\x1b[31mb\nc"),))

    assert changes(before, after, given_.canvas()) == [f"{STAMP} web-2 failed: ab c"]
