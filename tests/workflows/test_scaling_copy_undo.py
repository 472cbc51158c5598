"""Copies of Auto Scaling groups whose deployments do not end well: everything is put back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from codedeploy.deployment import InterventionRequest
from tests.aws.alarms import put_alarm, set_alarm
from tests.aws.emulator import Emulator
from tests.aws.fleet_snapshot import difference, fleet_snapshot, orphans
from tests.copied_fleets import CopiedFleet, copying
from tests.paths import ALLOW, BLOCK

READY: dict[str, Any] = {
    "deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 10}
}


@pytest.fixture
async def copied(
    temporal: Client, control_plane: Path, aws: Emulator, tmp_path: Path
) -> AsyncIterator[CopiedFleet]:
    async with CopiedFleet(temporal, tmp_path, aws=aws, name="copied") as scenario:
        yield scenario


def assert_all_is_as_before(copied: CopiedFleet, aws: Emulator) -> None:
    assert difference(copied.before, fleet_snapshot(aws)) == []
    assert orphans(aws) == []


@pytest.mark.parametrize("event", ["Install", "AfterAllowTraffic"])
async def test_a_copy_that_fails_is_deleted_and_all_is_as_before(
    copied: CopiedFleet, aws: Emulator, event: str
) -> None:
    await copied.of_copied(2)
    blue = {*copied.hosts}
    copied.failing_revision, copied.failing_event = "v1", event

    deployment = await copied.deploy("v1", config="AllAtOnce")

    assert deployment.status == "Failed"
    assert deployment.undo_problems == ()
    assert [copied.path(name) for name in blue] == [[], []]
    assert_all_is_as_before(copied, aws)


async def test_an_original_that_does_not_leave_has_everything_as_before(
    copied: CopiedFleet, aws: Emulator
) -> None:
    await copied.of_copied(2)
    first, second = sorted(copied.hosts)
    copied.failing(second, at="AfterBlockTraffic", with_revision="v1")

    deployment = await copied.deploy("v1", config="AllAtOnce")

    assert deployment.status == "Failed"
    assert deployment.undo_problems == ()
    assert copied.path(first) == BLOCK + ALLOW
    assert_all_is_as_before(copied, aws)


async def test_a_stop_while_the_copy_waits_leaves_all_as_before(
    copied: CopiedFleet, aws: Emulator
) -> None:
    await copied.of_copied(2, **copying(**READY))
    await copied.start("v1", config="AllAtOnce")
    await copied.until(lambda info: info.status == "Ready")

    await copied.rollway.intervene(copied.last_id, "stop", InterventionRequest())

    assert (await copied.ended(copied.last_id)).status == "Stopped"
    assert_all_is_as_before(copied, aws)


async def test_a_stop_while_the_copy_comes_up_leaves_all_as_before(
    copied: CopiedFleet, aws: Emulator
) -> None:
    await copied.of_copied(2)
    await copied.start("v1", config="AllAtOnce")
    while copied.copy_name not in await asyncio.to_thread(copied.groups):
        await asyncio.sleep(0)

    await copied.rollway.intervene(copied.last_id, "stop", InterventionRequest())

    assert (await copied.ended(copied.last_id)).status == "Stopped"
    assert_all_is_as_before(copied, aws)


@pytest.mark.parametrize("event", ["BeforeAllowTraffic", "AfterAllowTraffic"])
async def test_a_stop_while_the_copy_gets_traffic_leaves_all_as_before(
    copied: CopiedFleet, aws: Emulator, event: str
) -> None:
    await copied.of_copied(2)
    copied.holding_next(at=event)
    await copied.start("v1", config="OneAtATime")
    await copied.until_held()

    await copied.rollway.intervene(copied.last_id, "stop", InterventionRequest())
    deployment = await copied.ended(copied.last_id)

    assert (deployment.status, deployment.undo_problems) == ("Stopped", ())
    assert_all_is_as_before(copied, aws)


@pytest.mark.parametrize("event", ["BeforeBlockTraffic", "AfterBlockTraffic"])
async def test_a_stop_while_the_original_of_a_copy_leaves_has_all_as_before(
    copied: CopiedFleet, aws: Emulator, event: str
) -> None:
    await copied.of_copied(2)
    first, second = sorted(copied.hosts)
    copied.holding(second, at=event)
    await copied.start("v1", config="AllAtOnce")
    await copied.hosts[second].is_held.wait()

    await copied.rollway.intervene(copied.last_id, "stop", InterventionRequest())
    deployment = await copied.ended(copied.last_id)

    assert (deployment.status, deployment.undo_problems) == ("Stopped", ())
    assert copied.path(first)[-2:] == ALLOW
    assert_all_is_as_before(copied, aws)


async def test_an_alarm_while_the_original_leaves_has_all_as_before(
    copied: CopiedFleet, aws: Emulator
) -> None:
    put_alarm(aws, "errors")
    await copied.of_copied(2, alarmConfiguration={"enabled": True, "alarms": [{"name": "errors"}]})
    _, second = sorted(copied.hosts)
    copied.holding(second, at="AfterBlockTraffic")
    await copied.start("v1", config="AllAtOnce")
    await copied.hosts[second].is_held.wait()

    set_alarm(aws, "errors", "ALARM", "7 errors in a minute")
    deployment = await copied.ended(copied.last_id)

    assert deployment.status == "Stopped"
    assert deployment.error_information is not None
    assert deployment.error_information.code == "ALARM_ACTIVE"
    assert_all_is_as_before(copied, aws)


async def test_a_copy_that_failed_is_kept_if_the_group_says_so(
    copied: CopiedFleet, aws: Emulator
) -> None:
    await copied.of_copied(1, keepFailedGreenFleet=True)
    (blue,) = copied.hosts
    copied.failing_revision = "v1"

    deployment = await copied.deploy("v1", config="AllAtOnce")

    kept = copied.groups()[copied.copy_name]
    assert deployment.status == "Failed"
    assert copied.copy_name in " ".join(deployment.deployment_status_messages)
    assert len(kept["instances"]) == 1
    assert (kept["target groups"], kept["lifecycle hooks"]) == ([], {})
    assert copied.site.are_healthy([blue])
    assert (
        copied.groups()[copied.site.group]
        == copied.before["auto scaling groups"][copied.site.group]
    )
    assert orphans(aws) == []


async def test_a_copy_that_failed_with_traffic_is_kept_without(
    copied: CopiedFleet, aws: Emulator
) -> None:
    await copied.of_copied(1, keepFailedGreenFleet=True)
    (blue,) = copied.hosts
    copied.failing(blue, at="AfterBlockTraffic", with_revision="v1")

    deployment = await copied.deploy("v1", config="AllAtOnce")

    kept = copied.groups()[copied.copy_name]
    assert deployment.status == "Failed"
    assert (kept["target groups"], kept["lifecycle hooks"]) == ([], {})
    assert copied.site.are_healthy([blue])
    assert orphans(aws) == []


async def test_the_next_deployment_after_a_failed_one_succeeds(
    copied: CopiedFleet, aws: Emulator
) -> None:
    await copied.of_copied(1)
    copied.failing_revision = "v1"
    await copied.deploy("v1", config="AllAtOnce")

    deployment = await copied.deploy("v2", config="AllAtOnce")
    await copied.original_ended()

    assert deployment.status == "Succeeded", deployment.error_information
    assert [*copied.groups()] == [copied.copy_name]
    assert orphans(aws) == []
