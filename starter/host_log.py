"""Reading the log of one host through its agent, which has no inbound port."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager

from temporalio import exceptions
from temporalio.client import Client, WorkflowFailureError

from codedeploy.commands import LogPiece, LogRequest
from codedeploy.errors import Refused
from codedeploy.target import TargetResult, TargetStatus
from starter.connection import in_words
from workflows.log import LogQuestion, LogWorkflow
from workflows.options import CONTROL_QUEUE

_PAUSE_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 15.0
"""For so long an agent waits for more of a log before it says that there is none."""


class HostLog:
    """What the scripts of one deployment print on one host.

    Args:
        client: Asks the host's agent.
        target: The host.
        look: Returns where it stands in the deployment.
    """

    def __init__(
        self, client: Client, target: str, *, look: Callable[[], Awaitable[TargetResult]]
    ) -> None:
        self._client = client
        self._target = target
        self._look = look

    async def pieces(self, request: LogRequest) -> AsyncIterator[str]:
        """Yield all that there is now.

        Raises:
            Refused: The host's agent does not answer, or has no log of the deployment.
        """
        is_end = False
        while not is_end:
            piece = await self._piece(request)
            yield piece.text
            request = _after(piece, request)
            is_end = piece.is_end

    async def followed(self, request: LogRequest) -> AsyncIterator[str]:
        """Yield all that there will be, as it comes; as `pieces`.

        It waits for the host's turn, and for an agent that is away as long as the deployment does.
        """
        request = request.model_copy(update={"wait_seconds": _LONGEST_WAIT_SECONDS})
        while (result := await self._look()).may_print_more(request.event):
            if result.status is not TargetStatus.PENDING:
                piece = await self._piece_if_any(request)
                yield piece.text
                request = _after(piece, request)
                if not piece.is_end:
                    continue
            await asyncio.sleep(_PAUSE_SECONDS)
        # What was printed before the look at which it had ended is all there.
        async for text in self.pieces(request.model_copy(update={"wait_seconds": 0})):
            yield text

    async def _piece_if_any(self, request: LogRequest) -> LogPiece:
        try:
            return await self._piece(request)
        except Refused:
            return LogPiece(text="", next_offset=request.offset, is_end=True)

    async def _piece(self, request: LogRequest) -> LogPiece:
        suffix = "".join(random.SystemRandom().choices("abcdefghijkmnpqrstuvwxyz", k=8))
        with in_words(), self._silence_in_words():
            piece: LogPiece = await self._client.execute_workflow(
                LogWorkflow.run,
                LogQuestion(target=self._target, request=request),
                id=f"{request.deployment_id}/log/{self._target}/{suffix}",
                task_queue=CONTROL_QUEUE,
            )
        return piece

    @contextmanager
    def _silence_in_words(self) -> Iterator[None]:
        try:
            yield
        except WorkflowFailureError as error:
            if not _is_silence(error.cause):
                raise
            raise Refused(
                f"The agent of {self._target} does not answer: it has not asked for work for "
                "seconds. See that it runs (rollway get instances says when it was last seen), "
                "then try again."
            ) from error


def _is_silence(cause: BaseException) -> bool:
    is_activity = isinstance(cause, exceptions.ActivityError)
    return is_activity and isinstance(cause.__cause__, exceptions.TimeoutError)


def _after(piece: LogPiece, request: LogRequest) -> LogRequest:
    return request.model_copy(update={"offset": piece.next_offset})
