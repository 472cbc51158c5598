"""What became of hosts that were not reached: one question for all that fail together."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.directory import DepartureQuestion, Directory
from workflows.options import LOOK

COLLECTING = timedelta(seconds=1)
"""How long hosts that fail are waited for before any is asked for."""


class Departures:
    """Finds out which hosts of a batch have left the fleet.

    Args:
        role_arn: The role in which AWS is asked.
        must_run_no_more: Whether a host that is only not registered any more has not left.
    """

    def __init__(self, role_arn: str | None, *, must_run_no_more: bool) -> None:
        self._role_arn = role_arn
        self._must_run_no_more = must_run_no_more
        self._waiting: list[str] = []
        self._answers: dict[str, str | None] = {}
        self._asking: asyncio.Task[None] | None = None

    async def reason(self, target: str) -> str | None:
        """Return why a host is of the fleet no more; None if it is, or nobody can say."""
        self._waiting.append(target)
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        try:
            await workflow.wait_condition(lambda: target in self._answers)
        except asyncio.CancelledError:
            return None  # Whoever is stopped does not want to know.
        return self._answers[target]

    async def _ask(self) -> None:
        while self._waiting:
            await asyncio.sleep(COLLECTING.total_seconds())
            names, self._waiting = tuple(self._waiting), []
            found = await self._found(names)
            self._answers |= {name: found.get(name) for name in names}

    async def _found(self, names: tuple[str, ...]) -> dict[str, str]:
        question = DepartureQuestion(
            names=names, role_arn=self._role_arn, must_run_no_more=self._must_run_no_more
        )
        try:
            return await workflow.execute_activity_method(
                Directory.find_departed,
                question,
                summary=f"Have they left the fleet? {', '.join(names)}"[:200],
                **LOOK,
            )
        except ActivityError:
            return {}
