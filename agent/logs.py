"""The whole log of a deployment on this host, rendered from what its scripts left behind.

What a script prints goes to a file of its own, whether or not an agent lives. The log puts those
files in order between lines that say when which event and script began and ended.

Differs from AWS: CodeDeploy's agent marks each line with a time and `[stdout]` or `[stderr]`, for
which it must live as long as the script. Here both go to one file, in the order of printing, and
the times of lines are told to those who ask for them.
"""

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from agent.journal import Journal
from agent.layout import DeploymentDirectory
from agent.log_parts import Part, parts_of
from codedeploy.commands import LogPiece, LogRequest
from codedeploy.errors import DeploymentTargetDoesNotExist

PIECE_BYTES = 256 * 1024
"""Binary output may grow sixfold as JSON, and a message must stay under two megabytes."""

_LONGEST_CHARACTER = 4


@dataclass(frozen=True)
class _Excerpt:
    """Some bytes of a part, and where in it they are."""

    part: Part
    content: bytes
    offset: int

    @property
    def ends_part(self) -> bool:
        return self.offset + len(self.content) == self.part.size

    @cached_property
    def shown(self) -> bytes:
        return self.part.shown(self.content, self.offset)

    def whole_characters(self) -> "_Excerpt":
        """Return it without the beginning of a character whose end is yet to come."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        decoder.decode(self.content[-_LONGEST_CHARACTER:])
        pending, _ = decoder.getstate()
        return replace(self, content=self.content[: len(self.content) - len(pending)])


def read_piece(deployment: DeploymentDirectory, request: LogRequest, *, host: str) -> LogPiece:
    """Return the piece of the log that starts at the request's offset.

    Raises:
        DeploymentTargetDoesNotExist: The deployment never came to this host, or its log is gone;
            who would wait for it gets an empty piece.
    """
    events = Journal(deployment.journal).events
    if not events and request.wait_seconds:
        return LogPiece(text="", next_offset=request.offset, is_end=True)
    if not events:
        raise DeploymentTargetDoesNotExist(
            f"{host} has no log of {deployment.deployment_id}: the deployment did not reach it, "
            "or the log was removed to save space."
        )
    wanted = [one for one in events if request.event in (None, one.lifecycle_event_name)]
    parts = list(parts_of(deployment, wanted, timestamps=request.timestamps))
    is_over = all(event.end_time is not None for event in events)
    return _cut(parts, request.offset, is_over=is_over)


def _cut(parts: Sequence[Part], offset: int, *, is_over: bool) -> LogPiece:
    excerpts = list(_excerpts(parts, offset))
    read = sum(len(excerpt.content) for excerpt in excerpts)
    is_end = offset + read >= sum(part.size for part in parts)
    if excerpts and not (is_end and is_over):
        excerpts[-1] = excerpts[-1].whole_characters()
        read = sum(len(excerpt.content) for excerpt in excerpts)
    text = b"".join(excerpt.shown for excerpt in excerpts).decode("utf-8", "replace")
    return LogPiece(text=text, next_offset=offset + read, is_end=is_end)


def _excerpts(parts: Sequence[Part], offset: int) -> Iterator[_Excerpt]:
    room = PIECE_BYTES
    for part in parts:
        if offset < part.size and room > 0:
            excerpt = _Excerpt(part, part.read(offset, room), offset)
            yield excerpt
            if not excerpt.ends_part:
                return
            room -= len(excerpt.shown)
        offset = max(0, offset - part.size)
