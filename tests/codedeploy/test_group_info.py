from datetime import UTC, datetime, timedelta

import pytest

from codedeploy.deployment import Creator, DeploymentOutcome, DeploymentStatus
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.errors import RevisionDoesNotExist
from codedeploy.fleet import MOST_INSTANCES
from codedeploy.group_info import (
    REMEMBERED_DEPLOYMENTS,
    DeploymentGroupInfo,
    DeploymentRecord,
    ended,
    known_of,
    no_group,
    recorded,
    redefined,
    released,
    revision_to_go_back_to,
)
from codedeploy.instances import InstanceHealth
from codedeploy.revision import PinnedRevision
from codedeploy.target_instances import TargetInstances
from tests.codedeploy.fleets import pinned

START = datetime(2026, 3, 1, 14, tzinfo=UTC)
END = START + timedelta(minutes=5)
SUCCEEDED, FAILED, STOPPED = (
    DeploymentStatus.SUCCEEDED,
    DeploymentStatus.FAILED,
    DeploymentStatus.STOPPED,
)
NEW = DeploymentGroupInfo(
    group=DeploymentGroup(application_name="shop", deployment_group_name="prod"),
    deployment_group_id="g-1",
)


def with_deployments(*ids: str, info: DeploymentGroupInfo = NEW) -> DeploymentGroupInfo:
    for deployment_id in ids:
        info = recorded(info, DeploymentRecord(deployment_id=deployment_id, create_time=START))
    return info


def outcome(
    deployment_id: str,
    status: DeploymentStatus,
    label: str | None = "v1",
    **members: object,
) -> DeploymentOutcome:
    known: dict[str, object] = {
        "deployment_id": deployment_id,
        "status": status,
        "revision": pinned(label) if label else None,
    }
    return DeploymentOutcome.model_validate(known | members)


def after(*outcomes: DeploymentOutcome) -> DeploymentGroupInfo:
    """What a group remembers after deployments that ended one after another."""
    info = NEW
    for one in outcomes:
        info = with_deployments(one.deployment_id, info=info)
        info = released(ended(info, one, END), one.deployment_id, one.status, END)
    return info


# --- the lock and the queue


def test_the_first_deployment_takes_the_lock() -> None:
    info = with_deployments("d-1")

    assert (info.active, info.queue) == ("d-1", ())


def test_the_next_ones_queue_in_order() -> None:
    info = with_deployments("d-1", "d-2", "d-3")

    assert (info.active, info.queue) == ("d-1", ("d-2", "d-3"))


LOCKS = {
    "the active one ends": ("d-1", "d-2", ("d-3",)),
    "the first of the queue ends": ("d-2", "d-1", ("d-3",)),
    "the last of the queue ends": ("d-3", "d-1", ("d-2",)),
    "a stranger ends": ("d-9", "d-1", ("d-2", "d-3")),
}


@pytest.mark.parametrize(("ends", "active", "queue"), LOCKS.values(), ids=LOCKS)
def test_who_has_the_lock_afterwards(ends: str, active: str, queue: tuple[str, ...]) -> None:
    info = released(with_deployments("d-1", "d-2", "d-3"), ends, STOPPED, END)

    assert (info.active, info.queue) == (active, queue)


def test_the_lock_is_free_when_nobody_waits() -> None:
    assert released(with_deployments("d-1"), "d-1", FAILED, END).active is None


def test_the_newest_deployment_is_first_in_the_history() -> None:
    ids = [record.deployment_id for record in with_deployments("d-1", "d-2").history]

    assert ids == ["d-2", "d-1"]


def test_the_history_has_an_end() -> None:
    info = with_deployments(*(f"d-{n}" for n in range(REMEMBERED_DEPLOYMENTS + 5)))

    assert len(info.history) == REMEMBERED_DEPLOYMENTS
    assert info.history[0].deployment_id == f"d-{REMEMBERED_DEPLOYMENTS + 4}"


