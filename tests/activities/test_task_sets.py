from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any

import pytest

from activities.pauses import growing_pauses
from activities.task_sets import (
    Complaint,
    chosen,
    complaints_of_events,
    complaints_of_tasks,
    request_of,
    task_set_of,
)
from codedeploy.appspec import AssignPublicIp, AwsvpcConfiguration, CapacityProvider
from codedeploy.ecs_service import ReplacementOrder, TaskSet, TaskSetQuestion

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
OURS, OTHERS = (
    TaskSet(id=f"ecs-svc/{number}", arn=f"arn/ecs-svc/{number}", external_id=name)
    for number, name in ((1, "d-OURS12345"), (2, "d-OTHERS123"))
)


def question(**named: str) -> TaskSetQuestion:
    return TaskSetQuestion(cluster="shop", service="web", **named)


QUESTIONS = {
    "by its id": (question(task_set="ecs-svc/1"), OURS),
    "by its ARN": (question(task_set="arn/ecs-svc/2"), OTHERS),
    "by its deployment": (question(external_id="d-OURS12345"), OURS),
    "by an id that nobody has": (question(task_set="ecs-svc/3"), None),
    "by an id, whatever the deployment": (
        question(task_set="ecs-svc/3", external_id="d-OURS12345"),
        None,
    ),
    "by nothing": (question(), None),
}


@pytest.mark.parametrize(("asked", "expected"), QUESTIONS.values(), ids=QUESTIONS)
def test_a_task_set_is_found(asked: TaskSetQuestion, expected: TaskSet | None) -> None:
    assert chosen((OURS, OTHERS), asked) == expected


def test_a_task_set_that_is_told_with_the_least_is_read() -> None:
    told = {"id": "ecs-svc/1", "taskSetArn": "arn", "status": "ACTIVE"}

    found = task_set_of(told)

    assert (found.external_id, found.network, found.is_steady) == ("", None, False)


def test_a_network_without_security_groups_is_read() -> None:
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    told = {"id": "1", "taskSetArn": "a", "status": "ACTIVE", "networkConfiguration": network}

    assert task_set_of(told).network == AwsvpcConfiguration(
        subnets=("subnet-1",), security_groups=(), assign_public_ip=AssignPublicIp.DISABLED
    )


# --- ordering


def ordered(**said: Any) -> dict[str, Any]:
    kept = {
        "cluster": "shop",
        "service": "web",
        "external_id": "d-OURS12345",
        "task_definition": "web:2",
        "target_group_arn": "green-arn",
        "container_name": "web",
        "container_port": 8080,
    }
    return request_of(ReplacementOrder(**kept | said))


def test_an_order_carries_the_token_that_makes_it_happen_once() -> None:
    request = ordered()

    assert request["externalId"] == request["clientToken"] == "d-OURS12345"


def test_what_an_order_does_not_say_is_not_asked_for() -> None:
    silent = {"launchType", "platformVersion", "networkConfiguration", "capacityProviderStrategy"}

    assert silent.isdisjoint(ordered())


def test_a_strategy_is_asked_for_in_the_place_of_a_launch_type() -> None:
    spot = CapacityProvider(capacity_provider="FARGATE_SPOT", base=1, weight=2)

    request = ordered(launch_type="FARGATE", capacity_provider_strategy=(spot,))

    assert "launchType" not in request
    assert request["capacityProviderStrategy"] == [
        {"capacityProvider": "FARGATE_SPOT", "base": 1, "weight": 2}
    ]


# --- what goes wrong


def stopped(**said: Any) -> dict[str, Any]:
    task = {"taskArn": "arn:aws:ecs:::task/shop/0a1b", "startedBy": OURS.id, "stoppedAt": NOON}
    return task | {"stoppedReason": "Essential container in task exited"} | said


def sentences(complaints: Iterable[Complaint]) -> list[str]:
    return [said for _, said in complaints]


TASKS = {
    "with the exit code": (
        stopped(containers=[{"name": "web", "exitCode": 1}]),
        "task 0a1b stopped: Essential container in task exited (web exited 1)",
    ),
    "with the reason of a container": (
        stopped(
            stoppedReason="Task failed to start",
            containers=[{"name": "web", "reason": "CannotPullContainerError: no such tag"}],
        ),
        "task 0a1b stopped: Task failed to start (web: CannotPullContainerError: no such tag)",
    ),
    "without containers that failed": (
        stopped(stoppedReason="Host terminated", containers=[{"name": "web", "exitCode": 0}]),
        "task 0a1b stopped: Host terminated",
    ),
    "with a code only": (
        stopped(stoppedReason="", stopCode="SpotInterruption"),
        "task 0a1b stopped: SpotInterruption",
    ),
}


@pytest.mark.parametrize(("task", "said"), TASKS.values(), ids=TASKS)
def test_a_stopped_task_says_why(task: dict[str, Any], said: str) -> None:
    assert sentences(complaints_of_tasks([task], OURS)) == [said]


def test_tasks_of_others_and_those_on_their_way_out_say_nothing() -> None:
    leaving = stopped()
    del leaving["stoppedAt"]

    assert complaints_of_tasks([stopped(startedBy=OTHERS.id), leaving], OURS) == []


EVENTS = {
    "cannot be placed": (
        "(service web, taskSet ecs-svc/1) was unable to place a task because no container "
        "instance met all of its requirements."
    ),
    "fails its checks": (
        "(service web, taskSet ecs-svc/1) (port 8080) is unhealthy in (target-group green-arn) "
        "due to (reason Health checks failed)"
    ),
}


@pytest.mark.parametrize("message", EVENTS.values(), ids=EVENTS)
def test_an_event_says_what_goes_wrong(message: str) -> None:
    events = [{"createdAt": NOON, "message": message}]

    assert complaints_of_events(events, OURS) == [(NOON, message)]
    assert complaints_of_events(events, OTHERS) == []


def test_good_news_is_no_complaint() -> None:
    message = "(service web, taskSet ecs-svc/1) has started 1 tasks: (task 0a1b)."

    assert complaints_of_events([{"createdAt": NOON, "message": message}], OURS) == []


def test_an_event_of_a_task_set_whose_id_only_begins_alike_is_not_taken_for_ours() -> None:
    message = "(service web, taskSet ecs-svc/12) was unable to place a task."

    assert complaints_of_events([{"createdAt": NOON, "message": message}], OURS) == []


def test_the_latest_complaint_is_the_greatest() -> None:
    later = stopped(stoppedAt=NOON + timedelta(seconds=1), stoppedReason="A")

    complaints = complaints_of_tasks([later, stopped(stoppedReason="Z")], OURS)

    assert max(complaints)[1] == "task 0a1b stopped: A"


def test_pauses_grow_from_half_a_second_to_ten() -> None:
    pauses = list(islice(growing_pauses(), 20))

    assert (pauses[0], pauses[-1]) == (0.5, 10)
    assert all(early <= late for early, late in pairwise(pauses))
