"""Batches that leave service and come back, at emulated load balancers."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.aws import Aws
from activities.load_balancers import LoadBalancers
from codedeploy.load_balancing import ELBInfo, HAProxyInfo
from tests.activities.balanced_instances import (
    ClassicSite,
    TargetGroupSite,
    counted,
    launch,
    terminate,
)
from tests.activities.traffic_commands import (
    LONG,
    allow,
    behind,
    block,
    command,
    environment,
    often,
)
from tests.aws.authorization import allowing, assume, authorization
from tests.aws.emulator import Emulator
from tests.aws.faults import Faults
from tests.aws.waiting import until

NEVER = HAProxyInfo(backend="web", socket="/nowhere/admin.sock")


@pytest.fixture
def balancers(clients: Aws) -> LoadBalancers:
    return LoadBalancers(clients, pauses=often)


async def test_a_batch_comes_into_service_and_leaves_it_at_all_load_balancers(
    aws: Emulator, balancers: LoadBalancers
) -> None:
    one, other, classic = (
        TargetGroupSite(aws, "one"),
        TargetGroupSite(aws, "other"),
        ClassicSite(aws, "old"),
    )
    targets = launch(aws, 3)
    wanted = command(*targets, **behind("one", "other"), elb_info_list=(ELBInfo(name="old"),))

    allowed = await allow(balancers, wanted)
    healths = [one.health(), other.health(), classic.health()]
    blocked = await block(balancers, wanted)

    assert (set(allowed.ended), allowed.failures) == ({*targets}, {})
    assert [set(each.values()) for each in healths] == [{"healthy"}, {"healthy"}, {"InService"}]
    assert (set(blocked.ended), blocked.failures) == ({*targets}, {})
    assert [one.health(), other.health(), classic.health()] == [{}, {}, {}]


async def test_each_target_ends_when_it_is_there(aws: Emulator, balancers: LoadBalancers) -> None:
    TargetGroupSite(aws, "web")
    (target,) = launch(aws, 1)
    before = datetime.now(UTC)

    report = await allow(balancers, command(target, **behind("web")))

    assert before < report.ended[target] < datetime.now(UTC)


async def test_draining_is_waited_for(aws: Emulator, balancers: LoadBalancers) -> None:
    group = TargetGroupSite(aws, "web", delay=1)
    (target,) = launch(aws, 1)
    wanted = command(target, **behind("web"))
    await allow(balancers, wanted)

    report = await block(balancers, wanted)

    assert set(report.ended) == {target}
    assert group.health() == {}


async def test_who_does_not_leave_in_time_fails_in_the_load_balancers_words(
    aws: Emulator, balancers: LoadBalancers
) -> None:
    TargetGroupSite(aws, "web", delay=LONG)
    (target,) = launch(aws, 1)
    await allow(balancers, command(target, **behind("web")))

    report = await block(balancers, command(target, seconds=1, **behind("web")))

    assert report.ended == {}
    assert report.failures == {target: "target group web: Target deregistration is in progress"}


async def test_who_is_not_healthy_in_time_fails_with_every_reason(
    aws: Emulator, balancers: LoadBalancers
) -> None:
    sick, old = TargetGroupSite(aws, "sick"), ClassicSite(aws, "old")
    TargetGroupSite(aws, "fine")
    (target,) = launch(aws, 1)
    for one in (sick, old):
        one.fall_ill()
        one.register(target)
    until(lambda: sick.health() == {target: "unhealthy"})
    info = {**behind("sick", "fine"), "elb_info_list": (ELBInfo(name="old"),)}

    report = await allow(balancers, command(target, seconds=5, **info))

    assert report.ended == {}
    assert report.failures == {
        target: "target group sick: Health checks failed; classic load balancer old: Instance has "
        "failed at least the UnhealthyThreshold number of health checks consecutively."
    }


async def test_an_instance_that_is_gone_fails_alone_and_at_once(
    aws: Emulator, balancers: LoadBalancers
) -> None:
    TargetGroupSite(aws, "web")
    targets = launch(aws, 4)
    terminate(aws, targets[1])

    report = await allow(balancers, command(*targets, **behind("web")))

    assert set(report.ended) == {*targets} - {targets[1]}
    assert report.failures[targets[1]].startswith("target group web: ")


async def test_an_instance_that_is_gone_is_out_of_service(
    aws: Emulator, balancers: LoadBalancers
) -> None:
    TargetGroupSite(aws, "web")
    targets = launch(aws, 2)
    await allow(balancers, command(*targets, **behind("web")))
    terminate(aws, targets[0])

    report = await block(balancers, command(*targets, **behind("web")))

    assert set(report.ended) == {*targets}


# --- a second time, after a failure, and too late


async def test_a_second_call_changes_nothing(
    aws: Emulator, clients: Aws, balancers: LoadBalancers
) -> None:
    TargetGroupSite(aws, "web")
    wanted = command(*launch(aws, 2), **behind("web"))

    for act in (allow, block):
        await act(balancers, wanted)
        with counted(clients, "elbv2") as calls:
            report = await act(balancers, wanted)

        assert set(report.ended) == {*wanted.targets}
        assert calls == ["DescribeTargetGroups", "DescribeTargetHealth"]


@pytest.mark.parametrize("trouble", ["throttle", "server_error", "lose_call", "lose_answer"])
async def test_a_call_that_fails_in_passing_is_made_again(
    aws: Emulator, failing: Faults, trouble: str
) -> None:
    TargetGroupSite(aws, "web")
    wanted = command(*launch(aws, 2), **behind("web"))
    clients = Aws()
    balancers = LoadBalancers(clients, pauses=often)
    names = ("DescribeTargetGroups", "DescribeTargetHealth", "RegisterTargets", "DeregisterTargets")
    rules = [getattr(failing, trouble)("elbv2", name, times=2) for name in names]

    reports = [await allow(balancers, wanted), await block(balancers, wanted)]

    clients.close()
    assert [set(each.ended) for each in reports] == [{*wanted.targets}] * 2
    assert all(failing.fired(rule) for rule in rules)


async def test_throttling_until_the_end_is_the_reason(aws: Emulator, failing: Faults) -> None:
    TargetGroupSite(aws, "web")
    failing.throttle("elbv2", "DescribeTargetHealth", times=10_000)
    clients = Aws()

    report = await allow(
        LoadBalancers(clients, pauses=often), command("i-1", seconds=1, **behind("web"))
    )

    clients.close()
    assert "Throttling (Rate exceeded)" in report.failures["i-1"]


async def test_the_time_of_earlier_attempts_counts(aws: Emulator, balancers: LoadBalancers) -> None:
    TargetGroupSite(aws, "web").fall_ill()
    (target,) = launch(aws, 1)
    wanted = command(target, seconds=LONG, **behind("web"))

    report = await environment(ago=timedelta(seconds=LONG)).run(balancers.allow, wanted)

    assert set(report.failures) == {target}


async def test_who_is_there_already_is_seen_although_the_time_is_over(
    aws: Emulator, balancers: LoadBalancers
) -> None:
    TargetGroupSite(aws, "web")
    wanted = command(*launch(aws, 1), **behind("web"))
    await allow(balancers, wanted)

    report = await environment(ago=timedelta(days=1)).run(balancers.allow, wanted)

    assert report.failures == {}


async def test_cancelling_ends_the_wait_at_once(aws: Emulator, clients: Aws) -> None:
    TargetGroupSite(aws, "web", delay=LONG)
    wanted = command(*launch(aws, 1), **behind("web"))
    await allow(LoadBalancers(clients, pauses=often), wanted)
    waits = asyncio.Event()

    def pauses() -> Iterator[float]:
        waits.set()
        yield LONG

    waiting = asyncio.create_task(block(LoadBalancers(clients, pauses=pauses), wanted))
    await asyncio.wait_for(waits.wait(), 20)
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(waiting, 20)


async def test_long_waits_are_known_to_be_alive(aws: Emulator, balancers: LoadBalancers) -> None:
    TargetGroupSite(aws, "web")
    watching, beats = environment(), list[object]()
    watching.on_heartbeat = lambda *details: beats.append(details)

    await watching.run(balancers.allow, command(*launch(aws, 1), **behind("web")))

    assert beats


# --- what cannot be


async def test_nothing_is_changed_if_one_load_balancer_does_not_exist(
    aws: Emulator, balancers: LoadBalancers
) -> None:
    group = TargetGroupSite(aws, "web")
    targets = launch(aws, 2)
    await allow(balancers, command(*targets, **behind("web")))

    with pytest.raises(ApplicationError, match="on nowhere is refused") as error:
        await block(balancers, command(*targets, **behind("web", "nowhere")))

    assert error.value.non_retryable
    assert set(group.health().values()) == {"healthy"}


async def test_a_command_without_a_load_balancer_is_refused(balancers: LoadBalancers) -> None:
    with pytest.raises(ApplicationError, match="names no load balancer") as error:
        await block(balancers, command("i-1"))

    assert error.value.non_retryable


def test_a_look_tells_the_problem_of_each_load_balancer(
    aws: Emulator, balancers: LoadBalancers
) -> None:
    TargetGroupSite(aws, "web")

    problems = balancers.look(
        command(
            *launch(aws, 1),
            **behind("web", "nowhere"),
            elb_info_list=(ELBInfo(name="older"),),
            ha_proxy_info_list=(NEVER,),
        )
    )

    assert {name: problem.split(":")[0] for name, problem in problems.items()} == {
        "target group nowhere": "elasticloadbalancing",
        "classic load balancer older": "elasticloadbalancing",
        f"backend web of the HAProxy at {NEVER.socket}": (
            f"The HAProxy at {NEVER.socket} does not answer"
        ),
    }


def test_a_look_finds_nothing_wrong_and_changes_nothing(
    aws: Emulator, clients: Aws, balancers: LoadBalancers
) -> None:
    TargetGroupSite(aws, "web")
    wanted = command(*launch(aws, 1), **behind("web"))

    with counted(clients, "elbv2") as calls:
        assert balancers.look(wanted) == {}

    assert calls == ["DescribeTargetGroups", "DescribeTargetHealth"]


@pytest.mark.parametrize("trouble", ["throttle", "server_error", "lose_call", "lose_answer"])
def test_a_look_that_fails_in_passing_finds_no_problem_but_is_to_be_repeated(
    aws: Emulator, failing: Faults, trouble: str
) -> None:
    TargetGroupSite(aws, "web")
    getattr(failing, trouble)("elbv2", "DescribeTargetGroups")
    clients = Aws()

    with pytest.raises(ApplicationError) as error:
        LoadBalancers(clients).look(command("i-1", **behind("web")))

    clients.close()
    assert not error.value.non_retryable


async def test_an_instance_that_cannot_leave_one_load_balancer_stays_at_the_others(
    aws: Emulator, balancers: LoadBalancers
) -> None:
    one, other = TargetGroupSite(aws, "one"), TargetGroupSite(aws, "other")
    (target,) = launch(aws, 1)
    one.register(target, port=8081)
    other.register(target)

    report = await block(balancers, command(target, **behind("one", "other")))

    assert "registered on port 8081" in report.failures[target]
    assert set(other.health()) == {target}


# --- rights

RIGHTS = {
    "target group": (
        behind("web"),
        ("DescribeTargetGroups", "DescribeTargetHealth", "RegisterTargets", "DeregisterTargets"),
    ),
    "classic": (
        {"elb_info_list": (ELBInfo(name="old"),)},
        (
            "DescribeInstanceHealth",
            "RegisterInstancesWithLoadBalancer",
            "DeregisterInstancesFromLoadBalancer",
        ),
    ),
}


@pytest.mark.parametrize(("info", "actions"), RIGHTS.values(), ids=RIGHTS)
async def test_these_rights_are_enough(
    aws: Emulator, monkeypatch: pytest.MonkeyPatch, info: dict[str, Any], actions: tuple[str, ...]
) -> None:
    TargetGroupSite(aws, "web")
    ClassicSite(aws, "old")
    wanted = command(*launch(aws, 1), **info)
    rights = allowing(*(f"elasticloadbalancing:{action}" for action in actions))
    for name, value in (aws.environment | assume(aws, "worker", rights).environment).items():
        monkeypatch.setenv(name, value)
    worker = Aws()

    with authorization(aws):
        reports = [await act(LoadBalancers(worker, pauses=often), wanted) for act in (allow, block)]

    worker.close()
    assert [report.failures for report in reports] == [{}, {}]