def test_a_deployment_that_never_told_its_end_gets_the_one_its_lock_saw() -> None:
    (record,) = released(with_deployments("d-1"), "d-1", FAILED, END).history

    assert (record.status, record.end_time) == (FAILED, END)


def test_what_a_deployment_told_itself_stands() -> None:
    told = ended(with_deployments("d-1"), outcome("d-1", STOPPED), END)

    (record,) = released(told, "d-1", FAILED, END + timedelta(hours=1)).history

    assert (record.status, record.end_time) == (STOPPED, END)


# --- what a deployment did


def test_a_success_becomes_the_groups_revision() -> None:
    info = after(outcome("d-1", SUCCEEDED))

    assert (info.last_successful_deployment, info.last_successful_revision) == ("d-1", pinned("v1"))


@pytest.mark.parametrize("status", [FAILED, STOPPED])
def test_any_other_end_leaves_the_groups_revision(status: DeploymentStatus) -> None:
    info = after(outcome("d-1", SUCCEEDED), outcome("d-2", status, "v2"))

    assert (info.last_successful_deployment, info.last_attempted_deployment) == ("d-1", "d-2")


def test_a_rollback_leaves_the_groups_revision() -> None:
    info = after(
        outcome("d-1", SUCCEEDED),
        outcome("d-2", FAILED, "v2"),
        outcome("d-3", SUCCEEDED, creator=Creator.ROLLBACK),
    )

    assert (info.last_successful_deployment, info.last_attempted_deployment) == ("d-1", "d-3")


def test_a_rollback_that_was_never_recorded_joins_the_history() -> None:
    told = ended(with_deployments("d-1"), outcome("d-2", SUCCEEDED, creator=Creator.ROLLBACK), END)

    assert [(one.deployment_id, one.creator) for one in told.history] == [
        ("d-2", Creator.ROLLBACK),
        ("d-1", Creator.USER),
    ]


def test_the_history_says_what_was_deployed() -> None:
    (record,) = ended(with_deployments("d-1"), outcome("d-1", FAILED, "v7"), END).history

    assert (record.revision_label, record.revision) == ("v7", pinned("v7"))


def healthy(label: str) -> InstanceHealth:
    return InstanceHealth(installed=pinned(label).mark, label=label, is_healthy=True)


def unhealthy(label: str) -> InstanceHealth:
    return healthy(label).model_copy(update={"is_healthy": False})


FIRST = outcome("d-1", SUCCEEDED, succeeded=("a", "b", "c"))
HEALTH = {
    "a success on two, a failure on one": (
        outcome("d-2", SUCCEEDED, "v2", succeeded=("a", "b"), failed=("c",)),
        {"a": healthy("v2"), "b": healthy("v2"), "c": unhealthy("v1")},
    ),
    "a failure after one": (
        outcome("d-2", FAILED, "v2", succeeded=("a",), failed=("b",)),
        {"a": healthy("v2"), "b": unhealthy("v1"), "c": healthy("v1")},
    ),
    "a failure on a new host": (
        outcome("d-2", FAILED, "v2", failed=("d",)),
        {
            "a": healthy("v1"),
            "b": healthy("v1"),
            "c": healthy("v1"),
            "d": InstanceHealth(),
        },
    ),
    "an end before anything was planned": (
        outcome("d-2", FAILED, None),
        {"a": healthy("v1"), "b": healthy("v1"), "c": healthy("v1")},
    ),
}


@pytest.mark.parametrize(("second", "expected"), HEALTH.values(), ids=HEALTH)
def test_what_is_known_of_each_host_afterwards(
    second: DeploymentOutcome, expected: dict[str, InstanceHealth]
) -> None:
    assert after(FIRST, second).health == expected


