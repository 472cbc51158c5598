from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codedeploy.traffic import Shift, TrafficMove, TrafficProgress
from starter.render.canvas import ASCII, UNICODE
from starter.render.lines import line
from starter.render.timeline import plot, timeline
from tests.starter import deployments as given_
from tests.starter.traffic_deployments import progress

CANARY = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
AT_ONCE = "CodeDeployDefault.LambdaAllAtOnce"


def ahead(traffic: TrafficProgress, minutes: float) -> list[tuple[int, float]]:
    """What is to come at that minute: the percentage, and the minutes after the start."""
    steps = timeline(traffic, given_.at(minutes)).ahead
    return [(step.percent, (step.at - given_.START) / timedelta(minutes=1)) for step in steps]


def drawn(traffic: TrafficProgress, minutes: float, *, room: int = 21, ascii_: bool = False) -> str:
    now = given_.at(minutes)
    glyphs = ASCII if ascii_ else UNICODE
    return line(*plot(timeline(traffic, now), now, glyphs, room=room)).plain


def test_the_shifts_ahead_come_at_their_waits_after_the_next_one() -> None:
    traffic = progress((0, 10), (1, 20), next_at=2)

    assert ahead(traffic, 1.5)[:2] == [(30, 2.0), (40, 3.0)]
    assert ahead(traffic, 1.5)[-1] == (100, 9.0)


def test_an_overdue_shift_comes_now_and_moves_those_behind_it() -> None:
    traffic = progress((0, 10), next_at=1)

    assert ahead(traffic, 12)[:3] == [(20, 12.0), (30, 13.0), (40, 14.0)]


def test_without_a_timer_a_shift_is_expected_after_its_wait_and_never_in_the_past() -> None:
    traffic = progress((0, 10), config=CANARY)

    assert ahead(traffic, 1) == [(100, 5.0)]
    assert ahead(traffic, 7) == [(100, 7.0)]


def test_before_the_first_shift_no_moment_is_certain() -> None:
    assert not timeline(progress(), given_.START).is_certain


def test_while_somebody_holds_it_no_moment_is_certain() -> None:
    traffic = progress((0, 10))

    assert timeline(traffic, given_.START).is_certain
    assert not timeline(traffic, given_.START, is_held=True).is_certain


@pytest.mark.parametrize(
    ("traffic", "is_over"),
    [
        pytest.param(progress((0, 10), (1, 0)), False, id="put back"),
        pytest.param(progress((0, 10)), True, id="over"),
        pytest.param(progress((0, 10), (5, 100), config=CANARY), False, id="all done"),
    ],
)
def test_nothing_is_to_come_any_more(traffic: TrafficProgress, is_over: bool) -> None:
    assert timeline(traffic, given_.at(9), is_over=is_over).ahead == ()


def test_only_what_a_schedule_never_asks_for_is_a_way_back() -> None:
    assert timeline(progress((0, 10), (1, 0)), given_.START).is_put_back
    assert not timeline(progress(), given_.START).is_put_back


def test_a_linear_shift_is_a_staircase_with_now_in_it() -> None:
    traffic = progress((0, 10), (1, 20), (2, 30), next_at=3)

    assert drawn(traffic, 2.5) == "▁▁▂▂▃┃▃▃▃▄▄▅▅▅▅▆▆▇▇█"


def test_a_canary_waits_at_its_tenth() -> None:
    assert drawn(progress((0, 10), config=CANARY, next_at=5), 2.5) == "▁▁▁▁▁▁▁▁▁┃▁▁▁▁▁▁▁▁▁▁█"


def test_letters_draw_the_same_staircase() -> None:
    traffic = progress((0, 10), (1, 20), (2, 30), next_at=3)

    assert drawn(traffic, 2.5, ascii_=True) == "..::-|---==++++**%%#"


def test_the_whole_height_is_the_whole_traffic_alone() -> None:
    traffic = TrafficProgress(
        schedule=(Shift(percent=99), Shift(percent=100, wait=timedelta(minutes=1)))
    )

    assert drawn(traffic, 0, room=6) == "▇▇▇▇█"


def test_what_was_put_back_ends_on_the_ground() -> None:
    assert drawn(progress((0, 10), (1, 20), (2, 0)), 9, room=8) == "▁▁▁▂▂▂·"


def test_what_moves_at_once_is_not_drawn() -> None:
    assert drawn(progress((0, 100), config=AT_ONCE), 1) == ""


@st.composite
def walks(draw: st.DrawFn) -> tuple[TrafficProgress, float]:
    """Traffic somewhere on a linear way, and a moment at which it is looked at."""
    percent = draw(st.integers(1, 99))
    minutes = draw(st.integers(1, 60))
    count = -(-100 // percent)
    schedule = tuple(
        Shift(
            percent=min(100, percent * number),
            wait=timedelta(minutes=0 if number == 1 else minutes),
        )
        for number in range(1, count + 1)
    )
    done = draw(st.integers(0, count))
    moves = tuple(
        TrafficMove(time=given_.at(index * minutes), percent=shift.percent)
        for index, shift in enumerate(schedule[:done])
    )
    return TrafficProgress(schedule=schedule, moves=moves), done * minutes + draw(st.floats(-5, 5))


@given(walks(), st.integers(10, 80))
def test_a_plot_never_outgrows_its_room(walk: tuple[TrafficProgress, float], room: int) -> None:
    traffic, minutes = walk

    assert len(drawn(traffic, minutes, room=room)) <= room


@given(walks())
def test_a_way_only_rises_and_ends_with_everything(walk: tuple[TrafficProgress, float]) -> None:
    traffic, minutes = walk
    levels = [
        UNICODE.levels.index(cell)
        for cell in drawn(traffic, minutes, room=40)
        if cell in UNICODE.levels
    ]

    assert levels == sorted(levels)
    assert levels[-1:] == [len(UNICODE.levels) - 1]


@given(walks())
def test_the_moments_ahead_never_go_back(walk: tuple[TrafficProgress, float]) -> None:
    traffic, minutes = walk
    now = given_.at(minutes)

    moments = [step.at for step in timeline(traffic, now).ahead]

    assert moments == sorted(moments)
    assert all(moment >= now for moment in moments)
