"""One line a batch, with its hosts folded; many uneventful batches fold too."""

from collections.abc import Sequence
from datetime import timedelta

from rich.text import Text

from codedeploy.deployment import BatchStatus, BatchSummary, DeploymentInfo, DeploymentOverview
from starter.render.canvas import Canvas, Glyphs, duration
from starter.render.fleets import is_handover, is_put_back, stages_to_come
from starter.render.lines import Part, table
from starter.render.statuses import BAD, BUSY, GOOD, QUIET

MOST_LINES = 24
FEWEST_LINES = 3
OTHER_LINES = 14
"""What stands around the batches on a full screen."""


def batch_lines(info: DeploymentInfo, canvas: Canvas) -> list[Text]:
    """Return the batches begun so far and a line for those to come."""
    if not info.batches:
        return []
    room = MOST_LINES if canvas.height is None else max(FEWEST_LINES, canvas.height - OTHER_LINES)
    hidden, shown = _fold(info.batches, room)
    rows: list[Sequence[Part]] = []
    if hidden:
        rows.append(_hidden_row(hidden, canvas))
    rows += [_row(batch, canvas) for batch in shown]
    to_come = max(0, info.planned_batches - len(info.batches))
    if to_come and not (info.status.is_final or is_put_back(info)):
        rows.append(_to_come_row(info, to_come, canvas))
    return table(rows, header=("", "BATCH", "HOSTS", "STATE", "TIME"))


def _fold(
    batches: Sequence[BatchSummary], room: int
) -> tuple[list[BatchSummary], list[BatchSummary]]:
    """Return the batches to hide and to show: the oldest that went well are hidden first."""
    excess = len(batches) - room
    dull = [batch for batch in batches if _is_dull(batch)][: max(0, excess)]
    hidden = {batch.number for batch in dull}
    shown = [batch for batch in batches if batch.number not in hidden]
    return dull, shown[-room:]


def _is_dull(batch: BatchSummary) -> bool:
    return batch.status is BatchStatus.DONE and not batch.overview.failed


def _hidden_row(hidden: Sequence[BatchSummary], canvas: Canvas) -> list[Part]:
    hosts = sum(_size(batch.overview) for batch in hidden)
    which = f"{len(hidden)} earlier"
    return [(canvas.glyphs.succeeded, GOOD), which, f"{hosts:,}", "done", ""]


def _row(batch: BatchSummary, canvas: Canvas) -> list[Part]:
    name = f"{batch.number} {batch.phase}".rstrip()
    hosts = str(_size(batch.overview))
    return [_mark(batch, canvas.glyphs), name, hosts, state_of(batch), took(batch, canvas)]


def _mark(batch: BatchSummary, glyphs: Glyphs) -> Part:
    if batch.overview.failed:
        return glyphs.failed, BAD
    if batch.status is BatchStatus.IN_PROGRESS:
        return glyphs.running, BUSY
    if batch.status is BatchStatus.DONE and batch.overview.succeeded:
        return glyphs.succeeded, GOOD
    return glyphs.untouched, QUIET


def state_of(batch: BatchSummary) -> str:
    """Return the counts of `batch` in words: `done`, or `2 succeeded, 1 failed, 3 in progress`."""
    overview = batch.overview
    is_done = batch.status is BatchStatus.DONE
    if is_done and overview.succeeded == _size(overview):
        return "done"
    named = (
        (overview.succeeded, "succeeded"),
        (overview.failed, "failed"),
        (overview.in_progress, "in progress"),
        (overview.pending, "not started" if is_done else "waiting"),
        (overview.skipped, "skipped"),
    )
    return ", ".join(f"{count} {name}" for count, name in named if count) or "waiting"


def took(batch: BatchSummary, canvas: Canvas) -> str:
    """Return how long `batch` took, or has taken so far."""
    if batch.start_time is None:
        return ""
    return duration((batch.end_time or canvas.now) - batch.start_time)


def _to_come_row(info: DeploymentInfo, to_come: int, canvas: Canvas) -> list[Part]:
    first = len(info.batches) + 1
    last = info.planned_batches
    name = f"{first}" if to_come == 1 else f"{first}-{last}"
    pending = "" if is_handover(info) else str(info.deployment_overview.pending or "")
    state = ": ".join(filter(None, ("to come", ", ".join(stages_to_come(info)))))
    return [(canvas.glyphs.untouched, QUIET), name, pending, state, ""]


def _size(overview: DeploymentOverview) -> int:
    return sum(overview.model_dump().values())


def time_left(info: DeploymentInfo, canvas: Canvas) -> timedelta | None:
    """Return what the batches so far let expect; None while that would be a guess.

    Nothing is promised before the first batch has ended, nor while the deployment waits, nor of
    batches that do something else than those before them.
    """
    done = [
        batch.end_time - batch.start_time
        for batch in info.batches
        if batch.start_time and batch.end_time
    ]
    running = [batch for batch in info.batches if batch.status is BatchStatus.IN_PROGRESS]
    is_waiting = info.wait is not None or info.is_paused
    if not done or is_waiting or info.status.is_final or is_handover(info):
        return None
    usual = sum(done, timedelta()) / len(done)
    to_come = max(0, info.planned_batches - len(info.batches))
    rounds = -(-to_come // max(1, len(running)))
    return usual * rounds + _rest_of(running, usual, canvas)


def _rest_of(running: Sequence[BatchSummary], usual: timedelta, canvas: Canvas) -> timedelta:
    rests = [usual - (canvas.now - batch.start_time) for batch in running if batch.start_time]
    return max([timedelta(), *rests])
