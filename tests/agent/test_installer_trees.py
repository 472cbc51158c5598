"""Any tree over any tree: what an install shows, and what one that was killed leaves."""

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.installer import InstallFailed
from tests.agent.machine import LEAVES, OVERWRITE, Killed, Machine, kill, stop_at, trees
from tests.agent.trees import Directory, File, Node, directory


def overlaid(base: Directory, over: Directory) -> Directory | None:
    """What a host with `base` is to look like with `over` installed; None if they cannot meet."""
    merged: dict[str, Node] = dict(base.children)
    for name, node in over.children.items():
        there = merged.get(name)
        if isinstance(there, Directory) and isinstance(node, Directory):
            inner = overlaid(there, node)
            if inner is None:
                return None
            merged[name] = inner
        elif isinstance(there, Directory) or (there is not None and isinstance(node, Directory)):
            return None
        else:
            merged[name] = node
    return Directory(base.mode, merged)


@settings(max_examples=60, deadline=None)
@given(
    base=trees(st.builds(File, st.just("theirs"))),
    first=trees(LEAVES),
    second=trees(LEAVES),
)
def test_each_install_shows_the_host_overlaid_with_just_that_revision(
    base: Directory, first: Directory, second: Directory
) -> None:
    with tempfile.TemporaryDirectory() as place:
        machine = Machine(Path(place), directory(app=base))
        expected: Node = base

        for revision in (first, second, first):
            overlay = overlaid(base, revision)
            if overlay is None:
                with pytest.raises(InstallFailed):
                    machine.install(revision, behavior=OVERWRITE)
            else:
                machine.install(revision, behavior=OVERWRITE)
                expected = overlay

            assert machine.app == expected


@settings(max_examples=60, deadline=None)
@given(
    base=trees(st.builds(File, st.just("theirs"))),
    first=trees(LEAVES),
    second=trees(LEAVES),
    number=st.integers(0, 30),
)
def test_whatever_the_trees_a_killed_install_leaves_the_old_one_or_the_new(
    base: Directory, first: Directory, second: Directory, number: int
) -> None:
    with tempfile.TemporaryDirectory() as place:
        machine = Machine(Path(place), directory(app=base))
        with contextlib.suppress(InstallFailed):
            machine.install(first, behavior=OVERWRITE)
        before = machine.app

        with contextlib.suppress(InstallFailed, Killed):
            machine.install(second, behavior=OVERWRITE, step=stop_at(number, kill))
        machine.installer().recover()

        assert machine.app in (before, overlaid(base, second))
