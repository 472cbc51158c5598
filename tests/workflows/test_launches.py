"""Instances on their way into and out of Auto Scaling groups: deployed to before they serve."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client

from activities.aws import Aws
from codedeploy.deployment import InterventionRequest
from tests.activities.balanced_instances import counted
from tests.activities.hooked_groups import ROLE, build_group
from tests.aws.alarms import put_alarm, set_alarm
from tests.aws.emulator import Emulator
from tests.aws.inbox import Inbox
from tests.aws.waiting import until
from tests.paths import INSTALL
from tests.scaling_scenario import BEHIND, ScalingScenario

BEAT = "RecordLifecycleActionHeartbeat"
LAUNCHED = "autoscaling"


@pytest.fixture
async def scaling(
    temporal: Client, control_plane: Path, aws: Emulator, tmp_path: Path
) -> AsyncIterator[ScalingScenario]:
    async with ScalingScenario(temporal, tmp_path, aws=aws, name="scaling") as scenario:
        yield scenario


async def growing_with_a_bad_revision(scaling: ScalingScenario, *, limit: int) -> None:
    """Let the last good revision fail on everybody who is launched, so often."""
    await scaling.of_group(1)
    scaling.with_settings(launchFailureLimit=limit)
    await scaling.deploy("v1")
    scaling.failing_revision = "v1"
    scaling.site.resize(2)
    await scaling.until_listed(limit, creator=LAUNCHED)


async def test_a_launched_instance_has_the_last_good_revision_before_it_serves(
    scaling: ScalingScenario,
) -> None:
    await scaling.of_group(1)
    await scaling.deploy("v1")
    (first,) = scaling.hosts

    scaling.site.resize(2)
    states = await scaling.until_states(InService=2)

    (launched,) = {*states} - {first}
    assert scaling.path(launched) == INSTALL
    (row,) = await scaling.until_listed(1, creator=LAUNCHED)
    assert (row.status, row.revision_label) == ("Succeeded", "v1")


async def test_a_launch_is_told_nothing_of_the_other_instances(
    scaling: ScalingScenario, temporal: Client
) -> None:
    await scaling.of_group(1)
    await scaling.deploy("v1")
    (first,) = scaling.hosts
    scaling.site.resize(2)

    (row,) = await scaling.until_listed(1, creator=LAUNCHED)

    history = await temporal.get_workflow_handle(row.deployment_id).fetch_history()
    begun = history.events[0].workflow_execution_started_event_attributes
    assert first.encode() not in begun.input.payloads[0].data


async def test_behind_a_load_balancer_it_is_registered_before_it_serves(
    scaling: ScalingScenario,
) -> None:
    await scaling.of_group(1)
    scaling.with_settings(deploymentStyle=BEHIND)
    await scaling.deploy("v1")

    scaling.site.resize(2)
    states = await scaling.until_states(InService=2)

    (row,) = await scaling.until_listed(1, creator=LAUNCHED)
    (target,) = await scaling.rollway.targets(row.deployment_id)
    assert [event.lifecycle_event_name for event in target.events][-2:] == [
        "AllowTraffic",
        "AfterAllowTraffic",
    ]
    assert scaling.site.targets(scaling.site.target_groups[0]) == dict.fromkeys(states, "healthy")


async def test_neither_an_alarm_nor_a_gate_keeps_an_instance_from_service(
    scaling: ScalingScenario, aws: Emulator
) -> None:
    await scaling.of_group(1)
    await scaling.deploy("v1")
    put_alarm(aws, "errors")
    set_alarm(aws, "errors", "ALARM", "too many of them")
    scaling.with_settings(
        alarmConfiguration={"enabled": True, "alarms": [{"name": "errors"}]},
        approvals=[{"at": "BEFORE_EVERY_BATCH"}],
    )
    await scaling.apply()

    scaling.site.resize(2)

    await scaling.until_states(InService=2)


async def test_without_a_good_revision_instances_are_let_in(scaling: ScalingScenario) -> None:
    await scaling.of_group(1)
    await scaling.apply()

    scaling.site.resize(2)
    states = await scaling.until_states(InService=2)

    assert [scaling.path(name) for name in states] == [[], []]


async def test_an_instance_that_cannot_be_deployed_to_is_abandoned(
    scaling: ScalingScenario,
) -> None:
    await scaling.of_group(1)
    await scaling.deploy("v1")
    scaling.failing_revision = "v1"

    scaling.site.resize(2)
    (row, *_) = await scaling.until_listed(1, creator=LAUNCHED)

    deployment = await scaling.rollway.deployment(row.deployment_id)
    assert deployment.status == "Failed"
    assert "abandoned" in " ".join(deployment.deployment_status_messages)


async def test_a_bad_revision_is_not_tried_on_instances_without_end(
    scaling: ScalingScenario,
) -> None:
    await growing_with_a_bad_revision(scaling, limit=2)

    states = await scaling.until_states(InService=1, Pending_Wait=1)
    (kept,) = [name for name, state in states.items() if state != "InService"]

    launches = await scaling.until_kept(1)
    assert launches.failures == 2
    assert [instance.name for instance in launches.kept] == [kept]
    assert scaling.path(kept) == []


async def test_a_deployment_that_succeeds_takes_the_kept_ones_along(
    scaling: ScalingScenario,
) -> None:
    await growing_with_a_bad_revision(scaling, limit=1)
    await scaling.until_kept(1)

    deployment = await scaling.deploy("v2")

    assert deployment.target_count == 2
    await scaling.until_states(InService=2)
    await scaling.until_kept(0)


async def test_a_rollback_that_succeeds_lets_the_kept_ones_in(scaling: ScalingScenario) -> None:
    await growing_with_a_bad_revision(scaling, limit=1)
    (kept,) = (await scaling.until_kept(1)).kept
    scaling.hosts[kept.name].failing.clear()
    for host in scaling.hosts.values():
        host.failing["ApplicationStart"] = "v2"

    deployment = await scaling.deploy("v2", config="AllAtOnce")

    assert deployment.status == "Failed"
    assert (await scaling.until_nobody_is_held()).failures == 0
    assert kept.name in await scaling.until_states(InService=2)


async def test_a_deployment_that_supersedes_another_stops_no_launch(
    scaling: ScalingScenario,
) -> None:
    await scaling.of_group(1)
    scaling.with_settings(queuePolicy="SUPERSEDE")
    await scaling.deploy("v1")
    hold = scaling.holding_next(at="Install")
    scaling.site.resize(2)
    held = await scaling.until_held()

    await scaling.start("v2")
    hold.set()
    (row,) = await scaling.until_listed(1, creator=LAUNCHED)

    assert row.status == "Succeeded"
    assert held in await scaling.until_states(InService=2)


async def test_an_auto_scaling_group_that_is_gone_keeps_no_other_from_its_launches(
    scaling: ScalingScenario, aws: Emulator
) -> None:
    other = await asyncio.to_thread(build_group, aws, "other")
    await scaling.of_group(1)
    scaling.with_settings(autoScalingGroups=[scaling.site.group, "other"])
    await scaling.deploy("v1")
    await asyncio.to_thread(other.delete)

    for size in (2, 3):
        scaling.site.resize(size)
        await scaling.until_states(InService=size)

    assert len(await scaling.until_listed(2, creator=LAUNCHED)) == 2


async def test_scale_in_during_a_deployment_is_no_failure(scaling: ScalingScenario) -> None:
    await scaling.of_group(2)
    scaling.with_settings(agentTimeoutSeconds=5)
    await scaling.apply()
    first, second = sorted(scaling.hosts)
    hold = scaling.holding(first, at="Install")
    await scaling.start("v1", config="OneAtATime")
    await scaling.hosts[first].is_held.wait()

    await scaling.terminate(second)
    hold.set()
    deployment = await scaling.ended(scaling.last_id)

    assert deployment.status == "Succeeded", deployment.error_information
    assert deployment.deployment_overview.skipped == 1
    left = await scaling.rollway.target(scaling.last_id, second)
    assert left.status == "Skipped"


async def test_a_launch_that_is_stopped_is_abandoned_and_teaches_nothing(
    scaling: ScalingScenario,
) -> None:
    await scaling.of_group(1)
    await scaling.deploy("v1")
    scaling.holding_next(at="Install")
    scaling.site.resize(2)
    held = await scaling.until_held()
    (deployment_id,) = scaling.deployments_on(held)

    await scaling.rollway.intervene(deployment_id, "stop", InterventionRequest())
    deployment = await scaling.ended(deployment_id)

    assert deployment.status == "Stopped"
    assert f"{held} was abandoned" in deployment.deployment_status_messages[0]
    assert held not in await scaling.until_states(InService=2)
    assert (await scaling.until_nobody_is_held()).failures == 0


async def test_a_launch_is_noticed_through_a_queue(scaling: ScalingScenario, aws: Emulator) -> None:
    inbox = Inbox(aws)
    await scaling.of_group(1)
    scaling.with_settings(lifecycleNotifications={"queueArn": inbox.arn, "roleArn": ROLE})
    await scaling.deploy("v1")

    scaling.site.resize(2)
    await scaling.until_states(InService=2)

    (row,) = await scaling.until_listed(1, creator=LAUNCHED)
    assert row.status == "Succeeded"
    await asyncio.to_thread(until, lambda: inbox.count() == 0)


async def test_a_launch_may_take_longer_than_its_hook_waits_for_a_heartbeat(
    scaling: ScalingScenario, worker_aws: Aws
) -> None:
    await scaling.of_group(1)
    await scaling.deploy("v1")
    scaling.let_hook_wait(seconds=10)
    hold = scaling.holding_next(at="Install")

    with counted(worker_aws, "autoscaling") as calls:
        scaling.site.resize(2)
        held = await scaling.until_held()
        # There is one a second, at most.
        await asyncio.to_thread(until, lambda: calls.count(BEAT) > 12, seconds=60)
    hold.set()

    assert held in await scaling.until_states(InService=2)
    (row,) = await scaling.until_listed(1, creator=LAUNCHED)
    assert row.status == "Succeeded"
