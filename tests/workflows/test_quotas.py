"""Quotas that are met in the middle: the deployment fails by name, and nothing is left of it."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from tests.aws.ecs_site import Site
from tests.aws.emulator import Emulator
from tests.aws.site_parts import Plan
from tests.aws.snapshot import difference, snapshot
from tests.aws.waiting import until
from tests.traffic_scenario import EcsScenario, reason_of
from tests.workflows.time_machine import TimeMachine, time_machine

MOST_TASK_SETS = 5
LINEAR = "CodeDeployDefault.LambdaLinear10PercentEvery1Minute"


@pytest.fixture
async def machine() -> AsyncIterator[TimeMachine]:
    async with time_machine() as running:
        yield running


async def test_an_alias_that_may_not_be_moved_any_more_is_put_back(machine: TimeMachine) -> None:
    machine.functions.refusals[30] = ApplicationError(
        "lambda:UpdateAlias is refused", type="RESOURCE_LIMIT_EXCEEDED", non_retryable=True
    )

    deployment = await machine.deploy(machine.of_lambda(LINEAR))

    assert deployment.status == "Failed"
    assert reason_of(deployment) == ("RESOURCE_LIMIT_EXCEEDED", "lambda:UpdateAlias is refused")
    assert [call.percent for call in machine.shifts(deployment)] == [10, 20]
    assert machine.alias(deployment).shares == {"1": 1.0}


def drain(site: Site, count: int) -> None:
    """Leave so many task sets behind whose targets drain for long."""
    ecs, where = site.aws.client("ecs"), {"cluster": site.cluster, "service": site.service}
    site.route(site.production_listener, blue=100, green=0)
    for _ in range(count):
        made = site.create_task_set(2, site.green)["taskSetArn"]
        until(partial(site.is_steady, made))
        ecs.delete_task_set(**where, taskSet=made, force=True)
    site.route(site.production_listener, blue=1, green=0)


async def test_a_service_with_too_many_task_sets_is_as_it_was(
    temporal: Client, control_plane: Path, aws: Emulator
) -> None:
    web = EcsScenario(temporal, aws).of(Plan(versions=2, desired_count=1, drain_seconds=120))
    drain(web.site, MOST_TASK_SETS - 1)
    before = snapshot(aws)

    deployment = await web.deploy(2)

    code, message = reason_of(deployment)
    assert code == "RESOURCE_LIMIT_EXCEEDED"
    assert "ecs:CreateTaskSet" in message
    assert "5 deployments exist on the service" in message
    assert "Have the quota raised" in message
    assert deployment.undo_problems == ()
    assert difference(before, snapshot(aws)) == []
