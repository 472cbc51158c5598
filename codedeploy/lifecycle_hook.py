"""The lifecycle hooks that Auto Scaling groups need, and where those they have differ.

Source: Amazon EC2 Auto Scaling API Reference, LifecycleHook; its User Guide, Quotas for Auto
Scaling resources and groups; CodeDeploy User Guide, Integrating CodeDeploy with Amazon EC2 Auto
Scaling.
"""

import json
import re
from collections.abc import Iterable

from codedeploy.auto_scaling import HooksOrder, LifecycleActionResult, Transition
from codedeploy.wire import Model

HEARTBEAT_SECONDS = 900
"""How long an instance is held after the last sign of life of the control plane."""

MOST_HOOKS = 50
"""How many an Auto Scaling group may have; nobody can have this raised."""

_DEFAULT_RESULTS = {
    Transition.LAUNCHING: LifecycleActionResult.ABANDON,
    Transition.TERMINATING: LifecycleActionResult.CONTINUE,
}
_WITHOUT = {
    Transition.LAUNCHING: "instances that the group launches enter service without a deployment",
    Transition.TERMINATING: "instances that the group terminates go without a deployment",
}
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class LifecycleHook(Model):
    """A lifecycle hook of an Auto Scaling group.

    Attributes:
        transition: In which instances are held, as Auto Scaling calls it.
        default_result: What becomes of an instance for which nobody answers in time.
        metadata: What notices say beside the rest.
    """

    name: str
    transition: str
    heartbeat_seconds: int = HEARTBEAT_SECONDS
    default_result: str
    queue_arn: str | None = None
    queue_role_arn: str | None = None
    metadata: str | None = None

    def differences(self, found: "LifecycleHook") -> tuple[str, ...]:
        """Return in what `found` is not as this hook, in Auto Scaling's words."""
        pairs = {
            "LifecycleTransition": (found.transition, self.transition),
            "HeartbeatTimeout": (found.heartbeat_seconds, self.heartbeat_seconds),
            "DefaultResult": (found.default_result, self.default_result),
            "NotificationTargetARN": (found.queue_arn, self.queue_arn),
            "NotificationMetadata": (found.metadata, self.metadata),
        }
        if self.queue_arn:
            # Without a queue nobody acts in the role, which may then stay.
            pairs["RoleARN"] = (found.queue_role_arn, self.queue_role_arn)
        return tuple(
            f"{name} {is_ or 'none'} instead of {expected or 'none'}"
            for name, (is_, expected) in pairs.items()
            if is_ != expected
        )


class HookDrift(Model):
    """Something about the hooks of an Auto Scaling group that is not as it should be.

    Attributes:
        problem: The end of a sentence about the hook.
        wanted: What to put; None if the hook should not be there at all.
        is_ours: Whether it may be touched.
        is_new: Whether there is no such hook yet.
    """

    auto_scaling_group: str
    name: str
    problem: str
    wanted: LifecycleHook | None = None
    is_ours: bool = True
    is_new: bool = False

    @property
    def sentence(self) -> str:
        """What is wrong, for a person."""
        return f"{self._subject} is {self.problem}."

    @property
    def repaired(self) -> str:
        """What was wrong and has been done about it, for a person."""
        if not self.is_ours:
            return self.sentence
        done = "deleted" if self.wanted is None else "put"
        return f"{self._subject} was {self.problem}. It has been {done}."

    @property
    def _subject(self) -> str:
        return f"The lifecycle hook {self.name} of the Auto Scaling group {self.auto_scaling_group}"


def wanted_hooks(order: HooksOrder) -> tuple[LifecycleHook, ...]:
    """Return the hooks that each Auto Scaling group of an order should have."""
    return tuple(
        LifecycleHook(
            name=order.hook_of(transition),
            transition=transition,
            default_result=_DEFAULT_RESULTS[transition],
            queue_arn=order.queue_arn,
            queue_role_arn=order.queue_role_arn if order.queue_arn else None,
            metadata=_metadata_of(order),
        )
        for transition in order.transitions
    )


def has_room(order: HooksOrder, hooks: Iterable[LifecycleHook]) -> bool:
    """Return whether the hooks of an order can be put beside those that a group has."""
    names = {hook.name for hook in (*hooks, *wanted_hooks(order))}
    return len(names) <= MOST_HOOKS


def drifts(order: HooksOrder, group: str, hooks: Iterable[LifecycleHook]) -> tuple[HookDrift, ...]:
    """Return what is to be done about the hooks of one Auto Scaling group.

    Hooks that bear the deployment group's name with another id are told, and nothing is done about
    them: they may be another control plane's, or those of a namesake in another application.
    """
    found = {hook.name: hook for hook in hooks}
    wanted = [_drift(group, hook, found.get(hook.name)) for hook in wanted_hooks(order)]
    others = [_unwanted(order, group, hook) for hook in found.values()]
    return tuple(drift for drift in wanted + others if drift is not None)


def _drift(group: str, wanted: LifecycleHook, found: LifecycleHook | None) -> HookDrift | None:
    if found is None:
        problem = f"missing: {_WITHOUT[Transition(wanted.transition)]}"
    elif differences := wanted.differences(found):
        problem = f"not as it should be: {', '.join(differences)}"
    else:
        return None
    return HookDrift(
        auto_scaling_group=group,
        name=wanted.name,
        problem=problem,
        wanted=wanted,
        is_new=found is None,
    )


def _unwanted(order: HooksOrder, group: str, found: LifecycleHook) -> HookDrift | None:
    if found.name == order.termination_hook and not order.has_termination_hook:
        problem = "not wanted: terminationHookEnabled is off"
        return HookDrift(auto_scaling_group=group, name=found.name, problem=problem)
    if _is_namesakes(order, found.name):
        problem = (
            "that of another deployment group of the same name, or left over from one. If nobody "
            "answers for it, it holds up every instance; delete it then: aws autoscaling "
            f"delete-lifecycle-hook --auto-scaling-group-name {group} --lifecycle-hook-name "
            f"{found.name}"
        )
        return HookDrift(auto_scaling_group=group, name=found.name, problem=problem, is_ours=False)
    return None


def _is_namesakes(order: HooksOrder, name: str) -> bool:
    ours = (order.launch_hook, order.termination_hook)
    prefixes = [one.removesuffix(order.deployment_group_id) for one in ours]
    return name not in ours and any(
        name.startswith(prefix) and _ID.fullmatch(name.removeprefix(prefix)) for prefix in prefixes
    )


def _metadata_of(order: HooksOrder) -> str:
    named = {
        "deploymentGroupName": order.deployment_group_name,
        "deploymentGroupId": order.deployment_group_id,
    }
    return json.dumps(named)
