"""The two fleets of a blue/green deployment to servers, and how many of each serve now.

What its batches have done tells it: the replacement serves once traffic was rerouted to it, and the
original for as long as it was not blocked.
"""

from dataclasses import dataclass

from rich.text import Text

from codedeploy.application import ComputePlatform
from codedeploy.deployment import BatchSummary, DeploymentInfo, DeploymentOverview
from codedeploy.stage import (
    ALLOW_ORIGINAL,
    BLOCK_ORIGINAL,
    BLOCK_REPLACEMENT,
    INSTALL,
    REROUTE,
    Stage,
)
from starter.render.canvas import Canvas
from starter.render.lines import Part, line
from starter.render.statuses import BAD, BUSY, GOOD, QUIET

STAGES = (INSTALL, REROUTE, BLOCK_ORIGINAL)
"""What is done if all goes well, in order."""

PUT_BACK = (BLOCK_REPLACEMENT, ALLOW_ORIGINAL)
WIDEST_BAR = 40
FEWEST_CELLS = 10


@dataclass(frozen=True)
class FleetNow:
    """How many instances of one fleet do what.

    Attributes:
        installed: Those that run the revision and await traffic.
    """

    name: str
    size: int
    serving: int
    busy: int = 0
    installed: int = 0
    failed: int = 0


def is_handover(info: DeploymentInfo) -> bool:
    """Whether one fleet of servers replaces another."""
    return info.is_blue_green and info.compute_platform is ComputePlatform.SERVER


def is_put_back(info: DeploymentInfo) -> bool:
    """Whether a deployment has begun to take back what it did to its fleets."""
    return any(stage_name(batch) in {stage.name for stage in PUT_BACK} for batch in info.batches)


def stages_to_come(info: DeploymentInfo) -> tuple[str, ...]:
    """Return the stages of a handover that have not begun, or have batches to come."""
    if not is_handover(info):
        return ()
    failed = _counts(info, INSTALL).failed
    hosts = {
        INSTALL.name: info.target_count,
        REROUTE.name: info.target_count - failed,
        BLOCK_ORIGINAL.name: info.fleet_size,
    }
    return tuple(stage.name for stage in STAGES if _seen(info, stage) < hosts[stage.name])


def _seen(info: DeploymentInfo, stage: Stage) -> int:
    return sum(_counts(info, stage).model_dump().values())


def stage_name(batch: BatchSummary) -> str:
    """Return what stage a batch belongs to."""
    return batch.phase.partition(",")[0]


def fleets_now(info: DeploymentInfo) -> tuple[FleetNow, FleetNow]:
    """Return the original and the replacement as they are now."""
    return _original(info), _replacement(info)


def _original(info: DeploymentInfo) -> FleetNow:
    blocked, back = _counts(info, BLOCK_ORIGINAL), _counts(info, ALLOW_ORIGINAL)
    # The traffic of an instance comes back even if a script of it fails on the way.
    serving = info.fleet_size - _tried(blocked) + back.succeeded + back.failed
    return FleetNow(
        name="original",
        size=info.fleet_size,
        serving=max(0, min(serving, info.fleet_size - back.in_progress)),
        busy=blocked.in_progress + back.in_progress,
        failed=0 if back.succeeded + back.failed else blocked.failed,
    )


def _replacement(info: DeploymentInfo) -> FleetNow:
    installed, rerouted = _counts(info, INSTALL), _counts(info, REROUTE)
    blocked = _counts(info, BLOCK_REPLACEMENT)
    waiting = installed.succeeded - _tried(rerouted)
    return FleetNow(
        name="replacement",
        size=info.target_count,
        serving=max(0, rerouted.succeeded - _tried(blocked)),
        busy=installed.in_progress + rerouted.in_progress + blocked.in_progress,
        installed=0 if is_put_back(info) else max(0, waiting),
        failed=installed.failed + rerouted.failed,
    )


def _counts(info: DeploymentInfo, stage: Stage) -> DeploymentOverview:
    batches = [batch.overview for batch in info.batches if stage_name(batch) == stage.name]
    return sum(batches, DeploymentOverview())


def _tried(counts: DeploymentOverview) -> int:
    return counts.succeeded + counts.failed + counts.in_progress + counts.skipped


def fleet_lines(info: DeploymentInfo, canvas: Canvas) -> list[Text]:
    """Return a line a fleet: how many of it serve, and what the others do."""
    if not info.fleet_size:
        return []
    fleets = fleets_now(info)
    numbers = [f"in service {fleet.serving}/{fleet.size}" for fleet in fleets]
    column = max(map(len, numbers))
    return [
        _line(fleet, number.ljust(column), canvas)
        for fleet, number in zip(fleets, numbers, strict=True)
    ]


def _line(fleet: FleetNow, numbers: str, canvas: Canvas) -> Text:
    told = ((fleet.busy, "in progress"), (fleet.installed, "installed"), (fleet.failed, "failed"))
    dot = f" {canvas.glyphs.dot} "
    details = "".join(f"{dot}{count} {what}" for count, what in told if count)
    title = f"{fleet.name:<13}{numbers}"
    room = min(WIDEST_BAR, canvas.width - len(title) - len(details) - 2)
    if room < FEWEST_CELLS:
        return line(title.rstrip(), details)
    cells = min(room, max(FEWEST_CELLS, fleet.size))
    return line(title, "  ", *_bar(fleet, canvas, cells), details)


def _bar(fleet: FleetNow, canvas: Canvas, cells: int) -> list[Part]:
    """Return the fleet as `cells` cells: serving, on the way, failed, and the rest."""
    glyphs = canvas.glyphs
    parts = (
        (fleet.serving, glyphs.full, GOOD),
        (fleet.busy + fleet.installed, glyphs.busy, BUSY),
        (fleet.failed, glyphs.lost, BAD),
    )
    row: list[Part] = []
    reached = 0
    for count, glyph, style in parts:
        reached += count
        row += [(glyph, style)] * (_cells(reached, fleet.size, cells) - len(row))
    return [*row, *[(glyphs.untouched, QUIET)] * (cells - len(row))]


def _cells(count: int, size: int, cells: int) -> int:
    return min(cells, count * cells // size) if size else 0
