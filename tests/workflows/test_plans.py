"""Plans: what a deployment would do, and holding it to that."""

import pytest

from codedeploy.errors import (
    DeploymentGroupDoesNotExist,
    InvalidRevision,
    PlanDoesNotExist,
    PlanNoLongerHolds,
)
from tests.scenario import Scenario


async def test_a_plan_names_targets_in_order_and_the_arithmetic(fleet: Scenario) -> None:
    await fleet.of("b", "a", "c")
    await fleet.apply()

    plan = await fleet.plan("v1", "HalfAtATime")

    assert plan.targets == tuple(fleet.full(name) for name in "abc")
    assert plan.arithmetic == "ceil(50% of 3) = 2 must stay"
    assert [len(batch) for wave in plan.waves for batch in wave.batches] == [1, 1, 1]


async def test_a_plan_that_still_holds_is_deployed(fleet: Scenario) -> None:
    await fleet.of("a")
    await fleet.apply()
    plan = await fleet.rollway.plan(fleet.request("v1", "OneAtATime"))

    deployment = await fleet.deploy("v1", planId=plan.plan_id)

    assert deployment.status == "Succeeded"


async def test_a_plan_is_refused_when_a_host_has_joined(fleet: Scenario) -> None:
    await fleet.of("a")
    await fleet.apply()
    plan = await fleet.rollway.plan(fleet.request("v1", "OneAtATime"))
    await fleet.of("b")

    with pytest.raises(PlanNoLongerHolds, match="joined the fleet"):
        await fleet.start("v1", planId=plan.plan_id)


async def test_an_unknown_plan_is_named(fleet: Scenario) -> None:
    await fleet.apply()

    with pytest.raises(PlanDoesNotExist, match="p-NOSUCHONE"):
        await fleet.rollway.deploy(fleet.request("v1", "OneAtATime", planId="p-NOSUCHONE"))


async def test_planning_for_an_unknown_group_names_it(fleet: Scenario) -> None:
    with pytest.raises(DeploymentGroupDoesNotExist, match=fleet.application):
        await fleet.rollway.plan(fleet.request("v1", "OneAtATime"))


async def test_a_bundle_with_a_missing_script_is_refused_by_name(fleet: Scenario) -> None:
    await fleet.of("a")
    await fleet.apply()
    request = fleet.request("v1", "OneAtATime")
    fleet.remove_script("v1")

    with pytest.raises(InvalidRevision, match=r"validate\.sh \(ValidateService\)"):
        await fleet.rollway.plan(request)
