import signal

import pytest

from tests.starter.demo_runs import Played, begin, play
from tests.starter.other_processes import until

pytestmark = pytest.mark.end_to_end


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(tmp_path_factory.mktemp("t"), "--traffic")


def test_no_request_is_lost_while_releases_come_and_one_goes(played: Played) -> None:
    assert (played.code, played.story["traffic"]["lost"]) == (0, 0), played.run.words


def test_customers_see_every_release_even_the_bad_one_where_it_worked(played: Played) -> None:
    assert set(played.story["traffic"]["answered"]) == {"v1", "v2", "v3"}


def test_every_request_has_an_end(played: Played) -> None:
    traffic = played.story["traffic"]

    assert sum(traffic["answered"].values()) + traffic["lost"] == traffic["requests"]


def test_what_changes_for_customers_is_told_in_lines(played: Played) -> None:
    assert "customers are answered by v2 and v3" in played.run.words


def test_nothing_is_left_of_the_demo(played: Played) -> None:
    assert (played.run.left_over, played.run.directories) == ({}, [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
async def test_nothing_is_left_of_a_demo_that_is_ended_while_customers_ask(
    number: signal.Signals, tmp_path_factory: pytest.TempPathFactory
) -> None:
    demo = begin(tmp_path_factory.mktemp("t"), "--traffic")
    await until(lambda: "Customers come" in demo.words)

    demo.end(number)

    await until(lambda: not demo.left_over)
    await until(lambda: not demo.directories)
