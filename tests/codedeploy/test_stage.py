import pytest

from codedeploy.lifecycle import ALLOW_TRAFFIC, BLOCK_TRAFFIC
from codedeploy.stage import (
    ALLOW_ORIGINAL,
    BLOCK_ORIGINAL,
    BLOCK_REPLACEMENT,
    INSTALL,
    REROUTE,
    Stage,
    in_place,
    launch,
    termination,
)
from codedeploy.target import TargetLabel
from tests.paths import INSTALL as SEVEN

BLOCK = ["BeforeBlockTraffic", "BlockTraffic", "AfterBlockTraffic"]
ALLOW = ["BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"]
FLOWS = {
    "in place": (in_place(with_traffic_control=False), SEVEN),
    "in place, with a load balancer": (
        in_place(with_traffic_control=True),
        [*BLOCK, *SEVEN, *ALLOW],
    ),
    "replacement is installed": (INSTALL, SEVEN),
    "replacement gets traffic": (REROUTE, ALLOW),
    "original loses traffic": (BLOCK_ORIGINAL, BLOCK),
    "original gets traffic back": (ALLOW_ORIGINAL, ALLOW),
    "replacement loses traffic again": (BLOCK_REPLACEMENT, BLOCK),
    "launched": (launch(with_traffic_control=False), SEVEN),
    "launched, with a load balancer": (launch(with_traffic_control=True), [*SEVEN, *ALLOW]),
    "terminated": (termination(with_traffic_control=False), ["ApplicationStop"]),
    "terminated, with a load balancer": (
        termination(with_traffic_control=True),
        [*BLOCK, "ApplicationStop"],
    ),
}


@pytest.mark.parametrize(("stage", "expected"), FLOWS.values(), ids=FLOWS)
def test_the_events_of_each_stage_are_those_that_codedeploy_documents(
    stage: Stage, expected: list[str]
) -> None:
    assert [event.value for event in stage.flow] == expected


@pytest.mark.parametrize(("stage", "flow"), FLOWS.values(), ids=FLOWS)
def test_a_stage_moves_traffic_if_its_events_do(stage: Stage, flow: list[str]) -> None:
    assert stage.moves_traffic == bool({"BlockTraffic", "AllowTraffic"} & {*flow})


@pytest.mark.parametrize(
    ("stage", "event"),
    [(REROUTE, "AllowTraffic"), (BLOCK_ORIGINAL, "BlockTraffic")],
    ids=["reroute", "block original"],
)
def test_the_load_balancers_event_of_a_stage(stage: Stage, event: str) -> None:
    assert stage.traffic_event == event


def test_a_host_that_is_updated_leaves_the_load_balancers_first() -> None:
    assert in_place(with_traffic_control=True).traffic_event == "BlockTraffic"


COMPLETING = {
    "in place": (in_place(with_traffic_control=True), True),
    "installed, but not served from": (INSTALL, False),
    "served from": (REROUTE, True),
    "original blocked": (BLOCK_ORIGINAL, False),
    "original allowed": (ALLOW_ORIGINAL, False),
    "replacement blocked": (BLOCK_REPLACEMENT, False),
    "launched": (launch(with_traffic_control=True), True),
    "terminated": (termination(with_traffic_control=True), False),
}


@pytest.mark.parametrize(("stage", "completes"), COMPLETING.values(), ids=COMPLETING)
def test_after_which_stage_a_host_runs_the_revision(stage: Stage, completes: bool) -> None:
    assert stage.completes_deployment is completes


def test_what_puts_back_takes_the_traffic_the_other_way() -> None:
    assert (ALLOW_ORIGINAL.flow, BLOCK_REPLACEMENT.flow) == (ALLOW_TRAFFIC, BLOCK_TRAFFIC)
    assert ALLOW_ORIGINAL.puts_back
    assert BLOCK_REPLACEMENT.puts_back


@pytest.mark.parametrize("stage", [INSTALL, REROUTE, BLOCK_ORIGINAL], ids=lambda one: one.name)
def test_no_stage_of_the_way_forward_puts_back(stage: Stage) -> None:
    assert not stage.puts_back


def test_each_stage_of_a_replacement_says_which_fleet_it_walks_through() -> None:
    green = [INSTALL.label, REROUTE.label, BLOCK_REPLACEMENT.label]
    blue = [BLOCK_ORIGINAL.label, ALLOW_ORIGINAL.label]

    assert (green, blue) == ([TargetLabel.GREEN] * 3, [TargetLabel.BLUE] * 2)


def test_no_two_stages_of_a_replacement_are_called_alike() -> None:
    stages = (INSTALL, REROUTE, BLOCK_ORIGINAL, ALLOW_ORIGINAL, BLOCK_REPLACEMENT)

    assert len({stage.name for stage in stages}) == len(stages)
