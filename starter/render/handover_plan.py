"""What a blue/green deployment to servers is going to do, before it does it."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from codedeploy.handover import Handover
from codedeploy.plan import Plan
from codedeploy.stage import BLOCK_ORIGINAL, INSTALL, REROUTE
from starter.render.blue_green_rules import original_end, ready_wait
from starter.render.canvas import Canvas
from starter.render.lines import Part, counted, folded, table

MOST_NAMES = 6


def handover_facts(plan: Plan, handover: Handover, canvas: Canvas) -> Iterator[tuple[str, str]]:
    """Yield who replaces whom, how many must succeed, and what becomes of the original."""
    yield "original", _named(handover.blue, canvas)
    yield "replacement", _replacement(handover, canvas)
    yield "floor", f"{plan.arithmetic} of {counted(plan.size, 'replacement host')}"
    if handover.ready_wait_minutes:
        yield "ready wait", ready_wait(handover.ready_wait_minutes)
    minutes = handover.termination_wait_minutes
    yield "at the end", f"the original is {original_end(minutes, terminates=handover.terminates)}"


def _replacement(handover: Handover, canvas: Canvas) -> str:
    if handover.copied:
        size = counted(handover.size, "instance")
        return f"a copy of the Auto Scaling group {handover.copied}, {size}"
    return _named(handover.green, canvas)


def _named(names: Sequence[str], canvas: Canvas) -> str:
    shown = folded(names, most=MOST_NAMES, ellipsis=canvas.glyphs.ellipsis)
    return f"{counted(len(names), 'host')}: {shown}"


def stage_lines(plan: Plan, handover: Handover) -> list[Text]:
    """Return the stages in order: which fleet, how many hosts, and how many of them at once."""
    at_once = f"at most {plan.fleet.window:,} at once"
    green, blue = handover.size, len(handover.blue)
    rerouted = f"{at_once}, beside the original"
    rows: list[list[Part]] = [
        [f"  1 {INSTALL.name}", "replacement", f"{green:,}", at_once],
        [f"  2 {REROUTE.name}", "replacement", f"{green:,}", rerouted],
        [f"  3 {BLOCK_ORIGINAL.name}", "original", f"{blue:,}", "all at once"],
    ]
    return table(rows, header=("  STAGE", "FLEET", "HOSTS", "PACE"))
