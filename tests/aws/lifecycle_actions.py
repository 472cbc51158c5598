"""The lifecycle actions that hold an instance on its way in or out, at a given time.

Nothing here knows moto, a clock or a network: every method is given the time.

Source: Amazon EC2 Auto Scaling API Reference, PutLifecycleHook, CompleteLifecycleAction and
RecordLifecycleActionHeartbeat; Amazon EC2 Auto Scaling User Guide, "How lifecycle hooks work".
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
TRANSITIONS = (LAUNCHING, TERMINATING)
CONTINUE, ABANDON = "CONTINUE", "ABANDON"
RESULTS = (CONTINUE, ABANDON)

WHEN_ASKED_TAG = "emulator:launches-when-asked"
"""The tag of a group whose instances stay `Pending` until somebody asks for its activities."""

_LONGEST_SECONDS = 172_800
_LONGEST_HEARTBEATS = 100


@dataclass(kw_only=True)
class LifecycleHook:
    """A hook of a group, with the members that DescribeLifecycleHooks shows."""

    lifecycle_hook_name: str
    auto_scaling_group_name: str
    lifecycle_transition: str
    heartbeat_timeout: int = 3600
    default_result: str = ABANDON
    notification_target_arn: str | None = None
    role_arn: str | None = None
    notification_metadata: str | None = None

    @property
    def global_timeout(self) -> int:
        """The seconds after which no heartbeat helps any more."""
        return min(_LONGEST_SECONDS, _LONGEST_HEARTBEATS * self.heartbeat_timeout)


@dataclass
class LifecycleAction:
    """One instance held by one hook."""

    hook: LifecycleHook
    began_at: float
    token: str = field(default_factory=lambda: str(uuid.uuid4()))

    def __post_init__(self) -> None:
        self.beat(self.began_at)

    def beat(self, now: float) -> None:
        """Begin the heartbeat timeout anew, but never beyond the global timeout."""
        last = self.began_at + self.hook.global_timeout
        self.ends_at = min(now + self.hook.heartbeat_timeout, last)


class LifecycleActions:
    """What one instance waits for.

    Attributes:
        abandoned: Why the transition was abandoned, in AWS's words; none if it was not.
    """

    def __init__(self) -> None:
        self._waiting: list[LifecycleAction] = []
        self.abandoned: str | None = None

    @property
    def are_over(self) -> bool:
        """Whether nothing holds the instance any more."""
        return not self._waiting

    def begin(self, hooks: Iterable[LifecycleHook], now: float) -> list[LifecycleAction]:
        """Wait for all of the hooks at once; return what each is told."""
        self._waiting = [LifecycleAction(hook, now) for hook in hooks]
        return list(self._waiting)

    def of(self, hook_name: str, token: str | None = None) -> LifecycleAction | None:
        """Return the action of a hook that is waited for, if it has this token."""
        for action in self._waiting:
            if action.hook.lifecycle_hook_name == hook_name and token in (None, action.token):
                return action
        return None

    def complete(self, action: LifecycleAction, result: str) -> None:
        """End an action; if it is abandoned, the others end with it."""
        self._end(action, result, f"Lifecycle Action Completed with {ABANDON} Result")

    def expire(self, now: float) -> None:
        """End each action that nobody completed in time with the default result of its hook."""
        for action in [one for one in self._waiting if one.ends_at <= now]:
            self._end(action, action.hook.default_result, "Heartbeat Timeout")

    def _end(self, action: LifecycleAction, result: str, reason: str) -> None:
        if action not in self._waiting:
            return
        self._waiting.remove(action)
        if result == ABANDON:
            self._waiting.clear()
            self.abandoned = (
                "Instance failed to complete user's Lifecycle Action: Lifecycle Action with token "
                f"{action.token} was abandoned: {reason}"
            )
