"""Deployments to ECS services: the real server, and the emulator of AWS."""

from pathlib import Path

import pytest
from temporalio.client import Client

from tests.aws.emulator import Emulator
from tests.aws.site_parts import Plan
from tests.traffic_scenario import EcsScenario

BAD = 'def handler(event, context):\n    return {"status": "Failed", "message": "no stock"}\n'


@pytest.fixture
def web(temporal: Client, control_plane: Path, aws: Emulator) -> EcsScenario:
    return EcsScenario(temporal, aws).of(Plan(versions=3))


async def test_new_tasks_get_all_traffic_and_the_old_ones_are_ended(web: EcsScenario) -> None:
    deployment = await web.deploy(2)

    assert deployment.status == "Succeeded", deployment.error_information
    await web.terminated(deployment.deployment_id)
    (only,) = web.site.task_sets()
    assert only["status"] == "PRIMARY"
    assert only["taskDefinition"] == web.site.task_definitions[1]
    assert web.site.weights(web.site.production_listener) == {web.site.green.name: 1}
