"""Hosts whose agent does not ask for work."""

from codedeploy.deployment import DeploymentInfo
from tests.scenario import Scenario


async def _with_b_away(fleet: Scenario, config: str) -> DeploymentInfo:
    await fleet.of("a", "c")
    fleet.with_settings(agentTimeoutSeconds=5)
    await fleet.of_away("b")
    return await fleet.deploy("v1", config=config)


async def test_a_host_without_an_agent_fails_with_agent_issue_and_the_others_go_on(
    fleet: Scenario,
) -> None:
    deployment = await _with_b_away(fleet, "AllAtOnce")

    assert deployment.status == "Succeeded"
    assert [failure.error_code for failure in deployment.failures] == ["AGENT_ISSUE"]
    assert "rollway-agent run" in deployment.failures[0].message


async def test_a_host_that_was_never_reached_is_not_touched(fleet: Scenario) -> None:
    await _with_b_away(fleet, "AllAtOnce")

    assert not (await fleet.target("b")).is_touched


async def test_the_plan_warns_of_agents_that_do_not_ask_for_work(fleet: Scenario) -> None:
    await fleet.of("a")
    await fleet.of_away("b")
    await fleet.apply()

    plan = await fleet.rollway.plan(fleet.request("v1", "AllAtOnce"))

    assert any(fleet.full("b") in warning for warning in plan.warnings)
