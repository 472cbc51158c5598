"""Any AppSpecs on any host, of two groups and with edits in between, against a model of our own."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import event, given, settings
from hypothesis import strategies as st

from agent.installer import InstallFailed
from codedeploy.appspec import FileExistsBehavior, parse_server
from tests.agent.installer_model import (
    DISALLOW,
    OVERWRITE,
    RETAIN,
    Impossible,
    Model,
    Revision,
    Rule,
    flat,
)
from tests.agent.machine import LEAVES, Machine, trees
from tests.agent.trees import Directory, File, Link, Node

SOURCES = st.sampled_from(["/", "a", "b", "a/b", "c"])
PLACES = st.sampled_from(["/", "/a", "/b", "/a/c", "/new/deep"])
RULES = st.builds(
    Rule,
    st.sampled_from(["/", "/a", "/a/b", "/new"]),
    st.sampled_from(["**", "*", "a", "*/b"]),
    st.sets(st.sampled_from(["file", "directory"]), min_size=1).map(frozenset),
    st.sampled_from([0o700, 0o640, 0o4711]),
)
REVISIONS = st.builds(
    Revision,
    trees(LEAVES),
    st.lists(st.tuples(SOURCES, PLACES), min_size=1, max_size=2).map(tuple),
    st.lists(RULES, max_size=2).map(tuple),
)


PATHS = st.sampled_from(["/a", "/b", "/a/a", "/a/b", "/b/a", "/b/b"])


@dataclass(frozen=True)
class Edit:
    """What somebody does to a file between two deployments; None removes it."""

    path: str
    content: str | None

    def carry_out(self, model: Model, root: Path) -> None:
        file = root / self.path[1:]
        if self.content is None:
            if model.remove(self.path):
                file.unlink()
        elif model.write(self.path, self.content):
            file.write_text(self.content)
            file.chmod(flat_mode(model, self.path))


def flat_mode(model: Model, path: str) -> int:
    node = model.shown[path]
    assert isinstance(node, File)
    return node.mode


@dataclass(frozen=True)
class Act:
    """Some edits, and then a deployment of one of a few revisions."""

    edits: Sequence[Edit]
    group: str
    revision: int
    behavior: FileExistsBehavior


EDITS = st.builds(Edit, PATHS, st.sampled_from(["mine", "x", None]))
ACTS = st.builds(
    Act,
    st.lists(EDITS, max_size=3),
    st.sampled_from(["web", "api"]),
    st.integers(0, 2),
    st.sampled_from([OVERWRITE, OVERWRITE, DISALLOW, RETAIN]),
)


def few(leaves: st.SearchStrategy[Node]) -> st.SearchStrategy[Directory]:
    """Return trees of few names and directories, so that those who deploy and edit meet."""
    names = st.sampled_from(["a", "b"])
    inner = st.builds(Directory, st.just(0o755), st.dictionaries(names, leaves))
    return st.builds(Directory, st.just(0o755), st.dictionaries(names, leaves | inner))


FEW = few(st.sampled_from([File("x"), File("y"), Link("a")]))
MEETING = st.builds(Revision, FEW, st.just((("/", "/"),)), st.just(()))


@settings(max_examples=150, deadline=None)
@given(
    base=trees(st.builds(File, st.just("theirs"))),
    first=REVISIONS,
    second=REVISIONS,
    behavior=st.sampled_from(FileExistsBehavior),
)
def test_a_host_shows_what_was_there_first_and_just_the_last_revision(
    base: Directory, first: Revision, second: Revision, behavior: FileExistsBehavior
) -> None:
    acts = [Act((), "web", number, behavior) for number in (0, 1, 0)]

    assert_story(base, (first, second), acts)


@settings(max_examples=250, deadline=None)
@given(
    base=few(st.sampled_from([File("first"), Link("a")])),
    revisions=st.tuples(MEETING, MEETING, MEETING),
    acts=st.lists(ACTS, min_size=3, max_size=8),
)
def test_whoever_deploys_and_edits_nothing_is_lost_and_nothing_comes_back_that_should_not(
    base: Directory, revisions: Sequence[Revision], acts: Sequence[Act]
) -> None:
    assert_story(base, revisions, acts)


def assert_story(base: Directory, revisions: Sequence[Revision], acts: Sequence[Act]) -> None:
    model = Model(base)
    with tempfile.TemporaryDirectory() as place:
        web = Machine(Path(place), base)
        machines = {"web": web, "api": web.beside("api")}
        for act in acts:
            for edit in act.edits:
                edit.carry_out(model, web.root)
            machine, revision = machines[act.group], revisions[act.revision]
            is_possible = deploys(model, act.group, revision, act.behavior)
            event(f"possible: {is_possible}")

            assert installs(machine, revision, act.behavior) == is_possible
            tree = machine.tree
            assert isinstance(tree, Directory)
            assert flat(tree) == model.shown


def deploys(model: Model, group: str, revision: Revision, behavior: FileExistsBehavior) -> bool:
    try:
        model.deploy(group, revision, behavior)
    except Impossible:
        return False
    return True


def installs(machine: Machine, revision: Revision, behavior: FileExistsBehavior) -> bool:
    archive = machine.archive(revision.content)
    try:
        machine.installer().install(
            archive,
            parse_server(revision.appspec),
            deployment_id=machine.deployment_id,
            file_exists_behavior=behavior,
        )
    except InstallFailed:
        return False
    return True
