"""The conformance suite: `rollway-agent local` against cases written as data."""

import grp
import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.agent.conformance.case import Step, all_cases, nested, read_case
from tests.agent.conformance.host import Sandbox

CASES = all_cases()


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_host_ends_up_as_the_case_says(name: str, tmp_path: Path) -> None:
    case = read_case(CASES[name])
    if case.needs_root and os.geteuid() != 0:
        pytest.skip("needs an agent run by root")
    if case.needs is not None and shutil.which(case.needs) is None:
        pytest.skip(f"needs {case.needs}")
    sandbox = Sandbox(tmp_path, case)

    for step in case.steps:
        sandbox.prepare(step)
        before = sandbox.tree
        status = sandbox.deploy(step)

        assert status == step.exit, sandbox.said
        assert_said(sandbox, step)
        if step.tree is not None:
            assert sandbox.tree == nested(step.tree)
        if step.is_unchanged:
            assert sandbox.tree == before
        for path, owner in step.owners.items():
            assert owner_of(sandbox.destination / path) == owner
        for path, entries in step.acls.items():
            assert acl_of(sandbox.destination / path) == entries
        assert sandbox.strays == set()


def assert_said(sandbox: Sandbox, step: Step) -> None:
    position = 0
    for part in step.says:
        assert part in sandbox.said[position:], sandbox.said
        position = sandbox.said.index(part, position) + len(part)
    for part in (*step.says_not, "Traceback"):
        assert part not in sandbox.said
    if step.prints is not None:
        assert sandbox.printed == step.prints


def owner_of(path: Path) -> str:
    found = path.lstat()
    return f"{pwd.getpwuid(found.st_uid).pw_name}:{grp.getgrgid(found.st_gid).gr_name}"


def acl_of(path: Path) -> tuple[str, ...]:
    command = ("getfacl", "--omit-header", "--absolute-names", path)
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return tuple(done.stdout.split())


def test_there_are_enough_cases_and_some_are_real_processes() -> None:
    cases = [read_case(path) for path in CASES.values()]

    assert len(cases) >= 60
    assert sum(case.is_process for case in cases) >= 10
