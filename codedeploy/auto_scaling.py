"""Auto Scaling groups, as deployments to servers see them.

Source: Amazon EC2 Auto Scaling API Reference, AutoScalingGroup and LifecycleHook.
"""

import re
from enum import StrEnum

from pydantic import Field

from codedeploy.wire import Model

LAUNCH_HOOK_PREFIX = "CodeDeploy-managed-automatic-launch-deployment-hook"
TERMINATION_HOOK_PREFIX = "CodeDeploy-managed-automatic-termination-deployment-hook"
PENDING, IN_SERVICE = "Pending", "InService"

_NOT_IN_HOOK_NAMES = re.compile(r"[^A-Za-z0-9_/-]")
"""Source: Amazon EC2 Auto Scaling API Reference, PutLifecycleHook, LifecycleHookName."""


class Transition(StrEnum):
    """What an instance waits in, as the lifecycle hooks of its group call it."""

    LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
    TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"


class LifecycleActionResult(StrEnum):
    """What becomes of an instance that a hook holds."""

    CONTINUE = "CONTINUE"
    ABANDON = "ABANDON"


class ScalingInstance(Model):
    """An instance of an Auto Scaling group.

    Attributes:
        name: Its instance id.
        state: Of its life in the group, such as `InService` or `Pending:Wait`.
    """

    name: str
    zone: str = ""
    state: str
    is_healthy: bool = True

    @property
    def is_in_service(self) -> bool:
        """Whether it counts as one of the fleet now."""
        return self.state == IN_SERVICE and self.is_healthy

    @property
    def comes_or_serves(self) -> bool:
        """Whether it is in service, or on its way there, be that held by a hook."""
        return self.state.partition(":")[0] in (PENDING, IN_SERVICE)


class ScalingGroup(Model):
    """An Auto Scaling group as it was found.

    Attributes:
        suspended: The processes that are suspended.
        alarms: Those that somebody has made to start its scaling policies, by policy, if asked for.
        trouble: What keeps it from being as it should, if it is waited for.
    """

    name: str
    instances: tuple[ScalingInstance, ...] = ()
    suspended: tuple[str, ...] = ()
    target_group_arns: tuple[str, ...] = ()
    load_balancer_names: tuple[str, ...] = ()
    alarms: dict[str, tuple[str, ...]] = {}
    trouble: str = ""

    @property
    def in_service(self) -> tuple[str, ...]:
        """The names of the instances that are in service and healthy."""
        return tuple(one.name for one in self.instances if one.is_in_service)


class ScalingQuestion(Model):
    """Which Auto Scaling groups are meant, and in which role they are asked for.

    Attributes:
        with_alarms: Whether their scaling policies are looked at, too.
    """

    names: tuple[str, ...]
    with_alarms: bool = False
    role_arn: str | None = None


class GreenFleetOrder(Model):
    """A copy of an Auto Scaling group, to be made, waited for, or deleted.

    Attributes:
        source: The group that is copied.
        name: What the copy is called.
        size: How many instances it starts with.
        owner: The deployment that it is made for; the copy bears it as a tag.
    """

    source: str
    name: str
    size: int
    owner: str
    role_arn: str | None = None


class ProcessesOrder(Model):
    """Processes of an Auto Scaling group to suspend, or to resume."""

    auto_scaling_group: str
    processes: tuple[str, ...]
    role_arn: str | None = None


class AttachmentOrder(Model):
    """Load balancers to attach to an Auto Scaling group, or to detach from it."""

    auto_scaling_group: str
    target_group_arns: tuple[str, ...] = ()
    load_balancer_names: tuple[str, ...] = ()
    role_arn: str | None = None


class InstancesOrder(Model):
    """Instances to terminate."""

    names: tuple[str, ...]
    role_arn: str | None = None


class MembersOrder(Model):
    """Which instances of an Auto Scaling group stay, and no others."""

    auto_scaling_group: str
    names: tuple[str, ...]
    role_arn: str | None = None


class HooksOrder(Model):
    """The lifecycle hooks that a deployment group needs in its Auto Scaling groups.

    Attributes:
        deployment_group_name: Part of the hooks' names.
        deployment_group_id: Part of the hooks' names; no two deployment groups share one.
        names: The Auto Scaling groups.
        has_termination_hook: Whether instances are deployed to before they go, too.
        queue_arn: Where notices are sent; None sends none.
        queue_role_arn: The role in which Auto Scaling sends them.
    """

    deployment_group_name: str
    deployment_group_id: str
    names: tuple[str, ...]
    has_termination_hook: bool = False
    queue_arn: str | None = None
    queue_role_arn: str | None = None
    role_arn: str | None = None

    @property
    def launch_hook(self) -> str:
        """The name of the hook that holds instances which are launched."""
        return self._named(LAUNCH_HOOK_PREFIX)

    @property
    def termination_hook(self) -> str:
        """The name of the hook that holds instances which are terminated."""
        return self._named(TERMINATION_HOOK_PREFIX)

    @property
    def transitions(self) -> tuple[Transition, ...]:
        """In which transitions instances are held."""
        if self.has_termination_hook:
            return (Transition.LAUNCHING, Transition.TERMINATING)
        return (Transition.LAUNCHING,)

    def hook_of(self, transition: Transition) -> str:
        """Return the name of the hook that holds instances in a transition."""
        return self.launch_hook if transition is Transition.LAUNCHING else self.termination_hook

    def _named(self, prefix: str) -> str:
        """Return a name that hooks may have: those of deployment groups hold more characters."""
        name = _NOT_IN_HOOK_NAMES.sub("-", self.deployment_group_name)
        return f"{prefix}-{name}-{self.deployment_group_id}"


class HeldInstance(Model):
    """An instance that a lifecycle hook of ours holds."""

    auto_scaling_group: str
    name: str
    zone: str = ""
    transition: Transition

    @property
    def shown(self) -> str:
        """What it is called in messages."""
        return f"instance {self.name} of the Auto Scaling group {self.auto_scaling_group}"

    @property
    def is_launching(self) -> bool:
        """Whether it is on its way into service."""
        return self.transition is Transition.LAUNCHING


class HeldQuestion(Model):
    """Which instances do our hooks hold, other than those already known?

    Attributes:
        known: Those about whom something is done, or that are kept waiting.
        unanswered: Those of them that are told again after a while if they are still held.
    """

    hooks: HooksOrder
    known: tuple[HeldInstance, ...] = ()
    unanswered: tuple[HeldInstance, ...] = ()


class HeldReport(Model):
    """What has changed among the instances that our hooks hold.

    Attributes:
        arrived: Instances held that were not known, or still have no answer.
        gone: Instances known that are held no more, whoever let them go.
    """

    arrived: tuple[HeldInstance, ...] = ()
    gone: tuple[HeldInstance, ...] = ()

    @property
    def has_news(self) -> bool:
        """Whether anything has changed."""
        return bool(self.arrived or self.gone)


class OwedAnswer(Model):
    """What a lifecycle hook has yet to be told about an instance that it holds.

    Attributes:
        why: Why it could not be told; empty while that is tried.
    """

    result: LifecycleActionResult
    why: str = ""


class LifecycleActionOrder(Model):
    """What becomes of one held instance."""

    hooks: HooksOrder
    instance: HeldInstance
    result: LifecycleActionResult = Field(default=LifecycleActionResult.CONTINUE)
