"""The worker carries out everything that workflows ask for."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.client import Client

import activities
from activities.aws import Aws
from activities.backends.file_store import FileStore
from worker import Activity, activities_of


def name_of(one: Activity) -> str | None:
    """Return the name by which workflows call an activity; None if it is none."""
    definition = getattr(one, "__temporal_activity_definition", None)
    return str(definition.name) if definition is not None else None


def defined() -> Iterator[str]:
    """Yield the names of all activities of the control plane."""
    for module in pkgutil.walk_packages(activities.__path__, "activities."):
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            names = (name_of(member) for _, member in inspect.getmembers(kind))
            yield from (name for name in names if name is not None)


@pytest.mark.parametrize("name", sorted({*defined()}))
async def test_an_activity_is_carried_out(name: str, tmp_path: Path) -> None:
    client = await Client.connect("127.0.0.1:1", lazy=True)

    found = map(name_of, activities_of(client, FileStore(tmp_path), Aws()))

    assert name in found
