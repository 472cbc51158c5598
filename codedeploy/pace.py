"""Which batch may start now, with how large a share of the window, and when to stop trying.

The floor holds with several batches open because each batch is given a share of what the fleet
can spare and never has more instances out of service, or failed, than its share. What a batch did
not use comes back when it ends.
"""

from collections.abc import Collection

from codedeploy.fleet import BATCH_LIMIT, Fleet
from codedeploy.plan import Plan
from codedeploy.waves import Wave
from codedeploy.wire import Model

MOST_OPEN_BATCHES = 4
"""More open batches than this are slower, not faster: the server is the bottleneck."""


class Batch(Model):
    """Instances that are deployed to together.

    Attributes:
        number: Counted from 1 in the order of starting.
        share: How many of them may be out of service or failed at once.
    """

    number: int
    wave: Wave
    targets: tuple[str, ...]
    share: int


class Pace:
    """Walks the waves of a plan; told of every batch that ends, it says which may start.

    Args:
        plan: What is to be done.
        one_by_one: Never have two batches open (someone wants to be asked in between).

    Attributes:
        departed: How many instances have left the fleet meanwhile; they count as neither good nor
            bad, and the floor stays what it was.
    """

    def __init__(self, plan: Plan, *, one_by_one: bool = False) -> None:
        self._waves = list(plan.waves)
        self._most_open = 1 if one_by_one else MOST_OPEN_BATCHES
        self._zones: dict[str, Fleet] = {}
        self._missing = plan.missing
        self._target_count = len(plan.targets)
        self.untried: list[str] = []
        self.open: dict[int, Batch] = {}
        self.started = 0
        self.departed = 0
        self.fleet = plan.fleet
        self.wave: Wave | None = None

    def next_wave(self) -> Wave | None:
        """Begin the next wave and return it; None if there is none, or going on is forbidden."""
        if self.untried or not self._waves:
            return None
        self.wave = wave = self._waves.pop(0)
        self.untried = list(wave.targets)
        # What is out of service already may be deployed to, however few others are healthy.
        missing = self._missing if wave.is_in_service else 0
        self.fleet = self.fleet.model_copy(update={"missing": missing})
        self._zones.setdefault(
            wave.zone, Fleet(size=wave.zone_size, minimum_healthy=wave.zone_minimum_healthy)
        )
        return wave

    @property
    def must_stop(self) -> bool:
        """Whether instances are left untried and the failures forbid starting another."""
        if self.untried:
            return any(fleet.is_exhausted for fleet in self._counted)
        return bool(self._waves) and self.fleet.is_exhausted

    @property
    def can_start(self) -> bool:
        """Whether another batch of the wave may start now."""
        is_slot_free = len(self.open) < self._open_limit
        return bool(self.untried) and not self.must_stop and is_slot_free and self._spare > 0

    @property
    def is_wave_over(self) -> bool:
        """Whether nothing of the wave runs, and nothing of it can start any more."""
        return not self.open and (not self.untried or self.must_stop)

    @property
    def is_success(self) -> bool:
        """Whether every target was tried and enough of them succeeded."""
        is_all_tried = self.fleet.succeeded + self.fleet.failed >= self._target_count
        return is_all_tried and self.fleet.is_success

    @property
    def remaining(self) -> int:
        """How many targets are neither done nor in progress."""
        done = self.fleet.succeeded + self.fleet.failed
        return self._target_count - done - self.fleet.in_progress

    def start(self) -> Batch:
        """Open the next batch; `can_start` must hold."""
        assert self.wave is not None
        size = self.wave.batch_size
        targets, self.untried = tuple(self.untried[:size]), self.untried[size:]
        share = min(len(targets), self._spare)
        self.started += 1
        batch = Batch(number=self.started, wave=self.wave, targets=targets, share=share)
        self.open[batch.number] = batch
        self._count(batch, in_progress=share)
        return batch

    def finish(
        self,
        batch: Batch,
        *,
        succeeded: Collection[str],
        failed: Collection[str],
        departed: Collection[str] = (),
    ) -> None:
        """Close a batch; those of its targets that it never tried take their old places again."""
        del self.open[batch.number]
        self.departed += len(departed)
        self._target_count -= len(departed)
        self._count(batch, in_progress=-batch.share, succeeded=len(succeeded), failed=len(failed))
        returned = {*batch.targets} - {*succeeded, *failed, *departed}
        if returned:
            waiting = returned | {*self.untried}
            self.untried = [target for target in batch.wave.targets if target in waiting]

    def _count(
        self, batch: Batch, *, in_progress: int, succeeded: int = 0, failed: int = 0
    ) -> None:
        zone = batch.wave.zone
        change = {"in_progress": in_progress, "succeeded": succeeded, "failed": failed}
        self.fleet = self.fleet.plus(**change)
        self._zones[zone] = self._zones[zone].plus(**change)

    @property
    def _counted(self) -> tuple[Fleet, ...]:
        """The fleet, and the zone of the wave that is walked."""
        return (self.fleet, self._zones[self.wave.zone]) if self.wave else (self.fleet,)

    @property
    def _spare(self) -> int:
        return min(fleet.spare for fleet in self._counted)

    @property
    def _open_limit(self) -> int:
        window = min(fleet.window for fleet in self._counted)
        return self._most_open if window > BATCH_LIMIT else 1
