"""Instances that wait in Auto Scaling groups, and which of them wait for our hooks."""

from dataclasses import dataclass
from time import monotonic

from activities.aws import Aws
from activities.scaling_reader import ScalingReader, unless_gone
from codedeploy.auto_scaling import HeldInstance, HeldQuestion, HeldReport, Transition

MOST_ARRIVED = 50
"""How many arrivals one report tells of; others are told by the next."""

_WAITING = {
    "Pending:Wait": Transition.LAUNCHING,
    "Terminating:Wait": Transition.TERMINATING,
}

Key = tuple[str, str, Transition]


@dataclass(frozen=True)
class _Heartbeat:
    at: float
    is_taken: bool


class WaitingInstances:
    """Looks at the Auto Scaling groups of a question, and keeps their instances waiting for us.

    A group says that an instance waits, but not for which of its hooks. Whether it is ours tells
    the heartbeat: it is refused for an instance that our hook does not hold.

    Args:
        aws: Whose clients to use.
        question: Which instances are meant.
        heartbeat_seconds: How long a heartbeat counts, as does its refusal.
    """

    def __init__(self, aws: Aws, question: HeldQuestion, *, heartbeat_seconds: float) -> None:
        self._aws = aws
        self._hooks = question.hooks
        self._known = {_key(one): one for one in question.known}
        self._unanswered = {_key(one) for one in question.unanswered}
        self._heartbeat_seconds = heartbeat_seconds
        self._heartbeats: dict[Key, _Heartbeat] = {}

    @property
    def _reader(self) -> ScalingReader:
        # Not made before a look, which is on a thread: a first client takes its time.
        return ScalingReader(self._aws, self._hooks.role_arn)

    def look(self, *, again: bool = False) -> HeldReport:
        """Return what has changed.

        A look that AWS does not answer to the end is taken up again by the next.

        Args:
            again: Whether those without an answer count as arrived.
        """
        held = {_key(one): one for one in self._waiting() if self._is_held(one)}
        known = self._known.keys() - self._unanswered if again else self._known.keys()
        arrived = [one for key, one in held.items() if key not in known]
        return HeldReport(
            arrived=tuple(arrived[:MOST_ARRIVED]),
            gone=tuple(one for key, one in self._known.items() if key not in held),
        )

    def _waiting(self) -> list[HeldInstance]:
        return [
            HeldInstance(
                auto_scaling_group=group["AutoScalingGroupName"],
                name=instance["InstanceId"],
                zone=instance["AvailabilityZone"],
                transition=_WAITING[instance["LifecycleState"]],
            )
            for group in self._reader.named(self._hooks.names).values()
            for instance in group["Instances"]
            if _WAITING.get(instance["LifecycleState"]) in self._hooks.transitions
        ]

    def _is_held(self, instance: HeldInstance) -> bool:
        """Whether our hook holds an instance; keep it waiting if it is time."""
        now, last = monotonic(), self._heartbeats.get(_key(instance))
        if last is None or now - last.at >= self._heartbeat_seconds:
            last = _Heartbeat(now, is_taken=self._heartbeat(instance))
            self._heartbeats[_key(instance)] = last
        return last.is_taken

    def _heartbeat(self, instance: HeldInstance) -> bool:
        """Keep an instance waiting; return whether our hook holds it at all."""
        answer = unless_gone(
            self._reader.client,
            "RecordLifecycleActionHeartbeat",
            instance.shown,
            AutoScalingGroupName=instance.auto_scaling_group,
            LifecycleHookName=self._hooks.hook_of(instance.transition),
            InstanceId=instance.name,
        )
        return answer is not None


def _key(instance: HeldInstance) -> Key:
    return instance.auto_scaling_group, instance.name, instance.transition
