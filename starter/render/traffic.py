"""The line of shifts: the weight over time, what was moved when, and what is to come."""

from collections.abc import Sequence

from rich.text import Text

from codedeploy.application import ComputePlatform
from codedeploy.deployment import DeploymentInfo
from codedeploy.traffic import Shift, TrafficProgress
from starter.render.canvas import Canvas, duration
from starter.render.lines import Part, counted, line
from starter.render.statuses import BUSY, GOOD, HELD, QUIET
from starter.render.timeline import Step, Timeline, plot, timeline

WIDEST_PLOT = 40
DONE_SHOWN = 3
AHEAD_SHOWN = 10
MARGIN = "  "


def is_shifting(info: DeploymentInfo) -> bool:
    """Whether the deployment moves the traffic of one target, and has no fleet of hosts."""
    return info.compute_platform is not ComputePlatform.SERVER


def replacement_of(info: DeploymentInfo) -> str:
    """Return what gets the traffic: `version 5`, or the task definition."""
    if info.lambda_function_info is not None:
        return f"version {info.lambda_function_info.target_version}"
    return info.revision_label or "the replacement"


def traffic_lines(info: DeploymentInfo, canvas: Canvas) -> list[Text]:
    """Return the plot, the shifts with their clock times, and when the next one comes."""
    if info.traffic is None:
        return []
    shifts = timeline_of(info, canvas)
    row = plot(shifts, canvas.now, canvas.glyphs, room=min(WIDEST_PLOT, max(10, canvas.width - 40)))
    title = (f"traffic {shifts.percent}%", "bold"), f" to {replacement_of(info)}"
    return [
        line(*title, *([MARGIN, *row] if row else [])),
        *_steps(shifts, canvas),
        *_outlook(shifts, canvas),
    ]


def schedule_lines(schedule: tuple[Shift, ...], canvas: Canvas) -> list[Text]:
    """Return the plot of `schedule` and its shifts, with the time since the first one."""
    shifts = timeline(TrafficProgress(schedule=schedule), canvas.now)
    row = plot(shifts, canvas.now, canvas.glyphs, room=WIDEST_PLOT)
    return [*([line(*row)] if row else []), *_steps(shifts, canvas)]


def timeline_of(info: DeploymentInfo, canvas: Canvas) -> Timeline:
    """Return where the traffic of `info`, which has some, stands now."""
    assert info.traffic is not None
    is_held = info.is_paused or info.wait is not None
    return timeline(info.traffic, canvas.now, is_over=info.status.is_final, is_held=is_held)


def _outlook(shifts: Timeline, canvas: Canvas) -> list[Text]:
    if shifts.is_put_back:
        since = canvas.clock(shifts.done[-1].at)
        return [line((f"put back at {since}: the original has everything", HELD))]
    if not shifts.ahead:
        return []
    upcoming, last = shifts.ahead[0], shifts.ahead[-1]
    if not shifts.is_certain:
        when = "goes on" if shifts.done else "begins"
        return [line(f"next {upcoming.percent}% when AllowTraffic {when}{_rest(shifts)}")]
    told = [upcoming] if upcoming is last else [upcoming, last]
    dot = f" {canvas.glyphs.dot} "
    return [line(f"next {dot.join(_due(step, canvas) for step in told)}")]


def _rest(shifts: Timeline) -> str:
    rest = shifts.ahead[-1].at - shifts.ahead[0].at
    return f", 100% {duration(rest)} later" if rest else ""


def _due(step: Step, canvas: Canvas) -> str:
    return f"{step.percent}% at {canvas.clock(step.at)} ({canvas.until(step.at)})"


def _steps(shifts: Timeline, canvas: Canvas) -> list[Text]:
    """Return the shifts in rows that fit the canvas; the middle of a long line is folded."""
    cells = [line(*parts) for parts in _cells(shifts, canvas)]
    if not cells:
        return []
    width = max(cell.cell_len for cell in cells) + len(MARGIN)
    per_row = max(1, (canvas.width + len(MARGIN)) // width)
    return [_row(cells[at : at + per_row], width) for at in range(0, len(cells), per_row)]


def _row(cells: Sequence[Text], width: int) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    for cell in cells:
        text.append_text(cell)
        text.append(" " * (width - cell.cell_len))
    text.rstrip()
    return text


def _cells(shifts: Timeline, canvas: Canvas) -> list[list[Part]]:
    done = [_done(step, shifts, canvas) for step in shifts.done]
    ahead = [_ahead(step, shifts, canvas) for step in shifts.ahead]
    if len(done) > DONE_SHOWN + 1:
        earlier = counted(len(done) - DONE_SHOWN, "earlier shift")
        done = [_folded(earlier, canvas), *done[-DONE_SHOWN:]]
    if len(ahead) > AHEAD_SHOWN + 2:
        between = f"{len(ahead) - AHEAD_SHOWN - 1} more"
        ahead = [*ahead[:AHEAD_SHOWN], _folded(between, canvas), ahead[-1]]
    return [*done, *ahead]


def _folded(what: str, canvas: Canvas) -> list[Part]:
    return [(f"{canvas.glyphs.ellipsis} {what}", QUIET)]


def _done(step: Step, shifts: Timeline, canvas: Canvas) -> list[Part]:
    is_back = shifts.is_put_back and step is shifts.done[-1]
    sign = (canvas.glyphs.stopped, HELD) if is_back else (canvas.glyphs.succeeded, GOOD)
    return [sign, f" {step.percent}% at {canvas.clock(step.at)}"]


def _ahead(step: Step, shifts: Timeline, canvas: Canvas) -> list[Part]:
    is_next = step is shifts.ahead[0] and shifts.is_certain
    sign = (canvas.glyphs.running, BUSY) if is_next else (canvas.glyphs.untouched, QUIET)
    when = f"at {canvas.clock(step.at)}" if shifts.is_certain else _later(step, shifts)
    return [sign, f" {step.percent}% {when}".rstrip()]


def _later(step: Step, shifts: Timeline) -> str:
    after = step.at - shifts.ahead[0].at
    return f"+{duration(after)}" if after else ""
