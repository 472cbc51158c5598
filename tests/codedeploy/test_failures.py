import pytest

from codedeploy.failures import group_failures, health_constraints_message, named
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.target import TargetFailure

VALIDATE = LifecycleEvent.VALIDATE_SERVICE


def failure(
    target: str, message: str = "", *, output: str = "", event: LifecycleEvent | None = VALIDATE
) -> TargetFailure:
    return TargetFailure(target_id=target, event=event, message=message, last_output=output)


def summaries(*failures: TargetFailure) -> list[str]:
    return [group.summary for group in group_failures(failures)]


def test_hosts_with_the_same_last_output_are_one_group() -> None:
    failures = [failure(name, f"{name}: boom", output="port 8080 in use") for name in "abc"]

    assert summaries(*failures) == ['3 hosts: "port 8080 in use" in ValidateService']


def test_a_group_names_its_hosts() -> None:
    (group,) = group_failures(failure(name, output="no") for name in "abc")

    assert group.targets == ("a", "b", "c")


def test_one_host_is_called_by_its_name() -> None:
    assert summaries(failure("web-1", output="no")) == ['web-1: "no" in ValidateService']


def test_the_same_output_of_another_event_is_another_group() -> None:
    failures = (failure("a", output="no"), failure("b", output="no", event=LifecycleEvent.INSTALL))

    assert summaries(*failures) == ['a: "no" in ValidateService', 'b: "no" in Install']


def test_messages_that_differ_by_the_host_only_are_one_group() -> None:
    failures = [
        failure(name, f"{name}: no agent. Start it: rollway-agent run --name {name}", event=None)
        for name in ("web-1", "web-2")
    ]

    assert summaries(*failures) == [
        '2 hosts: "the host: no agent. Start it: rollway-agent run --name the host"'
    ]


@pytest.mark.parametrize(
    ("name", "message", "cause"),
    [
        pytest.param("a", "a: a bad start", "the host: the host bad start", id="words only"),
        pytest.param(
            "web", "web: scripts/web.sh exits 1", "the host: scripts/web.sh exits 1", id="file"
        ),
        pytest.param(
            "web", "not on web-1, on web.", "not on web-1, on the host.", id="longer name"
        ),
        pytest.param("web.example", "on web.example.", "on the host.", id="full stop"),
        pytest.param("i+1", "on i+1: i+12", "on the host: i+12", id="plus"),
    ],
)
def test_a_host_is_recognized_as_a_whole_word(name: str, message: str, cause: str) -> None:
    (group,) = group_failures([failure(name, message, event=None)])

    assert group.summary == f'{name}: "{cause}"'


def test_the_most_frequent_failure_comes_first() -> None:
    rare, often = failure("a", output="rare"), [failure(name, output="often") for name in "bc"]

    assert summaries(rare, *often)[0].startswith('2 hosts: "often"')


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ("a", "a"),
        ("abcde", "a, b, c, d, e"),
        ("abcdefg", "a, b, c, d, e and 2 more"),
    ],
    ids=["one", "five", "seven"],
)
def test_a_few_names_are_told_and_the_rest_counted(targets: str, expected: str) -> None:
    assert named(targets) == expected


def test_one_failure_is_told_in_its_own_words() -> None:
    message = health_constraints_message(
        [failure("a", "a: start.sh exited 1.")], size=9, minimum_healthy=8
    )

    assert message == (
        "a: start.sh exited 1. 1 of 9 instances failed, and at least 8 must stay healthy."
    )


def test_several_failures_are_told_by_cause_with_the_first_in_full() -> None:
    failures = [failure(name, f"{name}: exited 1.", output="in use") for name in "ab"]

    assert health_constraints_message(failures, size=9, minimum_healthy=7) == (
        '2 hosts: "in use" in ValidateService. 2 of 9 instances failed, and at least 7 must stay '
        "healthy. First: a: exited 1."
    )


def test_no_more_than_three_causes_are_told() -> None:
    failures = [failure(name, output=f"cause {name}") for name in "abcd"]

    assert "cause d" not in health_constraints_message(failures, size=9, minimum_healthy=5)


def test_without_a_floor_one_must_succeed() -> None:
    message = health_constraints_message([failure("a", "a: no.")], size=1, minimum_healthy=0)

    assert message.endswith("at least 1 must stay healthy.")


def test_instances_that_left_the_fleet_are_told_beside_those_that_failed() -> None:
    message = health_constraints_message(
        [failure("a", "a: no.")], size=3, minimum_healthy=2, departed=1
    )

    assert message == (
        "a: no. 1 of 3 instances failed and 1 of 3 instances left the fleet meanwhile, and at "
        "least 2 must stay healthy."
    )


def test_instances_that_only_left_the_fleet_are_told() -> None:
    assert health_constraints_message([], size=3, minimum_healthy=2, departed=2) == (
        "2 of 3 instances left the fleet meanwhile, and at least 2 must stay healthy."
    )


def test_a_deployment_that_could_start_nothing_says_why() -> None:
    assert health_constraints_message([], size=9, minimum_healthy=8) == (
        "No instance was deployed to: of 9 at least 8 must stay healthy, and too many are out of "
        "service already. Bring them back first."
    )
