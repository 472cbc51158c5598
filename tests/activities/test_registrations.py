"""Instances that EC2 has terminated are registered no longer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.aws import Aws
from activities.registrations import Registrations
from tests.activities.balanced_instances import launch
from tests.aws.emulator import Emulator
from tests.aws.sessions import session_of
from tests.scaling_scenario import ScalingScenario


@pytest.fixture
async def registrations(
    temporal: Client, control_plane: Path, aws: Emulator, tmp_path: Path
) -> AsyncIterator[Registrations]:
    asked = Aws(session_of(aws, tmp_path))
    yield Registrations(temporal, asked)
    asked.close()


@pytest.fixture
async def fleet(
    temporal: Client, control_plane: Path, aws: Emulator, tmp_path: Path
) -> AsyncIterator[ScalingScenario]:
    async with ScalingScenario(temporal, tmp_path, aws=aws, name="registered") as scenario:
        yield scenario


async def deregister(registrations: Registrations) -> tuple[str, ...]:
    return await ActivityEnvironment().run(registrations.deregister_terminated, None)


async def test_only_what_was_terminated_is_forgotten(
    aws: Emulator, registrations: Registrations, fleet: ScalingScenario
) -> None:
    runs, gone = launch(aws, 2)
    await fleet.meet()
    aws.client("ec2").terminate_instances(InstanceIds=[gone])

    assert await deregister(registrations) == (gone,)
    await fleet.until_forgotten(gone)
    assert runs in {one.registration.name for one in await fleet.rollway.instances()}


async def test_a_second_call_finds_nothing_to_do(
    aws: Emulator, registrations: Registrations, fleet: ScalingScenario
) -> None:
    (gone,) = launch(aws, 1)
    await fleet.meet()
    aws.client("ec2").terminate_instances(InstanceIds=[gone])
    await deregister(registrations)
    await fleet.until_forgotten(gone)

    assert await deregister(registrations) == ()
