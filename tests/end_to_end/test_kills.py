"""Whatever process dies in the middle of a script, the deployment ends as if nothing had."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from codedeploy.deployment import InterventionRequest
from starter.service import Service
from tests.end_to_end.machine import EXACTLY_ONCE, HOSTS, Machine, kill, machine

pytestmark = pytest.mark.end_to_end


@pytest.fixture
async def whole(tmp_path: Path) -> AsyncIterator[Machine]:
    async with machine(tmp_path) as running:
        yield running


async def _deployed_although_killed(whole: Machine, *victims: Service) -> None:
    deployment_id = await whole.deploy()
    for host in HOSTS:
        await whole.until_started(host)

    for victim in victims:
        await kill(victim)
    whole.let_go()
    deployment = await whole.ended(deployment_id)

    assert deployment.status == "Succeeded"
    assert deployment.deployment_overview.succeeded == len(HOSTS)
    assert [whole.runs(host, deployment_id) for host in HOSTS] == [EXACTLY_ONCE] * len(HOSTS)


async def test_the_temporal_server_is_killed(whole: Machine) -> None:
    await _deployed_although_killed(whole, whole.plane.server)


async def test_the_worker_is_killed(whole: Machine) -> None:
    await _deployed_although_killed(whole, whole.plane.worker)


async def test_every_agent_is_killed_in_the_middle_of_a_script(whole: Machine) -> None:
    await _deployed_although_killed(whole, *whole.agents.values())


async def test_everything_is_killed_at_once(whole: Machine) -> None:
    everything = (whole.plane.server, whole.plane.worker, *whole.agents.values())
    await _deployed_although_killed(whole, *everything)


async def test_a_stop_ends_the_script_that_runs_and_nothing_follows_it(whole: Machine) -> None:
    deployment_id = await whole.deploy(config="OneAtATime")
    await whole.until_started("host-1")

    await whole.rollway.intervene(deployment_id, "stop", InterventionRequest(rollback=False))
    deployment = await whole.ended(deployment_id)

    target = await whole.rollway.target(deployment_id, "host-1")
    assert deployment.status == "Stopped"
    assert target.current_event == "ApplicationStart"
    assert whole.runs("host-1", deployment_id)["ValidateService"] == 0
    assert whole.runs("host-2", deployment_id).total() == 0


async def test_an_agent_that_stays_away_fails_its_host_only(whole: Machine) -> None:
    await whole.define_group(agent_timeout_seconds=15)
    await whole.agents["host-3"].stop()
    deployment_id = await whole.deploy()
    for host in HOSTS:
        if host != "host-3":
            await whole.until_started(host)

    whole.let_go()
    deployment = await whole.ended(deployment_id)

    assert deployment.status == "Succeeded"
    assert [(one.target_id, one.error_code) for one in deployment.failures] == [
        ("host-3", "AGENT_ISSUE")
    ]


async def test_what_scripts_print_can_be_followed_to_the_end(whole: Machine) -> None:
    deployment_id = await whole.deploy()
    await whole.until_started("host-1")
    pieces = whole.rollway.log(deployment_id, "host-1", follow=True)
    text = await anext(pieces)
    assert "this is ValidateService" not in text

    whole.let_go()
    async for piece in pieces:
        text += piece

    assert text.count("this is ValidateService") == 1
    assert "LifecycleEvent - ValidateService Succeeded" in text


async def test_the_whole_output_of_a_script_can_be_read(whole: Machine) -> None:
    deployment_id = await whole.deploy()
    await whole.until_started("host-1")
    whole.let_go()
    await whole.ended(deployment_id)

    pieces = [piece async for piece in whole.rollway.log(deployment_id, "host-1")]

    assert "this is ValidateService" in "".join(pieces)
