"""The health of a fleet against its floor, as numbers and as a bar."""

from dataclasses import dataclass

from rich.text import Text

from codedeploy.deployment import BatchStatus, Creator, DeploymentInfo
from codedeploy.waves import UNHEALTHY_FIRST
from starter.render.canvas import Canvas
from starter.render.creators import is_of_one_instance
from starter.render.fleets import fleet_lines, is_handover
from starter.render.lines import Part, line
from starter.render.statuses import BAD, BUSY, GOOD

WIDEST_BAR = 50


@dataclass(frozen=True)
class Health:
    """How many instances serve now.

    Attributes:
        lost: Out of service and not being worked on.
    """

    size: int
    floor: int
    busy: int
    lost: int

    @property
    def healthy(self) -> int:
        """Instances in service."""
        return max(0, self.size - self.busy - self.lost)


def health_of(info: DeploymentInfo) -> Health:
    """Return the health of the fleet of `info`.

    Instances count as healthy until their turn comes, unless they wait in a batch of unhealthy
    ones; what is outside the deployment is healthy only as far as `bystanders` says.
    """
    overview = info.deployment_overview
    targets = sum(overview.model_dump().values())
    outside = max(0, info.fleet_size - targets) if targets else 0
    waiting_unhealthy = sum(
        batch.overview.pending
        for batch in info.batches
        if UNHEALTHY_FIRST in batch.phase and batch.status is not BatchStatus.DONE
    )
    known_good = info.bystanders if info.creator is Creator.ROLLBACK else outside
    lost = overview.failed + waiting_unhealthy + max(0, outside - known_good)
    return Health(info.fleet_size, info.minimum_healthy, overview.in_progress, lost)


def health_line(info: DeploymentInfo, canvas: Canvas) -> list[Text]:
    """Return the bar and its numbers; nothing while the fleet is not known.

    Two fleets have a bar each. An instance that is deployed to on its way into service is no fleet.
    """
    if is_handover(info):
        return fleet_lines(info, canvas)
    if not info.fleet_size or is_of_one_instance(info):
        return []
    health = health_of(info)
    dot = f" {canvas.glyphs.dot} "
    numbers = f"healthy {health.healthy}/{health.size}{dot}floor {health.floor}"
    details = "".join(
        f"{dot}{count} {noun}"
        for count, noun in ((health.busy, "in progress"), (health.lost, "out of service"))
        if count
    )
    room = min(WIDEST_BAR, canvas.width - len(numbers) - len(details) - 4)
    if room < 10:
        return [line(numbers, details)]
    return [line(numbers, "  ", *bar(health, canvas, min(room, max(10, health.size))), details)]


def bar(health: Health, canvas: Canvas, cells: int) -> list[Part]:
    """Return the fleet as `cells` cells: serving, in progress, lost; the floor is marked."""
    serving = _cells(health.healthy, health.size, cells)
    serving_or_busy = max(serving, _cells(health.healthy + health.busy, health.size, cells))
    glyphs = canvas.glyphs
    row = [(glyphs.full, GOOD)] * serving
    row += [(glyphs.busy, BUSY)] * (serving_or_busy - serving)
    row += [(glyphs.lost, BAD)] * (cells - serving_or_busy)
    row.insert(_cells(health.floor, health.size, cells), (glyphs.floor, "bold"))
    return [*row]


def _cells(count: int, size: int, cells: int) -> int:
    """Return the cells that `count` of `size` fill: a full bar only if all are there."""
    return min(cells, count * cells // size) if size else 0
