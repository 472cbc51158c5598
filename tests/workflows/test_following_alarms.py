"""Alarms that nobody sets: they follow a metric, or other alarms, and stop a deployment."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from activities.alarms import Alarms
from activities.aws import Aws
from tests.aws.ministack import Ministack, ministack
from tests.aws.sessions import session_of
from tests.traffic_scenario import reason_of
from tests.workflows.time_machine import TimeMachine, time_machine

CANARY = "CodeDeployDefault.LambdaCanary10Percent5Minutes"


@pytest.fixture(scope="module")
def evaluated() -> Iterator[Ministack]:
    with ministack() as running:
        yield running


@pytest.fixture
async def machine(evaluated: Ministack, tmp_path: Path) -> AsyncIterator[TimeMachine]:
    """A control plane that watches two alarms: `any` fires when `errors` does."""
    evaluated.reset()
    client = evaluated.client("cloudwatch")
    client.put_metric_alarm(
        AlarmName="errors",
        Namespace="shop",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    client.put_composite_alarm(AlarmName="any", AlarmRule='ALARM("errors")')
    aws = Aws(session_of(evaluated, tmp_path))
    async with time_machine(cloudwatch=Alarms(aws)) as running:
        yield running
    aws.close()


@pytest.mark.parametrize("alarm", ["errors", "any"], ids=["a metric", "another alarm"])
async def test_an_alarm_that_follows_something_stops_a_deployment(
    machine: TimeMachine, evaluated: Ministack, alarm: str
) -> None:
    watched = {"enabled": True, "alarms": [{"name": alarm}]}
    running = await machine.start(machine.of_lambda(CANARY, alarmConfiguration=watched))
    await machine.until(running, lambda info: bool(info.traffic and info.traffic.moves))

    evaluated.client("cloudwatch").put_metric_data(
        Namespace="shop", MetricData=[{"MetricName": "Errors", "Value": 1}]
    )
    deployment = await machine.ended(running)

    code, message = reason_of(deployment)
    assert code == "ALARM_ACTIVE"
    assert message.startswith(f"Stopped, in ALARM: {alarm}")
    assert machine.alias(deployment).shares == {"1": 1.0}
