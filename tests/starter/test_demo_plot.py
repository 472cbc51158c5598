from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from starter.demo.ledger import Ledger, Second
from starter.demo.plot import LOST, plot_lines, stack, sums_line, turn, whole_plot_lines
from starter.render.lines import plain

SECONDS = st.builds(
    Second,
    st.dictionaries(st.sampled_from(["v1", "v2", "v3"]), st.integers(0, 500), max_size=3).map(
        Counter
    ),
    st.integers(0, 500),
)


def second(lost: int = 0, **answered: int) -> Second:
    return Second(Counter(answered), lost)


def test_a_rolling_deployment_is_a_staircase() -> None:
    seconds = [second(v1=100), second(v1=75, v2=25), second(v1=25, v2=75), second(v2=100)]

    assert plain(plot_lines(seconds, width=80, height=4)).splitlines() == [
        "answers a second, by release; one column is 1 second",
        "  100 |1222",
        "      |1122",
        "      |1122",
        "      |1112",
        "    0 +----",
    ]


def test_a_lost_request_stands_on_top_of_its_second() -> None:
    seconds = [second(v1=100), second(v1=99, lost=1)]

    rows = plain(plot_lines(seconds, width=80, height=4)).splitlines()[1:5]

    assert [row[-1] for row in rows] == [LOST, "1", "1", "1"]


def test_a_second_with_more_answers_than_usual_is_as_high_as_the_others() -> None:
    seconds = [second(v1=100), second(v1=100), second(v1=110)]

    rows = plain(plot_lines(seconds, width=80, height=4)).splitlines()[1:5]

    assert [row[-3:] for row in rows] == ["111"] * 4


def test_a_second_without_answers_is_a_gap() -> None:
    seconds = [second(v1=10), second(), second(v1=10)]

    rows = plain(plot_lines(seconds, width=80, height=2)).splitlines()[1:3]

    assert [row[-3:] for row in rows] == ["1 1", "1 1"]


def test_the_latest_seconds_are_drawn_if_not_all_fit() -> None:
    seconds = [*[second(v1=10)] * 100, *[second(v2=10)] * 32]

    top = plain(plot_lines(seconds, width=40, height=3)).splitlines()[1]

    assert top == "   10 |" + "2" * 32


def test_the_whole_story_fits_because_columns_are_longer() -> None:
    seconds = [*[second(v1=10)] * 32, *[second(v2=10)] * 32]

    caption, top, *_ = plain(whole_plot_lines(seconds, width=40)).splitlines()

    assert caption.endswith("one column is 2 seconds")
    assert top == "   10 |" + "1" * 16 + "2" * 16


def test_a_plot_of_nothing_yet_is_an_empty_frame() -> None:
    assert plain(plot_lines([], width=80, height=2)).splitlines()[1:] == [
        "    0 |",
        "      |",
        "    0 +",
    ]


def test_every_release_has_a_colour_of_its_own() -> None:
    (top, *_) = plot_lines([second(v1=1), second(v2=1), second(v3=1), second(lost=1)], width=80)[1:]

    assert len({span.style for span in top.spans if span.style}) == 4


@given(SECONDS, st.integers(1, 1000), st.integers(4, 12))
def test_whatever_happened_in_a_second_is_seen(one: Second, more: int, height: int) -> None:
    cells = stack(one, usual=more, height=height)

    happened = {release for release, count in one.answered.items() if count}
    assert set(cells) == happened | ({LOST} if one.lost else set())


@given(SECONDS, st.integers(0, 1000), st.integers(4, 12))
def test_a_column_is_never_higher_than_the_plot(one: Second, more: int, height: int) -> None:
    assert len(stack(one, usual=more, height=height)) <= height


@given(st.lists(SECONDS, max_size=200), st.integers(40, 120))
def test_no_line_is_wider_than_the_terminal(seconds: list[Second], width: int) -> None:
    lines = [*plot_lines(seconds, width=width), *whole_plot_lines(seconds, width=width)]

    drawn = [text for text in lines if "one column is" not in text.plain]
    assert all(cell_len(text.plain) <= width for text in drawn)


def test_the_sums_name_what_was_lost_even_if_it_is_nothing() -> None:
    ledger = Ledger(lambda: 0.0)
    ledger.answered("v1")

    assert sums_line(ledger).plain == "1 requests, 0/s   v1: 1   lost: 0"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param(second(v1=9), second(v1=8), [], id="nothing changes"),
        pytest.param(
            second(v1=9), second(v1=8, v2=1), ["customers are answered by v1 and v2"], id="joins"
        ),
        pytest.param(
            second(v1=1, v2=8), second(v2=9), ["customers are answered by v2"], id="leaves"
        ),
        pytest.param(second(v1=9), second(v1=8, lost=1), ["1 request lost"], id="loss"),
        pytest.param(second(v1=9), second(), [], id="silence"),
    ],
)
def test_a_log_says_what_changes_for_customers(
    before: Second, after: Second, told: list[str]
) -> None:
    assert turn(before, after) == told
