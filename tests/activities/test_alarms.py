import asyncio
from dataclasses import replace
from itertools import islice
from time import monotonic
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.alarms import LOOKING, WATCHING, Alarms, Patience
from activities.aws import Aws
from codedeploy.alarm import Alarm, AlarmConfiguration, AlarmQuestion, AlarmReport
from tests.aws.emulator import Emulator
from tests.aws.faults import Faults
from tests.aws.ministack import ministack

QUICK = Patience(first_pause=0.01, longest_pause=0.01, failures=3, seconds=0)


@pytest.fixture
def cloudwatch(aws: Emulator) -> Any:
    return aws.client("cloudwatch")


@pytest.fixture
def alarms(clients: Aws) -> Alarms:
    return Alarms(clients, looking=QUICK, watching=QUICK)


def put(cloudwatch: Any, name: str, state: str = "OK") -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        MetricName="Errors",
        Namespace="shop",
        Period=60,
        Statistic="Sum",
        Threshold=1,
    )
    become(cloudwatch, name, state)


def become(cloudwatch: Any, name: str, state: str) -> None:
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason=f"it is {state}")


def question(*names: str, goes_on_blind: bool = False) -> AlarmQuestion:
    named = tuple(Alarm(name=name) for name in names)
    return AlarmQuestion(
        configuration=AlarmConfiguration(
            enabled=True, ignore_poll_alarm_failure=goes_on_blind, alarms=named
        )
    )


async def look(alarms: Alarms, asked: AlarmQuestion) -> AlarmReport:
    return await ActivityEnvironment().run(alarms.look, asked)


async def until_alive(environment: ActivityEnvironment, *, beats: int = 3) -> None:
    """Wait for that many heartbeats: then alarms were looked at since the call began."""
    left = asyncio.Semaphore(0)
    environment.on_heartbeat = lambda *_: left.release()
    for _ in range(beats):
        await left.acquire()


# --- looking once


@pytest.mark.parametrize("state", ["OK", "INSUFFICIENT_DATA"])
async def test_an_alarm_in_another_state_is_quiet(
    alarms: Alarms, cloudwatch: Any, state: str
) -> None:
    put(cloudwatch, "errors", state)

    assert await look(alarms, question("errors")) == AlarmReport()


async def test_firing_alarms_are_told_with_their_reason_in_the_order_of_the_group(
    alarms: Alarms, cloudwatch: Any
) -> None:
    put(cloudwatch, "errors", "ALARM")
    put(cloudwatch, "latency", "ALARM")
    put(cloudwatch, "quiet")

    report = await look(alarms, question("latency", "quiet", "errors"))

    assert list(report.firing.items()) == [("latency", "it is ALARM"), ("errors", "it is ALARM")]
    assert report.unreadable == ""


