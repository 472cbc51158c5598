"""`rollway doctor` on deployment groups that have Auto Scaling groups."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import Client

from codedeploy.identifiers import group_workflow_id, scaling_watch_id
from starter.findings import Check, Health
from starter.scaling_checks import check_auto_scaling, check_group
from tests.aws.authorization import authorization
from tests.aws.emulator import Emulator
from tests.scaling_scenario import ScalingScenario

pytestmark = pytest.mark.end_to_end


class Examined(ScalingScenario):
    """An Auto Scaling group whose hooks somebody interferes with."""

    async def check(self) -> Check:
        """Return what the doctor finds in the deployment group."""
        return await check_group(self.rollway.temporal, await self.info())

    async def until_found(self, health: Health) -> Check:
        """Look until the doctor finds that; the hooks are put by a watch that has just begun."""
        async with asyncio.timeout(20):
            while (found := await self.check()).health is not health:
                await asyncio.sleep(0.05)
        return found

    @property
    def hook(self) -> str:
        """The launch hook of the deployment group, which is there."""
        (name,) = self._hooks
        return name

    @property
    def _hooks(self) -> list[str]:
        client = self._aws.client("autoscaling")
        found = client.describe_lifecycle_hooks(AutoScalingGroupName=self.site.plan.name)
        return [hook["LifecycleHookName"] for hook in found["LifecycleHooks"]]

    async def end_watch(self) -> None:
        """Terminate the workflow that watches the group."""
        group = group_workflow_id(self.application, "web")
        await self.rollway.temporal.get_workflow_handle(scaling_watch_id(group)).terminate()

    def delete_group(self) -> None:
        """Delete the Auto Scaling group by hand."""
        self._aws.client("autoscaling").delete_auto_scaling_group(
            AutoScalingGroupName=self.site.plan.name, ForceDelete=True
        )

    def delete_hook(self) -> str:
        """Delete the hook by hand; return its name."""
        name = self.hook
        self._aws.client("autoscaling").delete_lifecycle_hook(
            AutoScalingGroupName=self.site.plan.name, LifecycleHookName=name
        )
        return name


@pytest.fixture
async def scaling(
    temporal: Client, control_plane: Path, aws: Emulator, tmp_path: Path
) -> AsyncIterator[Examined]:
    async with Examined(temporal, tmp_path, aws=aws, name="doctor") as scenario:
        await scenario.of_group(0)
        await scenario.apply()
        await scenario.until_found(Health.GOOD)
        yield scenario


async def test_hooks_in_order_are_good_and_name_the_auto_scaling_group(scaling: Examined) -> None:
    found = await scaling.check()

    assert (found.health, found.fix) == (Health.GOOD, "")
    assert scaling.site.plan.name in found.found


async def test_a_hook_deleted_by_hand_is_a_warning_with_the_command_that_puts_it_back(
    scaling: Examined,
) -> None:
    name = scaling.delete_hook()

    found = await scaling.check()

    assert found.health is Health.WARNING
    assert f"{name} of the Auto Scaling group {scaling.site.plan.name} is missing" in found.found
    assert f"rollway get group {scaling.application}/web --manifest" in found.fix


async def test_what_the_fix_says_puts_the_hook_back(scaling: Examined) -> None:
    name = scaling.delete_hook()

    await scaling.rollway.apply([(await scaling.info()).group])

    await scaling.until_found(Health.GOOD)
    assert scaling.hook == name


async def test_a_watch_that_does_not_run_is_broken(scaling: Examined) -> None:
    await scaling.end_watch()

    found = await scaling.check()

    assert found.health is Health.BROKEN
    assert "nothing watches its Auto Scaling groups" in found.found


async def test_applying_starts_the_watch_again(scaling: Examined) -> None:
    await scaling.end_watch()

    await scaling.rollway.apply([(await scaling.info()).group])

    assert (await scaling.check()).health is not Health.BROKEN


async def test_an_auto_scaling_group_that_is_gone_is_named_with_what_to_correct(
    scaling: Examined,
) -> None:
    scaling.delete_group()

    found = await scaling.until_found(Health.WARNING)

    assert f"There is no Auto Scaling group {scaling.site.plan.name}" in found.found
    assert "correct autoScalingGroups" in found.found


async def test_a_refusal_of_aws_is_told_with_the_action_that_is_refused(
    scaling: Examined, aws: Emulator
) -> None:
    with authorization(aws):
        found = await scaling.check()

    assert found.health is Health.WARNING
    assert "could not be looked at. autoscaling:DescribeLifecycleHooks on" in found.found


async def test_every_deployment_group_with_auto_scaling_groups_is_looked_at(
    scaling: Examined, temporal: Client
) -> None:
    async with asyncio.timeout(20):
        while not await _mentions(temporal, scaling):
            await asyncio.sleep(0.05)


async def _mentions(temporal: Client, scaling: Examined) -> bool:
    found = await check_auto_scaling(temporal)
    return any(check.found.startswith(f"{scaling.application}/web: ") for check in found)


async def test_a_look_that_takes_too_long_ends_with_a_warning(
    scaling: Examined, temporal: Client
) -> None:
    found = await check_auto_scaling(temporal, limit=timedelta(0))

    assert [check.health for check in found] == [Health.WARNING]
    assert "only 0 deployment groups" in found[0].found
