"""No workflow module uses what differs between a run and its replay.

Our modules pass through the SDK's sandbox, which would otherwise catch some of this.
"""

import ast
from pathlib import Path

import pytest

import workflows

MODULES = sorted(Path(workflows.__path__[0]).glob("**/*.py"))

FORBIDDEN = {
    "asyncio.TaskGroup": "keeps its tasks in a set: use nursery()",
    "asyncio.wait": "returns sets: use nursery() or asyncio.gather",
    "asyncio.as_completed": "keeps its tasks in a set: use nursery()",
    "asyncio.run": "workflows have a loop already",
    "asyncio.to_thread": "threads are effects: use an activity",
    "datetime.now": "use workflow.now()",
    "datetime.utcnow": "use workflow.now()",
    "datetime.today": "use workflow.now()",
    "date.today": "use workflow.now()",
    "uuid.uuid1": "use workflow.uuid4()",
    "uuid.uuid4": "use workflow.uuid4()",
}
FORBIDDEN_MODULES = frozenset(
    {"time", "random", "secrets", "os", "socket", "subprocess", "threading", "uuid", "pathlib"}
)


def uses(source: str) -> list[str]:
    """Return each forbidden thing that `source` uses, with the way out."""
    return [problem for node in ast.walk(ast.parse(source)) for problem in _problems(node)]


def _problems(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [_module(alias.name) for alias in names if _is_forbidden_module(alias.name)]
        case ast.ImportFrom(module=str() as module) if _is_forbidden_module(module):
            return [_module(module)]
        case ast.ImportFrom(module=module, names=names):
            paths = [f"{module}.{alias.name}" for alias in names]
            return [f"{path}: {FORBIDDEN[path]}" for path in paths if path in FORBIDDEN]
        case ast.Attribute():
            name = ".".join(ast.unparse(node).split(".")[-2:])
            return [f"{name}: {FORBIDDEN[name]}"] if name in FORBIDDEN else []
    return []


def _is_forbidden_module(name: str) -> bool:
    return name.split(".")[0] in FORBIDDEN_MODULES


def _module(name: str) -> str:
    return f"{name} has no place in a workflow: effects, clocks and randomness belong to activities"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_workflow_module_is_deterministic(module: Path) -> None:
    assert uses(module.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "async with asyncio.TaskGroup() as group: pass",
        "from asyncio import TaskGroup",
        "done, pending = await asyncio.wait(tasks)",
        "for task in asyncio.as_completed(tasks): await task",
        "import time",
        "import os.path",
        "from random import choice",
        "now = datetime.now(UTC)",
        "now = datetime.datetime.now()",
        "from uuid import uuid4",
    ],
)
def test_what_is_forbidden_is_found(source: str) -> None:
    assert uses(source) != []


@pytest.mark.parametrize(
    "source",
    [
        "await asyncio.wait_for(work, 5)",
        "await asyncio.gather(*tasks)",
        "now = workflow.now()",
        "choice = workflow.random().choice",
        "await asyncio.sleep(5)",
    ],
)
def test_what_replays_is_allowed(source: str) -> None:
    assert uses(source) == []