async def test_a_composite_alarm_is_an_alarm(
    alarms: Alarms, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ministack() as evaluated:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", evaluated.url)
        put(evaluated.client("cloudwatch"), "errors", "ALARM")
        evaluated.client("cloudwatch").put_composite_alarm(
            AlarmName="any", AlarmRule='ALARM("errors")'
        )

        report = await look(alarms, question("any"))

    assert (list(report.firing), report.unreadable) == (["any"], "")


async def test_alarms_that_nobody_named_do_not_count(alarms: Alarms, cloudwatch: Any) -> None:
    put(cloudwatch, "errors")
    put(cloudwatch, "errors-of-others", "ALARM")

    assert await look(alarms, question("errors")) == AlarmReport()


async def test_alarms_that_are_switched_off_are_not_looked_at(alarms: Alarms) -> None:
    configuration = AlarmConfiguration(enabled=False, alarms=(Alarm(name="errors"),))

    assert await look(alarms, AlarmQuestion(configuration=configuration)) == AlarmReport()


async def test_an_alarm_that_does_not_exist_is_unreadable_and_others_still_fire(
    alarms: Alarms, cloudwatch: Any
) -> None:
    put(cloudwatch, "errors", "ALARM")

    report = await look(alarms, question("errors", "Errors"))

    assert list(report.firing) == ["errors"]
    assert report.unreadable.startswith("there is no alarm Errors in the worker's account")


async def test_as_many_alarms_as_a_group_may_name_are_read(alarms: Alarms, cloudwatch: Any) -> None:
    names = [f"alarm-{number}" for number in range(50)]
    for name in names:
        put(cloudwatch, name, "ALARM")

    report = await look(alarms, question(*names))

    assert (list(report.firing), report.unreadable) == (names, "")


async def test_what_cannot_be_asked_is_part_of_the_report(
    alarms: Alarms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    report = await look(alarms, question("errors"))

    assert report.unreadable.startswith(
        "cloudwatch:DescribeAlarms on alarm errors: the worker has no AWS credentials"
    )


async def test_a_service_that_fails_is_asked_a_few_times(alarms: Alarms, failing: Faults) -> None:
    broken = failing.server_error("cloudwatch", "DescribeAlarms", times=100)

    report = await look(alarms, question("errors"))

    assert report.unreadable.startswith("cloudwatch:DescribeAlarms on alarm errors: InternalFail")
    assert failing.fired(broken) == QUICK.failures


# --- watching


async def test_an_alarm_that_fires_ends_the_watch(alarms: Alarms, cloudwatch: Any) -> None:
    put(cloudwatch, "errors")
    environment = ActivityEnvironment()
    watch = asyncio.create_task(environment.run(alarms.watch, question("errors")))
    await until_alive(environment)
    assert not watch.done()

    become(cloudwatch, "errors", "ALARM")

    assert (await watch).firing == {"errors": "it is ALARM"}


async def test_an_alarm_that_vanishes_ends_the_watch(alarms: Alarms, cloudwatch: Any) -> None:
    put(cloudwatch, "errors")
    environment = ActivityEnvironment()
    watch = asyncio.create_task(environment.run(alarms.watch, question("errors")))
    await until_alive(environment)

    cloudwatch.delete_alarms(AlarmNames=["errors"])

    assert "there is no alarm errors" in (await watch).unreadable


async def test_a_watch_that_may_be_blind_goes_on_for_the_alarms_it_sees(
    alarms: Alarms, cloudwatch: Any
) -> None:
    put(cloudwatch, "errors")
    asked = question("errors", "nothing", goes_on_blind=True)
    environment = ActivityEnvironment()
    watch = asyncio.create_task(environment.run(alarms.watch, asked))
    await until_alive(environment)
    assert not watch.done()

    become(cloudwatch, "errors", "ALARM")

    assert list((await watch).firing) == ["errors"]


async def test_failures_that_pass_do_not_end_a_watch(
    alarms: Alarms, cloudwatch: Any, failing: Faults
) -> None:
    put(cloudwatch, "errors", "ALARM")
    rules = [
        failing.throttle("cloudwatch", "DescribeAlarms"),
        failing.lose_answer("cloudwatch", "DescribeAlarms"),
    ]

    report = await ActivityEnvironment().run(alarms.watch, question("errors"))

    assert (list(report.firing), report.unreadable) == (["errors"], "")
    assert [failing.fired(rule) for rule in rules] == [1, 1]


async def test_failures_that_last_end_a_watch(alarms: Alarms, failing: Faults) -> None:
    failing.throttle("cloudwatch", "DescribeAlarms", times=100)

    report = await ActivityEnvironment().run(alarms.watch, question("errors"))

    assert report.unreadable.startswith("cloudwatch:DescribeAlarms on alarm errors: Throttling")


async def test_a_watch_that_is_cancelled_ends_at_once(clients: Aws, cloudwatch: Any) -> None:
    put(cloudwatch, "errors")
    rare = replace(WATCHING, first_pause=3600, longest_pause=3600)
    environment = ActivityEnvironment()
    watch = asyncio.create_task(
        environment.run(Alarms(clients, watching=rare).watch, question("errors"))
    )
    await until_alive(environment, beats=2)

    environment.cancel()

    with pytest.raises(asyncio.CancelledError):
        await watch


# --- patience


def test_looks_become_rarer_up_to_a_quarter_of_a_minute() -> None:
    pauses = list(islice(WATCHING.pauses(), 100))

    assert pauses[0] == 1
    assert pauses == sorted(pauses)
    assert pauses[-1] == 15


def test_a_single_look_takes_no_longer_than_its_activity_may() -> None:
    assert sum(islice(LOOKING.pauses(), LOOKING.failures - 1)) < 5


@pytest.mark.parametrize(
    ("failures", "seconds_ago", "is_over"),
    [(3, 3600, False), (4, 0, False), (4, 61, True)],
    ids=["too few", "too soon", "enough"],
)
def test_failures_must_be_many_and_last(failures: int, seconds_ago: float, is_over: bool) -> None:
    assert WATCHING.is_over(failures, monotonic() - seconds_ago) is is_over