def test_a_rollback_makes_its_hosts_healthy_again() -> None:
    info = after(
        FIRST,
        outcome("d-2", FAILED, "v2", failed=("a",)),
        outcome("d-3", SUCCEEDED, succeeded=("a",), creator=Creator.ROLLBACK),
    )

    assert info.health["a"] == healthy("v1")


def test_a_group_without_a_success_knows_no_last_revision() -> None:
    assert known_of(NEW).last_successful is None


def test_a_group_knows_its_hosts_and_its_revision() -> None:
    known = known_of(after(FIRST))

    assert (known.health, known.last_successful) == (
        dict.fromkeys("abc", healthy("v1")),
        pinned("v1").mark,
    )


# --- instances that come and go


OF_ONE = [Creator.AUTO_SCALING, Creator.AUTO_SCALING_TERMINATION]


@pytest.mark.parametrize("creator", OF_ONE)
@pytest.mark.parametrize("status", [SUCCEEDED, FAILED])
def test_a_deployment_to_one_instance_says_nothing_of_the_group(
    creator: Creator, status: DeploymentStatus
) -> None:
    before = after(FIRST)
    one = outcome("d-2", status, "v0", succeeded=("i-1",), creator=creator)

    info = ended(before, one, END)

    assert info.model_copy(update={"health": before.health}) == before


def test_an_instance_that_was_launched_well_is_healthy() -> None:
    one = outcome("d-2", SUCCEEDED, "v1", succeeded=("i-1",), creator=Creator.AUTO_SCALING)

    assert ended(after(FIRST), one, END).health["i-1"] == healthy("v1")


def test_instances_that_come_and_go_for_years_are_not_remembered_for_ever() -> None:
    fleet = tuple(f"i-{number}" for number in range(MOST_INSTANCES))
    launch = outcome("d-2", SUCCEEDED, succeeded=("i-new",), creator=Creator.AUTO_SCALING)
    again = outcome("d-3", SUCCEEDED, succeeded=("i-1",))

    health = after(outcome("d-1", SUCCEEDED, succeeded=fleet), again, launch).health

    assert len(health) == MOST_INSTANCES
    assert {*fleet, "i-new"} - {*health} == {"i-0"}
    assert [*health][-2:] == ["i-1", "i-new"]


@pytest.mark.parametrize("creator", OF_ONE)
def test_an_instance_that_was_given_up_is_forgotten(creator: Creator) -> None:
    one = outcome("d-2", FAILED, "v1", failed=("a",), creator=creator)

    assert set(ended(after(FIRST), one, END).health) == {"b", "c"}


def test_bringing_instances_up_to_date_is_a_deployment_like_any_other() -> None:
    info = after(FIRST, outcome("d-2", SUCCEEDED, "v1", creator=Creator.AUTO_UPDATE))

    assert info.last_successful_deployment == "d-2"


# --- the fleet that serves


GREEN = TargetInstances(auto_scaling_groups=("green",))
BY_NAME = {"applicationName": "shop", "deploymentGroupName": "prod"}


def defined(**members: object) -> DeploymentGroup:
    return DeploymentGroup.model_validate(BY_NAME | members)


def replaced() -> DeploymentGroupInfo:
    return after(outcome("d-1", SUCCEEDED, fleet=GREEN))


def test_the_fleet_that_took_over_serves() -> None:
    info = replaced()

    assert (info.fleet, info.fleet_of) == (GREEN, "d-1")
    assert info.serving_group.auto_scaling_groups == ("green",)


def test_the_definition_stays_as_somebody_has_written_it() -> None:
    assert replaced().group == NEW.group


def test_a_group_whose_fleet_was_never_replaced_serves_itself() -> None:
    assert NEW.serving_group is NEW.group


def test_a_deployment_that_replaced_nobody_leaves_the_fleet_that_serves() -> None:
    info = ended(replaced(), outcome("d-2", FAILED, "v2"), END)

    assert (info.fleet, info.fleet_of) == (GREEN, "d-1")


