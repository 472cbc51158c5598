"""What is in front of an Auto Scaling group: attached and detached.

Source: Amazon EC2 Auto Scaling API Reference, AttachLoadBalancerTargetGroups, AttachLoadBalancers,
and those that detach and describe; User Guide, "Quotas" (10 a call).
"""

from dataclasses import dataclass

from activities.aws import Aws
from activities.scaling_reader import Described, ScalingReader, ask, is_being_deleted, listed
from codedeploy.auto_scaling import AttachmentOrder

_A_CALL = 10
_REMOVED = "Removed"


@dataclass(frozen=True)
class Kind:
    """How Auto Scaling speaks of one kind of load balancer.

    Attributes:
        actions: What `Attach`, `Detach` and `Describe` are followed by.
        member: Of requests, and of described groups.
        shown: Of described attachments.
    """

    actions: str
    member: str
    shown: str


TARGET_GROUPS = Kind("LoadBalancerTargetGroups", "TargetGroupARNs", "LoadBalancerTargetGroupARN")
CLASSIC = Kind("LoadBalancers", "LoadBalancerNames", "LoadBalancerName")


class Attachments:
    """The attachments that an order is about."""

    def __init__(self, aws: Aws, order: AttachmentOrder) -> None:
        self._name = order.auto_scaling_group
        self._reader = ScalingReader(aws, order.role_arn)
        self._ordered = (
            (TARGET_GROUPS, order.target_group_arns),
            (CLASSIC, order.load_balancer_names),
        )

    def attach(self) -> None:
        """Attach those of the order that are not."""
        found = self._reader.found(self._name)
        for kind, ordered in self._ordered:
            there = found.get(kind.member, ())
            self._change("Attach", kind, [one for one in ordered if one not in there])

    def detach(self) -> None:
        """Begin to detach those of the order that are attached; a group that is gone has none."""
        found = self._reader.find(self._name)
        if found is None or is_being_deleted(found):
            return
        for kind, ordered in self._ordered:
            there = found.get(kind.member, ())
            self._change("Detach", kind, [one for one in ordered if one in there])

    def left(self) -> tuple[str, ...]:
        """Return those of the order that are still in front of the group, and in which state."""
        found = self._reader.find(self._name)
        if found is None or is_being_deleted(found):
            return ()
        return tuple(
            f"{one[kind.shown]} ({one.get('State', '')})"
            for kind, ordered in self._ordered
            if ordered
            for one in self._described(kind)
            if one[kind.shown] in ordered and one.get("State") != _REMOVED
        )

    def _change(self, verb: str, kind: Kind, identifiers: list[str]) -> None:
        for start in range(0, len(identifiers), _A_CALL):
            some = {kind.member: identifiers[start : start + _A_CALL]}
            ask(self._reader.client, f"{verb}{kind.actions}", self._name, **some)

    def _described(self, kind: Kind) -> list[Described]:
        action = f"Describe{kind.actions}"
        return listed(self._reader.client, action, self._name, kind.actions)
