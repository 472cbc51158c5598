import pytest
from hypothesis import given
from hypothesis import strategies as st

from codedeploy.lifecycle import LifecycleEvent, in_place_flow
from codedeploy.segments import CONTROL_PLANE_EVENTS, SMALL_FLEET, segments

FLOWS = {"without traffic": in_place_flow(), "with": in_place_flow(with_traffic_control=True)}


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_a_small_fleet_gets_one_event_a_segment(flow: tuple[LifecycleEvent, ...]) -> None:
    assert segments(flow, SMALL_FLEET) == tuple((event,) for event in flow)


def test_a_large_fleet_without_traffic_control_gets_one_segment() -> None:
    assert segments(in_place_flow(), SMALL_FLEET + 1) == (in_place_flow(),)


def test_traffic_events_cut_the_segments_of_a_large_fleet() -> None:
    cut = segments(in_place_flow(with_traffic_control=True), SMALL_FLEET + 1)

    assert [(segment[0].value, len(segment)) for segment in cut] == [
        ("BeforeBlockTraffic", 1),
        ("BlockTraffic", 1),
        ("AfterBlockTraffic", 9),
        ("AllowTraffic", 1),
        ("AfterAllowTraffic", 1),
    ]


@given(flow=st.lists(st.sampled_from(LifecycleEvent), unique=True), size=st.integers(1, 10_000))
def test_no_event_is_lost_or_moved_and_traffic_is_never_a_hosts_work(
    flow: list[LifecycleEvent], size: int
) -> None:
    cut = segments(flow, size)

    assert [event for segment in cut for event in segment] == flow
    assert all(len(segment) == 1 for segment in cut if CONTROL_PLANE_EVENTS & {*segment})