def test_a_definition_with_the_same_fleet_keeps_the_one_that_serves() -> None:
    info = redefined(replaced(), defined(launchFailureLimit=9))

    assert (info.fleet, info.fleet_of) == (GREEN, "d-1")
    assert info.serving_group.launch_failure_limit == 9


def test_a_definition_with_another_fleet_means_that_from_now_on() -> None:
    info = redefined(replaced(), defined(autoScalingGroups=["blue"]))

    assert (info.fleet, info.fleet_of) == (None, None)
    assert info.serving_group.auto_scaling_groups == ("blue",)


def test_a_definition_changes_nothing_else() -> None:
    before = replaced()

    assert redefined(before, before.group) == before


def test_a_group_exists_once_a_definition_was_accepted() -> None:
    proposed = NEW.model_copy(update={"is_defined": False})

    assert redefined(proposed, proposed.group).is_defined


def test_whoever_asks_for_a_group_that_does_not_exist_is_told_where_to_look() -> None:
    assert no_group("shop/prod").message.endswith("shop/prod. List them with: rollway get groups")


# --- going back

OK1, OK2, OK3 = (outcome(f"d-{n}", SUCCEEDED, f"v{n}") for n in (1, 2, 3))
BAD3 = outcome("d-3", FAILED, "v3")
BACK_TO_2 = outcome("d-4", SUCCEEDED, "v2", creator=Creator.ROLLBACK)
TWICE_2 = outcome("d-3", SUCCEEDED, "v2")
BACK = {
    "after a success: the one before": ((OK1, OK2), None, "v1"),
    "after a failure: the last good one": ((OK1, OK2, BAD3), None, "v2"),
    "after a failure and its rollback: the last good one": (
        (OK1, OK2, BAD3, BACK_TO_2),
        None,
        "v2",
    ),
    "after the same again: the one before both": ((OK1, OK2, TWICE_2), None, "v1"),
    "by name": ((OK1, OK2, OK3), "v1", "v1"),
    "by the beginning of a digest": ((OK1, OK2, OK3), pinned("v1").sha256[:7], "v1"),
    "by the whole digest": ((OK1, OK2, OK3), pinned("v2").sha256, "v2"),
}


@pytest.mark.parametrize(("outcomes", "label", "expected"), BACK.values(), ids=BACK)
def test_what_a_manual_rollback_goes_back_to(
    outcomes: tuple[DeploymentOutcome, ...], label: str | None, expected: str
) -> None:
    assert revision_to_go_back_to(after(*outcomes), label).label == expected


NOWHERE = {
    "nothing was ever deployed": ((), None),
    "there is only one": ((OK1,), None),
    "the first one failed": ((outcome("d-1", FAILED),), None),
    "a revision that failed": ((OK1, OK2, BAD3), "v3"),
    "an unknown name": ((OK1,), "v9"),
    "no name": ((OK1, OK2), ""),
    "too little of a digest": ((OK1, OK2), pinned("v1").sha256[:6]),
}


@pytest.mark.parametrize(("outcomes", "label"), NOWHERE.values(), ids=NOWHERE)
def test_there_is_nothing_to_go_back_to(
    outcomes: tuple[DeploymentOutcome, ...], label: str | None
) -> None:
    with pytest.raises(RevisionDoesNotExist, match=r"shop/prod .* rollway get group shop/prod"):
        revision_to_go_back_to(after(*outcomes), label)


def good(deployment_id: str, revision: PinnedRevision) -> DeploymentOutcome:
    return DeploymentOutcome(deployment_id=deployment_id, status=SUCCEEDED, revision=revision)


def test_a_name_is_not_mistaken_for_a_digest() -> None:
    old = pinned("2026022", sha256="a" * 64)
    new = pinned("2026030", sha256="2026022".ljust(64, "0"))

    info = after(good("d-1", old), good("d-2", new))

    assert revision_to_go_back_to(info, "2026022") == old
