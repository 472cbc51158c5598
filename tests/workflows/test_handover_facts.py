"""What a blue/green deployment to servers shows of its plan, and on the Web UI's page."""

import pytest

from codedeploy.deployment import DeploymentOverview
from tests.starter import handovers as those
from workflows.courses.servers import facts_of
from workflows.details import markdown


def test_the_targets_of_a_handover_are_its_replacement_and_the_fleet_its_original() -> None:
    facts = facts_of(those.plan_of())

    assert (facts["target_count"], facts["fleet_size"]) == (3, 2)


@pytest.mark.parametrize(
    ("blue", "size", "minimum", "batches"),
    [
        pytest.param(2, 3, 2, 7, id="one by one"),
        pytest.param(2, 3, 0, 3, id="all at once"),
        pytest.param(120, 120, 0, 9, id="batches hold fifty"),
    ],
)
def test_batches_install_reroute_and_then_block_the_original_all_at_once(
    blue: int, size: int, minimum: int, batches: int
) -> None:
    plan = those.plan_of(blue=tuple(f"b-{number}" for number in range(blue)), size=size)
    plan = plan.model_copy(update={"size": size, "minimum_healthy": minimum})

    assert facts_of(plan)["planned_batches"] == batches


def test_a_copy_that_is_not_made_yet_is_counted() -> None:
    facts = facts_of(those.plan_of(copied="web", green=()))

    assert (facts["target_count"], facts["planned_batches"]) == (3, 7)


def test_the_page_says_who_replaces_whom_and_who_awaits_traffic() -> None:
    page = markdown(those.ready())

    assert (
        "2 hosts replace 3, at least 1 of them must succeed (max(0, 2 - 1) = 1 must stay); "
        "0 succeeded, 2 installed and ready, 0 failed, 0 pending" in page
    )
    assert "| 2 | install | Done | 1 | 0 |" in page


def test_the_page_says_what_was_put_back() -> None:
    assert "- The original has the traffic again.\n" in markdown(those.put_back()) + "\n"


def test_the_page_of_a_launch_names_its_instance() -> None:
    info = those.launch(deployment_overview=DeploymentOverview(succeeded=1))

    assert "i-1 of web, for autoscaling; 1 succeeded" in markdown(info)
