"""The shifts of a deployment in time: when traffic was moved, and when it is going to be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from codedeploy.traffic import Shift, TrafficProgress
from starter.render.canvas import Glyphs
from starter.render.lines import Part
from starter.render.statuses import GOOD, QUIET


@dataclass(frozen=True)
class Step:
    """A moment from which the replacement gets so many percent of the traffic."""

    percent: int
    at: datetime


@dataclass(frozen=True)
class Timeline:
    """What was done, and what is to come.

    Attributes:
        is_certain: The moments to come are known; else nobody knows yet when the first one is.
    """

    done: tuple[Step, ...]
    ahead: tuple[Step, ...]
    is_certain: bool = True

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps in order."""
        return (*self.done, *self.ahead)

    @property
    def percent(self) -> int:
        """What the replacement gets now."""
        return self.done[-1].percent if self.done else 0

    @property
    def is_put_back(self) -> bool:
        """Whether the original has everything again: no schedule asks for that."""
        return bool(self.done) and self.percent == 0

    @property
    def length(self) -> timedelta:
        """From the first step to the last."""
        return self.steps[-1].at - self.steps[0].at


def timeline(
    traffic: TrafficProgress, now: datetime, *, is_over: bool = False, is_held: bool = False
) -> Timeline:
    """Return where `traffic` stands at `now`.

    If it `is_over`, nothing is to come any more; if it `is_held`, the next shift waits for a word.
    """
    done = tuple(Step(move.percent, move.time) for move in traffic.moves)
    line = Timeline(done, (), is_certain=bool(done) and not is_held)
    if is_over or line.is_put_back or not traffic.ahead:
        return line
    return Timeline(done, tuple(_expected(traffic, now)), line.is_certain)


def _expected(traffic: TrafficProgress, now: datetime) -> Iterator[Step]:
    """Yield the shifts to come; one that is overdue comes now, and moves those behind it."""
    first, *others = traffic.ahead
    at = max(now, traffic.next_at or _due(traffic, first, now))
    yield Step(first.percent, at)
    for shift in others:
        at += shift.wait
        yield Step(shift.percent, at)


def _due(traffic: TrafficProgress, first: Shift, now: datetime) -> datetime:
    """Return when the next shift is due that no timer runs for."""
    return traffic.moves[-1].time + first.wait if traffic.moves else now


def plot(line: Timeline, now: datetime, glyphs: Glyphs, *, room: int) -> list[Part]:
    """Return the weight over time in at most `room` cells; nothing if it changes at once.

    What is done is set off from what is to come, and a bar between them is now.
    """
    if not line.steps or not line.length:
        return []
    intervals = _cells(line.steps, room - 2)
    cell = line.length / intervals
    moments = [line.steps[0].at + cell * (number + 0.5) for number in range(intervals)]
    past = sum(_is_past(line, moment, now) for moment in moments)
    levels = [_level(_weight(line.steps, moment), glyphs) for moment in moments]
    row: list[Part] = [
        *((level, GOOD) for level in levels[:past]),
        *((level, QUIET) for level in levels[past:]),
        (_level(line.steps[-1].percent, glyphs), QUIET if line.ahead else GOOD),
    ]
    if line.done and line.ahead:
        row.insert(past, (glyphs.floor, "bold"))
    return row


def _cells(steps: Sequence[Step], room: int) -> int:
    """Return the cells between the first step and the last: as many for each if there is room."""
    gaps = max(1, len(steps) - 1)
    return max(1, room // gaps * gaps if room >= gaps else room)


def _is_past(line: Timeline, moment: datetime, now: datetime) -> bool:
    return bool(line.done) and (moment <= now or not line.ahead)


def _weight(steps: Sequence[Step], moment: datetime) -> int:
    return [step.percent for step in steps if step.at <= moment][-1]


def _level(percent: int, glyphs: Glyphs) -> str:
    if not percent:
        return glyphs.untouched
    return glyphs.levels[percent * (len(glyphs.levels) - 1) // 100]
