from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.sources.part import opened

CONTENT = bytes(range(256)) * 4
SIZE = len(CONTENT)
PIECE = 300


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "part"


def fill(path: Path, number: int, *, at_most: int = SIZE) -> None:
    with opened(path, SIZE, PIECE) as part:
        start, stop = part.gap(number)
        part.append(number, CONTENT[start : min(stop, start + at_most)])


def test_a_new_file_lacks_every_piece(path: Path) -> None:
    with opened(path, SIZE, PIECE) as part:
        assert part.gaps() == [0, 1, 2, 3]
        assert [part.gap(number) for number in part.gaps()] == [
            (0, 300),
            (300, 600),
            (600, 900),
            (900, SIZE),
        ]


def test_a_piece_goes_on_where_it_was_left(path: Path) -> None:
    fill(path, 1, at_most=100)

    with opened(path, SIZE, PIECE) as part:
        assert part.gap(1) == (400, 600)


def test_a_whole_piece_is_no_gap(path: Path) -> None:
    fill(path, 1)

    with opened(path, SIZE, PIECE) as part:
        assert part.gaps() == [0, 2, 3]


def test_a_finished_file_is_the_content_and_lacks_nothing(path: Path) -> None:
    with opened(path, SIZE, PIECE) as part:
        for number in part.gaps():
            start, stop = part.gap(number)
            part.append(number, CONTENT[start:stop])
        part.finish()

    assert path.read_bytes() == CONTENT
    with opened(path, SIZE, PIECE) as part:
        assert part.gaps() == []


def test_more_than_a_piece_does_not_spill_into_the_next(path: Path) -> None:
    fill(path, 1)
    with opened(path, SIZE, PIECE) as part:
        part.append(0, b"?" * SIZE)

        assert part.gap(0) == (300, 300)
    assert path.read_bytes()[300:600] == CONTENT[300:600]


@pytest.mark.parametrize("length", [1, SIZE - 1, SIZE + 1, SIZE * 3])
def test_a_file_of_another_form_is_begun_anew(path: Path, length: int) -> None:
    path.write_bytes(b"\xff" * length)

    with opened(path, SIZE, PIECE) as part:
        assert [part.gap(number)[0] for number in part.gaps()] == [0, 300, 600, 900]


def test_counters_beyond_their_piece_are_not_believed_further_than_its_end(path: Path) -> None:
    fill(path, 0, at_most=1)
    content = path.read_bytes()
    path.write_bytes(content[:SIZE] + b"\xff" * (len(content) - SIZE))

    with opened(path, SIZE, PIECE) as part:
        assert part.gaps() == []


def test_an_empty_bundle_lacks_nothing(path: Path) -> None:
    with opened(path, 0, PIECE) as part:
        assert part.gaps() == []


def test_a_link_in_the_place_of_the_file_is_not_followed(path: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    path.symlink_to(tmp_path / "precious")

    with pytest.raises(OSError, match="symbolic links"), opened(path, SIZE, PIECE):
        pass

    assert (tmp_path / "precious").read_text() == "precious"


@given(
    piece=st.integers(1, SIZE + 10),
    steps=st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 400)), max_size=60),
)
def test_whatever_came_in_whatever_order_stays(
    tmp_path_factory: pytest.TempPathFactory, piece: int, steps: list[tuple[int, int]]
) -> None:
    path = tmp_path_factory.mktemp("part") / "part"
    arrived: dict[int, int] = {}
    for choice, length in steps:
        with opened(path, SIZE, piece) as part:
            number = choice % -(-SIZE // piece)
            start, stop = part.gap(number)
            part.append(number, CONTENT[start : min(stop, start + length)])
            arrived[number] = min(start + length, stop)

    with opened(path, SIZE, piece) as part:
        found = {number: part.gap(number)[0] for number in arrived}
    content = path.read_bytes()
    assert found == arrived
    for number, end in arrived.items():
        assert content[number * piece : end] == CONTENT[number * piece : end]
