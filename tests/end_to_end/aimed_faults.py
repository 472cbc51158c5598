"""Failures of AWS that one activity of one deployment meets, and nobody else."""

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar

from tests.aws.endpoint import Endpoint
from tests.aws.faults import Faults
from tests.end_to_end.named_calls import CALLER, Call, CallBook, caller

S = TypeVar("S", bound=Hashable)

_UNBEARABLE_IN_A_ROW = {"DescribeAlarms"}
"""Three failures in a row count as an answer: the alarms cannot be read."""


class Kind(StrEnum):
    """What goes wrong; the value is the name of the method of `Faults`."""

    THROTTLE = "throttle"
    ERROR = "server_error"
    LOST_ANSWER = "lose_answer"


class AimedFaults(Faults):
    """A proxy whose rules are about one caller.

    Attributes:
        rules: Their numbers, by deployment, call and kind.
    """

    def __init__(self, emulator: Endpoint) -> None:
        self.rules: dict[tuple[str, Call, Kind], int] = {}
        self._victim = ""
        super().__init__(emulator)

    def aim(self, deployment_id: str, call: Call, kinds: Sequence[Kind]) -> None:
        """Let the next calls of that kind fail, each in another way."""
        self._victim = caller(deployment_id, call.key)
        for kind in kinds:
            fail = getattr(self, kind.value)
            self.rules[deployment_id, call, kind] = fail(call.service, call.operation)

    def _add(self, service: str, operation: str, effect: dict[str, Any]) -> int:
        aimed = {**effect, "headers": {CALLER: self._victim}}
        return super()._add(service, operation, aimed)


class Case(NamedTuple, Generic[S]):
    """An operation that fails, in these ways in a row, wherever a story calls it."""

    story: S
    operation: str
    kinds: tuple[Kind, ...]

    def __str__(self) -> str:
        return f"{self.operation}: {', '.join(self.kinds)}"


def cases_of(story: S, calls: Sequence[Call]) -> Iterator[tuple[Case[S], tuple[Call, ...]]]:
    """Yield what is to fail in a story that makes these calls, and in which of them."""
    for operation in dict.fromkeys(call.operation for call in calls):
        same = tuple(call for call in calls if call.operation == operation)
        for kinds in _kinds_of(operation):
            yield Case(story, operation, kinds), same


def _kinds_of(operation: str) -> Iterator[tuple[Kind, ...]]:
    if operation in _UNBEARABLE_IN_A_ROW:
        yield from ((kind,) for kind in Kind)
        return
    yield tuple(Kind)
    if not is_look(operation):
        yield (Kind.LOST_ANSWER,)


def is_look(operation: str) -> bool:
    """Whether an operation changes nothing."""
    return operation.startswith(("Describe", "Get", "List"))


class Failures(NamedTuple):
    """One operation that fails in every activity that calls it: once in each way, in a row."""

    faults: AimedFaults
    book: CallBook
    calls: tuple[Call, ...]
    kinds: tuple[Kind, ...]

    def begin(self, deployment_id: str) -> None:
        """Make the rules for a deployment that is about to start."""
        for call in self.calls:
            self.faults.aim(deployment_id, call, self.kinds)

    async def has_happened(self, deployment_id: str) -> bool:
        """Whether every activity that made the call has met the failures.

        Whoever only looks may do without the answer after the first one.
        """
        made = set(self.book.calls_of(deployment_id))
        met = [
            bool(self.faults.fired(self.faults.rules[deployment_id, call, kind]))
            for call in self.calls
            if call in made
            for kind in (self.kinds[:1] if is_look(call.operation) else self.kinds)
        ]
        return bool(met) and all(met)


@contextmanager
def aimed_faults(emulator: Endpoint) -> Iterator[AimedFaults]:
    """Run a proxy in front of an emulator for the length of the block."""
    proxy = AimedFaults(emulator)
    try:
        yield proxy
    finally:
        proxy.stop()
