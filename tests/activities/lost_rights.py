"""Rights that a worker loses for a while: AWS refuses one operation, and does all others.

with without_right(worker_aws, "autoscaling", "CompleteLifecycleAction") as refusals:
    ...
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from activities.aws import Aws

_STATUS = 403


@dataclass
class Refusals:
    """What is refused.

    Attributes:
        count: How often it was asked for.
    """

    operation: str
    count: int = 0

    def answer(self, model: Any, **_: Any) -> tuple[Any, dict[str, Any]] | None:
        """Return what AWS says; None about all other operations."""
        if model.name != self.operation:
            return None
        self.count += 1
        message = f"not authorized to perform: {self.operation}"
        error = {"Code": "AccessDenied", "Message": message}
        refused = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": _STATUS}}
        return SimpleNamespace(status_code=_STATUS), refused


@contextmanager
def without_right(worker: Aws, service: str, operation: str) -> Iterator[Refusals]:
    """Refuse what a worker asks for in its own name, for the length of the block."""
    refusals = Refusals(operation)
    events = worker.client(service, None).meta.events
    events.register("before-call", refusals.answer)
    try:
        yield refusals
    finally:
        events.unregister("before-call", refusals.answer)
