"""An install that ends early, at whatever step: the old tree or the new one, no mixture."""

import os
from pathlib import Path

import pytest

from agent.installer import InstallFailed
from agent.interruption import Interrupted
from tests.agent.machine import (
    OVERWRITE,
    Killed,
    Machine,
    ask_to_stop,
    die,
    fill_disk,
    kill,
    stop_at,
)
from tests.agent.trees import Directory, File, Link, Node, directory

# Every kind of transition at once. `link` is the dangerous one: while it stands, undoing the new
# directory of that name must not reach the user's file behind it.
HOST = directory(
    app=directory(user=File("user"), conf=File("by hand", 0o600), theirs=directory(x=File("x")))
)
VERSION_1 = directory(
    changed=File("1"),
    removed=directory(0o711, deep=directory(f=File("1", 0o755))),
    conf=File("1"),
    conf2=File("1"),
    link=Link("theirs"),
    was_file=File("1"),
    was_directory=directory(0o750, f=File("1"), sub=directory()),
    was_link=Link("user"),
    mode=directory(0o700, f=File("1")),
)
VERSION_2 = directory(
    changed=File("2", 0o755),
    added=directory(deep=directory(f=File("2"))),
    conf2=Link("conf"),
    link=directory(x=File("2")),
    was_file=directory(f=File("2")),
    was_directory=Link("added"),
    was_link=File("2"),
    mode=directory(0o755, f=File("2")),
)


def with_version_1(place: Path) -> Machine:
    machine = Machine(place, HOST)
    machine.install(VERSION_1, behavior=OVERWRITE)
    return machine


def overflow() -> None:
    raise OverflowError("too large")


def count_steps(place: Path) -> int:
    taken: list[None] = []
    with_version_1(place).install(VERSION_2, step=lambda: taken.append(None))
    return len(taken)


STEPS = range(37)
COMMIT = STEPS[-3]
RECOVERY_STEPS = range(24)


def test_every_step_is_tried(tmp_path: Path) -> None:
    assert count_steps(tmp_path) == len(STEPS)


@pytest.fixture
def before_and_after(tmp_path: Path) -> tuple[Node, Node]:
    machine = with_version_1(tmp_path / "expected")
    before = machine.tree
    machine.install(VERSION_2)
    return before, machine.tree


def test_the_transitions_of_these_tests_are_as_intended(
    before_and_after: tuple[Node, Node],
) -> None:
    after = before_and_after[1]

    assert isinstance(after, Directory)
    app = after.children["app"]
    assert isinstance(app, Directory)
    assert dict(app.children) == {
        **VERSION_2.children,
        "user": File("user"),
        "conf": File("by hand", 0o600),
        "theirs": directory(x=File("x")),
    }


@pytest.mark.parametrize("number", STEPS)
def test_a_kill_at_any_step_leaves_the_old_tree_or_the_new(
    tmp_path: Path, before_and_after: tuple[Node, Node], number: int
) -> None:
    machine = with_version_1(tmp_path)
    child = os.fork()
    if child == 0:
        machine.install(VERSION_2, step=stop_at(number, die))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9

    machine.installer().recover()

    assert machine.tree in before_and_after
    assert not {"transaction.json", "backup"} & {path.name for path in machine.state.iterdir()}


@pytest.mark.parametrize("number", RECOVERY_STEPS)
def test_a_recovery_that_is_killed_at_any_step_is_taken_up_again(
    tmp_path: Path, before_and_after: tuple[Node, Node], number: int
) -> None:
    machine = with_version_1(tmp_path)
    with pytest.raises(Killed):
        machine.install(VERSION_2, step=stop_at(COMMIT, kill))
    with pytest.raises(Killed):
        machine.installer(stop_at(number, kill)).recover()

    machine.installer().recover()

    assert machine.tree == before_and_after[0]


@pytest.mark.parametrize("number", STEPS[COMMIT + 1 :])
def test_a_failure_to_clear_up_after_the_commit_fails_nothing(
    tmp_path: Path, before_and_after: tuple[Node, Node], number: int
) -> None:
    machine = with_version_1(tmp_path)

    machine.install(VERSION_2, step=stop_at(number, fill_disk))

    assert machine.tree == before_and_after[1]
    assert not {"transaction.json", "backup"} & {path.name for path in machine.state.iterdir()}


@pytest.mark.parametrize("number", STEPS[: COMMIT + 1])
def test_a_full_disk_at_any_step_up_to_the_commit_changes_nothing(
    tmp_path: Path, before_and_after: tuple[Node, Node], number: int
) -> None:
    machine = with_version_1(tmp_path)

    with pytest.raises(InstallFailed, match="No space left"):
        machine.install(VERSION_2, step=stop_at(number, fill_disk))

    assert machine.tree == before_and_after[0]


@pytest.mark.parametrize("number", range(20))
def test_a_stop_before_any_change_changes_nothing(
    tmp_path: Path, before_and_after: tuple[Node, Node], number: int
) -> None:
    machine = with_version_1(tmp_path)

    with pytest.raises(Interrupted):
        machine.install(VERSION_2, check=stop_at(number, ask_to_stop))

    assert machine.tree == before_and_after[0]
    assert not {"transaction.json", "backup"} & {path.name for path in machine.state.iterdir()}


@pytest.mark.parametrize("number", STEPS[: COMMIT + 1 : 5])
def test_an_error_that_nobody_thought_of_changes_nothing(
    tmp_path: Path, before_and_after: tuple[Node, Node], number: int
) -> None:
    machine = with_version_1(tmp_path)

    with pytest.raises(InstallFailed, match="OverflowError: too large"):
        machine.install(VERSION_2, step=stop_at(number, overflow))

    assert machine.tree == before_and_after[0]


@pytest.mark.parametrize("number", STEPS[:COMMIT:5])
def test_an_install_that_was_put_back_succeeds_when_repeated(
    tmp_path: Path, before_and_after: tuple[Node, Node], number: int
) -> None:
    machine = with_version_1(tmp_path)
    with pytest.raises(InstallFailed):
        machine.install(VERSION_2, step=stop_at(number, fill_disk))

    machine.install(VERSION_2)

    assert machine.tree == before_and_after[1]


def test_an_install_is_taken_back_where_a_link_to_itself_was(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.install(directory(a=Link("a"), z=directory(f=File())))
    before = machine.tree

    with pytest.raises(InstallFailed, match="everything was put back"):
        machine.install(directory(a=directory(f=File()), z=Link("z")), step=stop_at(4, fill_disk))

    assert machine.tree == before
