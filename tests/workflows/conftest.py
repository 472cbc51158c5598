"""A function and a service whose groups are applied, for modules that only see them refused."""

from pathlib import Path

import pytest
from temporalio.client import Client

from tests.aws.emulator import Emulator
from tests.aws.site_parts import Plan
from tests.traffic_scenario import EcsScenario, LambdaScenario


@pytest.fixture(scope="module")
def account(running_emulator: Emulator) -> Emulator:
    """The emulator for all tests of a module: what they change, they change back."""
    running_emulator.reset()
    return running_emulator


@pytest.fixture(scope="module")
async def checkout(temporal: Client, control_plane: Path, account: Emulator) -> LambdaScenario:
    scenario = LambdaScenario(temporal, account).of(versions=3)
    await scenario.apply()
    return scenario


@pytest.fixture(scope="module")
async def web(temporal: Client, control_plane: Path, account: Emulator) -> EcsScenario:
    scenario = EcsScenario(temporal, account).of(Plan(versions=2, desired_count=1))
    await scenario.apply()
    return scenario
