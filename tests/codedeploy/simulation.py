"""A fleet without hosts: walks a plan the way the workflows do, one event at a time.

`Simulation` offers every event that could come next (a batch opens, a host is started, a host ends,
a batch reports); the test picks one, so that every interleaving can be had. After each event the
simulation holds the truth, which no batch and no deployment sees as a whole, against the promises
of `docs/concepts/pacing.md`, and raises `AssertionError` where one is broken.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle

from codedeploy.fleet import Fleet
from codedeploy.pace import Batch, Pace
from codedeploy.plan import Plan

Move = Callable[[], None]

TIMID = (0,)
"""A schedule in which what runs ends before anything is started."""

GREEDY = (-1,)
"""A schedule in which everything is started that may be."""


@dataclass
class RunningBatch:
    """One batch under way: what `workflows.batch` knows."""

    batch: Batch
    fleet: Fleet
    waiting: list[str]
    in_progress: list[str] = field(default_factory=list)
    succeeded: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether nothing runs, and nothing can start any more."""
        return not self.in_progress and (not self.waiting or self.fleet.is_exhausted)


class Simulation:
    """One deployment on its way through a fleet.

    Args:
        plan: What is to be done.
        in_service: The instances of the whole fleet that serve at the start.
        failing: Those on which the deployment fails.
        zones: The zone of each instance, if the plan is zonal.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        in_service: Collection[str],
        failing: Collection[str],
        zones: dict[str, str] | None = None,
    ) -> None:
        self.plan = plan
        self.pace = Pace(plan)
        self._attempts: dict[str, None] = {}
        self.succeeded: list[str] = []
        self.failed: list[str] = []
        self.bakes: list[tuple[str, int]] = []
        self.in_service = set(in_service)
        self.most_at_once = 0
        self._running: list[RunningBatch] = []
        self._failing = set(failing)
        self._zones = zones or {}
        self._zone_fleets = {
            wave.zone: Fleet(size=wave.zone_size, minimum_healthy=wave.zone_minimum_healthy)
            for wave in plan.waves
            if wave.zone
        }
        self.pace.next_wave()

    def run(
        self, schedule: Sequence[int] = TIMID, *, most_moves: int | None = None
    ) -> "Simulation":
        """Let one possible event after another happen, picked by `schedule` in a cycle."""
        picks = cycle(schedule)
        bound = 8 * len(self.plan.targets) + 8
        count = 0
        while moves := self._moves():
            if count == most_moves:
                break
            moves[next(picks) % len(moves)]()
            count += 1
            assert count <= bound, "the deployment does not end"
            self._check_shares()
        return self

    def stop(self) -> "Simulation":
        """End every host that is in progress, as a person's stop does."""
        for running in self._running:
            for host in list(running.in_progress):
                self._end(running, host, is_success=False)
        return self

    @property
    def attempts(self) -> list[str]:
        """The instances that were started, in order."""
        return list(self._attempts)

    @property
    def touched(self) -> dict[str, bool]:
        """Each attempted instance, and whether it serves now."""
        return {host: host in self.in_service for host in self.attempts}

    @property
    def untried(self) -> list[str]:
        """The targets that were never started."""
        return [host for host in self.plan.targets if host not in self._attempts]

    def _moves(self) -> list[Move]:
        """Return what may happen next: the most timid first, the greediest last."""
        moves = [move for running in self._running for move in self._ends_of(running)]
        moves += [
            partial(self._start, running)
            for running in self._running
            if running.waiting and running.fleet.can_spare_one
        ]
        if self.pace.can_start:
            moves.append(self._open)
        if not moves and self.pace.is_wave_over:
            return self._next_wave()
        return moves

    def _ends_of(self, running: RunningBatch) -> list[Move]:
        if running.is_over:
            return [partial(self._report, running)]
        return [
            partial(self._end, running, host, is_success=host not in self._failing)
            for host in running.in_progress
        ]

    def _next_wave(self) -> list[Move]:
        """Begin the next wave and return what may happen then; nothing at the end."""
        while True:
            finished = self.pace.wave
            if finished is not None and finished.bake_seconds and not self.pace.must_stop:
                self.bakes.append((finished.zone, finished.bake_seconds))
            if self.pace.next_wave() is None:
                return []
            if not self.pace.is_wave_over:
                return self._moves()

    def _open(self) -> None:
        batch = self.pace.start()
        fleet = Fleet(size=batch.share, minimum_healthy=0)
        self._running.append(RunningBatch(batch, fleet, list(batch.targets)))

    def _start(self, running: RunningBatch) -> None:
        host = running.waiting.pop(0)
        self._check_start(host)
        running.fleet = running.fleet.plus(in_progress=1)
        running.in_progress.append(host)
        self.in_service.discard(host)
        self._attempts[host] = None
        self.most_at_once = max(self.most_at_once, self._in_progress)

    def _end(self, running: RunningBatch, host: str, *, is_success: bool) -> None:
        running.in_progress.remove(host)
        running.fleet = running.fleet.plus(
            in_progress=-1, succeeded=int(is_success), failed=int(not is_success)
        )
        if is_success:
            self.in_service.add(host)
        for ended in (running, self):
            (ended.succeeded if is_success else ended.failed).append(host)

    def _report(self, running: RunningBatch) -> None:
        self._running.remove(running)
        self.pace.finish(running.batch, succeeded=running.succeeded, failed=running.failed)

    @property
    def _in_progress(self) -> int:
        return sum(len(running.in_progress) for running in self._running)

    def _check_start(self, host: str) -> None:
        assert host not in self._attempts, f"{host} is attempted twice"
        size, floor = self.plan.size, self.plan.minimum_healthy
        assert size - len(self.failed) > floor, f"{host} is started, though it has to stop"
        if host in self.in_service:
            assert len(self.in_service) > floor, f"{host} is taken from under the floor, {floor}"
            self._check_zone(self._zones.get(host, ""))

    def _check_zone(self, zone: str) -> None:
        if zone in self._zone_fleets:
            serving = sum(self._zones[host] == zone for host in self.in_service)
            assert serving > self._zone_fleets[zone].minimum_healthy, f"zone {zone} is breached"

    def _check_shares(self) -> None:
        fleet = self.pace.fleet
        assert fleet.in_progress >= self._in_progress
        assert fleet.in_progress + fleet.failed <= self.plan.size - self.plan.minimum_healthy

    def check_end(self) -> "Simulation":
        """Hold the end against the rule of the verdict, and against giving up too early."""
        assert not self._running
        assert self.pace.is_wave_over
        assert not self.untried or self._had_to_stop, f"it gave up before {self.untried[0]}"
        left_alone = self.plan.size - len(self.plan.targets)
        is_enough = len(self.succeeded) >= max(1, self.plan.minimum_healthy - left_alone)
        assert self.pace.is_success == (not self.untried and is_enough)
        return self

    @property
    def _had_to_stop(self) -> bool:
        counted = [(self.plan.size, self.plan.minimum_healthy, len(self.failed))]
        if self.untried[0] in self.in_service:
            size, floor, failed = counted[0]
            counted.append((size - self.plan.missing, floor, failed))
        for zone in {self._zones.get(host, "") for host in self.untried} & {*self._zone_fleets}:
            fleet = self._zone_fleets[zone]
            failed = sum(self._zones[host] == zone for host in self.failed)
            counted.append((fleet.size, fleet.minimum_healthy, failed))
        return any(size - failed <= floor for size, floor, failed in counted)


def batch_sizes(plan: Plan) -> list[int]:
    """Return how many instances each batch of a deployment without failures holds."""
    return [len(batch) for wave in plan.waves for batch in wave.batches]


def outcomes(plan: Plan, failing: Sequence[int]) -> Simulation:
    """Run `plan` with the instances at those places (from 1) failing, one event at a time."""
    targets = plan.targets
    return Simulation(
        plan, in_service=targets, failing=[targets[place - 1] for place in failing]
    ).run()
