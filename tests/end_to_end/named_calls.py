"""Calls of AWS that say who makes them: which activity of which deployment.

Every request carries the name in a header, so that a proxy can tell calls apart, and is noted in a
file: `d-ABC 7 elbv2 ModifyListener`.
"""

from pathlib import Path
from typing import Any, NamedTuple

from botocore.session import Session
from temporalio import activity

from tests.end_to_end.fates import owner_and_key

CALLER = "x-caller"
"""The header; its value is what `caller` returns."""

_SERVICES = {"auto-scaling": "autoscaling", "elastic-load-balancing-v2": "elbv2"}
"""Services whose events are not called as boto3 calls them."""


class Call(NamedTuple):
    """One call of AWS by a deployment; `key` is that of its activity."""

    key: str
    service: str
    operation: str


def caller(deployment_id: str, key: str) -> str:
    """Return the name of a caller; none is part of another."""
    return f"{deployment_id}/{key};"


class CallBook:
    """Where calls are noted, line by line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def watch(self, session: Session) -> None:
        """Name and note whatever the clients call that are made of `session` from now on."""
        session.register("request-created", self._note)

    def _note(self, request: Any, event_name: str, **_: Any) -> None:
        service, operation = event_name.split(".")[1:]
        deployment_id, key = _who()
        request.headers.add_header(CALLER, caller(deployment_id, key))
        with self._path.open("a") as book:
            book.write(f"{deployment_id} {key} {_SERVICES.get(service, service)} {operation}\n")

    def calls_of(self, deployment_id: str) -> list[Call]:
        """Return what a deployment called, each once, in order."""
        lines = (line.split() for line in self._path.read_text().splitlines())
        found = (Call(*rest) for who, *rest in lines if who == deployment_id)
        return list(dict.fromkeys(found))


def _who() -> tuple[str, str]:
    info = activity.info()
    assert info.workflow_id is not None
    return owner_and_key(info.workflow_id, info.activity_id, info.activity_type)
