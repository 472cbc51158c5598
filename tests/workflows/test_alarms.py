"""Alarms that refuse a start and stop a deployment: the real server, the emulator of CloudWatch."""

from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from codedeploy.deployment import DeploymentInfo
from tests.aws.alarms import put_alarm, set_alarm
from tests.aws.emulator import Emulator
from tests.aws.site_parts import Plan
from tests.aws.snapshot import difference, snapshot
from tests.scenario import Scenario
from tests.traffic_scenario import CANARY, EcsScenario, LambdaScenario, reason_of

ERRORS = "checkout-errors"
ALARMS: dict[str, Any] = {"enabled": True, "alarms": [{"name": ERRORS}]}


@pytest.fixture
def checkout(temporal: Client, control_plane: Path, aws: Emulator) -> LambdaScenario:
    put_alarm(aws, ERRORS)
    scenario = LambdaScenario(temporal, aws).of(versions=2)
    return scenario.with_settings(alarmConfiguration=ALARMS)


def fire(aws: Emulator) -> None:
    set_alarm(aws, ERRORS, "ALARM", "7 errors in a minute")


async def test_quiet_alarms_stop_nothing(checkout: LambdaScenario) -> None:
    assert (await checkout.deploy(2)).status == "Succeeded"


async def test_an_alarm_between_two_shifts_stops_the_deployment_and_puts_the_alias_back(
    checkout: LambdaScenario, aws: Emulator
) -> None:
    deployment_id = await checkout.start(2, config=CANARY)
    await checkout.until(lambda info: info.traffic is not None and info.traffic.percent == 10)

    fire(aws)
    deployment = await checkout.ended(deployment_id)

    assert deployment.status == "Stopped"
    assert reason_of(deployment) == (
        "ALARM_ACTIVE",
        f"Stopped, in ALARM: {ERRORS} (7 errors in a minute)",
    )
    assert checkout.points_to == {"1": 1.0}


async def test_an_alarm_that_fires_already_refuses_the_start(
    checkout: LambdaScenario, aws: Emulator
) -> None:
    fire(aws)

    deployment = await checkout.deploy(2)

    assert deployment.status == "Failed"
    code, message = reason_of(deployment)
    assert code == "ALARM_ACTIVE"
    assert message.startswith(f"Not started, in ALARM: {ERRORS} (7 errors in a minute).")
    assert await checkout.changes(deployment.deployment_id) == []
    assert checkout.points_to == {"1": 1.0}


async def test_the_cure_can_be_deployed_while_an_alarm_fires(
    checkout: LambdaScenario, aws: Emulator
) -> None:
    fire(aws)

    deployment = await checkout.deploy(2, overrideAlarmConfiguration={"enabled": False})

    assert deployment.status == "Succeeded"


CUSTOMERS = "customers-complain"
OTHERS: dict[str, Any] = {"enabled": True, "alarms": [{"name": CUSTOMERS}]}


async def test_the_alarms_of_a_deployment_take_the_place_of_its_groups(
    checkout: LambdaScenario, aws: Emulator
) -> None:
    put_alarm(aws, CUSTOMERS)
    fire(aws)

    deployment = await checkout.deploy(2, overrideAlarmConfiguration=OTHERS)

    assert deployment.status == "Succeeded"


async def test_a_deployment_is_stopped_by_the_alarms_of_its_own(
    checkout: LambdaScenario, aws: Emulator
) -> None:
    put_alarm(aws, CUSTOMERS)
    await checkout.start(2, config=CANARY, overrideAlarmConfiguration=OTHERS)
    await checkout.until_at(10)

    set_alarm(aws, CUSTOMERS, "ALARM", "3 in a minute")
    deployment = await checkout.ended(checkout.last_id)

    assert reason_of(deployment)[1] == f"Stopped, in ALARM: {CUSTOMERS} (3 in a minute)"
    assert checkout.points_to == {"1": 1.0}


async def test_an_alarm_that_does_not_exist_refuses_the_start_by_name(
    checkout: LambdaScenario,
) -> None:
    checkout.with_settings(alarmConfiguration=ALARMS | {"alarms": [{"name": "chekout-errors"}]})

    code, message = reason_of(await checkout.deploy(2))

    assert code == "ALARM_ACTIVE"
    assert "there is no alarm chekout-errors" in message


async def test_an_alarm_that_vanishes_between_two_shifts_stops_the_deployment(
    checkout: LambdaScenario, aws: Emulator
) -> None:
    await checkout.start(2, config=CANARY)
    await checkout.until_at(10)

    aws.client("cloudwatch").delete_alarms(AlarmNames=[ERRORS])
    deployment = await checkout.ended(checkout.last_id)

    assert deployment.status == "Stopped"
    assert f"there is no alarm {ERRORS}" in reason_of(deployment)[1]
    assert checkout.points_to == {"1": 1.0}


async def test_an_alarm_that_cannot_be_read_may_be_ignored(checkout: LambdaScenario) -> None:
    blind = {"alarms": [{"name": "chekout-errors"}], "ignorePollAlarmFailure": True}
    checkout.with_settings(alarmConfiguration=ALARMS | blind)

    assert (await checkout.deploy(2)).status == "Succeeded"


async def test_an_alarm_during_the_ready_wait_stops_and_puts_everything_back(
    temporal: Client, control_plane: Path, aws: Emulator
) -> None:
    put_alarm(aws, ERRORS)
    ready = {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 60}
    web = EcsScenario(temporal, aws).of(Plan(versions=2))
    web.with_settings(
        alarmConfiguration=ALARMS,
        blueGreenDeploymentConfiguration={"deploymentReadyOption": ready},
    )
    before = snapshot(aws)
    deployment_id = await web.start(2)
    await web.until(lambda info: info.status == "Ready")

    fire(aws)
    deployment = await web.ended(deployment_id)

    assert reason_of(deployment)[0] == "ALARM_ACTIVE"
    assert difference(before, snapshot(aws)) == []


async def stopped_by_alarm(fleet: Scenario, aws: Emulator, *events: str) -> DeploymentInfo:
    """Deploy v2 over v1, and let an alarm fire while the first host is at it."""
    put_alarm(aws, ERRORS)
    rules = {"enabled": True, "events": events}
    fleet.with_settings(alarmConfiguration=ALARMS, autoRollbackConfiguration=rules)
    await (await fleet.of("a", "b")).running("v1")
    fleet.holding("a", at="ApplicationStart")
    deployment_id = await fleet.start("v2")
    await fleet.hosts["a"].is_held.wait()
    fleet.hosts["a"].held_at = ""
    fire(aws)
    return await fleet.ended(deployment_id)


async def test_an_alarm_stops_a_deployment_to_servers_and_sets_off_its_rollback(
    fleet: Scenario, aws: Emulator
) -> None:
    deployment = await stopped_by_alarm(fleet, aws, "DEPLOYMENT_STOP_ON_ALARM")

    assert deployment.status == "Stopped"
    assert reason_of(deployment)[0] == "ALARM_ACTIVE"
    assert (deployment.rollback_info.rollback_message or "").startswith("Rolled back to v1")
    assert fleet.untouched == ["b"]


async def test_an_alarm_takes_servers_back_only_if_the_group_says_so(
    fleet: Scenario, aws: Emulator
) -> None:
    deployment = await stopped_by_alarm(fleet, aws, "DEPLOYMENT_STOP_ON_REQUEST")

    assert deployment.status == "Stopped"
    assert deployment.rollback_info.rollback_deployment_id is None
