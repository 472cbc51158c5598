"""How an Auto Scaling group registers its instances with what is in front of it.

It does so when an instance enters service and when something is put in front, and only then: what
somebody else deregisters stays deregistered.

Source: Amazon EC2 Auto Scaling User Guide, "Use Elastic Load Balancing to distribute incoming
application traffic" and "Suspend and resume processes" (AddToLoadBalancer).
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from moto.autoscaling.models import FakeAutoScalingGroup
from moto.elb.models import LoadBalancer
from moto.elbv2.models import FakeTargetGroup

from tests.aws import balancer_instances, group_targets
from tests.aws.balancer_instances import IN_SERVICE
from tests.aws.group_members import Member, in_service, is_suspended
from tests.aws.target_health import HEALTHY, Target

ELB, ELBV2 = "elb", "elbv2"
"""Types of traffic sources."""


class Front(Protocol):
    """What sends traffic to instances."""

    def add(self, instance_id: str) -> None:
        """Register an instance."""

    def drain(self, instance_ids: Sequence[str]) -> None:
        """Deregister instances; those that are not registered are passed over."""

    def known(self) -> Iterable[str]:
        """Return the instances that are registered or drain."""

    def is_healthy(self, instance_id: str) -> bool:
        """Whether an instance that is known gets traffic."""


class _TargetGroup:
    def __init__(self, group: FakeTargetGroup) -> None:
        self._group = group

    def add(self, instance_id: str) -> None:
        group_targets.add(self._group, [self._target(instance_id)])

    def drain(self, instance_ids: Sequence[str]) -> None:
        group_targets.drain(self._group, map(self._target, instance_ids))

    def known(self) -> Iterable[str]:
        group_targets.look(self._group)
        return {target.id for target in group_targets.registrations(self._group).targets()}

    def is_healthy(self, instance_id: str) -> bool:
        return group_targets.health(self._group, self._target(instance_id)) == HEALTHY

    def _target(self, instance_id: str) -> Target:
        return Target(instance_id, int(self._group.port or 0))


class _ClassicBalancer:
    def __init__(self, balancer: LoadBalancer) -> None:
        self._balancer = balancer

    def add(self, instance_id: str) -> None:
        balancer_instances.add(self._balancer, [instance_id])

    def drain(self, instance_ids: Sequence[str]) -> None:
        balancer_instances.drain(self._balancer, instance_ids)

    def known(self) -> Iterable[str]:
        return balancer_instances.known(self._balancer)

    def is_healthy(self, instance_id: str) -> bool:
        return balancer_instances.state_of(self._balancer, instance_id) == IN_SERVICE


def attached(group: FakeAutoScalingGroup) -> list[str]:
    """Return what is in front of a group: ARNs of target groups, names of load balancers."""
    return [*group.target_group_arns, *group.load_balancer_names]


def type_of(identifier: str) -> str:
    """Return the type of a traffic source: target groups are known by ARN, the others by name."""
    return ELBV2 if identifier.startswith("arn:") else ELB


def front(group: FakeAutoScalingGroup, identifier: str) -> Front | None:
    """Return what is known by an ARN or name; none if it has been deleted."""
    backend = group.autoscaling_backend
    if type_of(identifier) == ELBV2:
        target_group = backend.elbv2_backend.target_groups.get(identifier)
        return _TargetGroup(target_group) if target_group else None
    balancer = backend.elb_backend.load_balancers.get(identifier)
    return _ClassicBalancer(balancer) if balancer else None


def fronts(group: FakeAutoScalingGroup) -> list[Front]:
    """Return everything in front of a group that is still there."""
    found = (front(group, identifier) for identifier in attached(group))
    return [one for one in found if one is not None]


def add(group: FakeAutoScalingGroup, member: Member) -> None:
    """Register an instance with everything in front of a group, unless that is suspended."""
    if not is_suspended(group, "AddToLoadBalancer"):
        for one in fronts(group):
            one.add(member.instance_id)


def remove(group: FakeAutoScalingGroup, member: Member) -> None:
    """Deregister an instance from everything in front of a group."""
    for one in fronts(group):
        one.drain([member.instance_id])


def holds(group: FakeAutoScalingGroup, member: Member) -> bool:
    """Whether something in front of a group knows an instance, be it that it drains."""
    return any(member.instance_id in one.known() for one in fronts(group))


def state(group: FakeAutoScalingGroup, identifier: str) -> str:
    """Return the state of an attachment: `Adding`, `Added` or, if one is healthy, `InService`."""
    there = front(group, identifier)
    ids = [member.instance_id for member in in_service(group)]
    if there is None or not ids:
        return "Added"
    if not set(ids) <= set(there.known()):
        return "Adding"
    return "InService" if any(there.is_healthy(one) for one in ids) else "Added"
