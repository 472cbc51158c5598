import unicodedata
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starter.render.lines import (
    clean,
    clean_line,
    clean_pieces,
    counted,
    folded,
    line,
    paragraph,
    plain,
    table,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("\x1b[31mred\x1b[0m", "red", id="colours"),
        pytest.param("\x1b[2J\x1b[Hgone", "gone", id="clear the screen"),
        pytest.param("\x1b]0;title\x07shell", "shell", id="window title"),
        pytest.param("\x1b]52;c;cm0gLXJm\x1b\\text", "text", id="clipboard"),
        pytest.param("\x1b]0;never ended\nnext", "0;never ended\nnext", id="unended title"),
        pytest.param("a\x07b\x00c\x9bd", "abcd", id="bell, null and C1"),
        pytest.param("10%\r90%\r\nend", "10%\n90%\nend", id="carriage returns"),
        pytest.param("exe\u202etxt", "exetxt", id="right to left override"),
        pytest.param("[red]not markup[/red]", "[red]not markup[/red]", id="markup"),
        pytest.param("tab\tstays, grüße ✔", "tab\tstays, grüße ✔", id="letters"),
    ],
)
def test_text_of_others_loses_its_control_characters(text: str, expected: str) -> None:
    assert clean(text) == expected


@given(st.text())
def test_nothing_a_terminal_obeys_is_left_in_a_line(text: str) -> None:
    cleaned = clean_line(text)

    assert not any(unicodedata.category(one) == "Cc" for one in cleaned.replace("\t", ""))


def test_markup_in_a_name_is_printed_as_it_is() -> None:
    assert line(("web-[bold red]1[/]", "green")).plain == "web-[bold red]1[/]"


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    rows = [["a", "long cell", "x"], ["longer", "b", "anything at all"]]

    assert plain(table(rows, header=("ONE", "TWO", "THREE"))) == (
        "ONE     TWO        THREE\na       long cell  x\nlonger  b          anything at all\n"
    )


def test_columns_count_cells_of_wide_characters() -> None:
    assert plain(table([["日本", "x"], ["ab", "y"]])) == "日本  x\nab    y\n"


def test_empty_cells_at_the_end_leave_no_blanks() -> None:
    assert [row.plain for row in table([["a", "b", ""], ["long", "", ""]])] == ["a     b", "long"]


def test_a_table_of_nothing_is_nothing() -> None:
    assert table([]) == []


def test_a_paragraph_that_is_too_long_ends_in_dots() -> None:
    lines = paragraph("word " * 40, width=40, indent="  ", most=2)

    assert len(lines) == 2
    assert lines[-1].plain.endswith(" ...")
    assert all(len(one.plain) <= 40 for one in lines)


@pytest.mark.parametrize(
    ("number", "expected"), [(1, "1 batch"), (2, "2 batches"), (12_000, "12,000 batches")]
)
def test_nouns_agree_with_their_numbers(number: int, expected: str) -> None:
    assert counted(number, "batch") == expected


def test_few_names_are_all_shown() -> None:
    assert folded(["a", "b", "c"], most=3, ellipsis="...") == "a, b, c"


def test_many_names_fold_to_the_first_the_last_and_their_number() -> None:
    names = [f"web-{number}" for number in range(1, 51)]

    assert folded(names, most=3, ellipsis="...") == "web-1, web-2 ... web-50 (50)"


async def _pieces(*texts: str) -> AsyncIterator[str]:
    for text in texts:
        yield text


async def test_a_sequence_cut_between_two_pieces_is_removed() -> None:
    cleaned = [text async for text in clean_pieces(_pieces("one\n\x1b[3", "1mtwo\n", "three"))]

    assert "".join(cleaned) == "one\ntwo\nthree"


async def test_a_line_without_an_end_is_not_held_for_ever() -> None:
    cleaned = [text async for text in clean_pieces(_pieces("x" * 70_000, "y"))]

    assert [len(text) for text in cleaned] == [70_000, 1]
