"""Instances in a target group of an Application, Network or Gateway Load Balancer.

Source: Elastic Load Balancing API Reference, RegisterTargets, DeregisterTargets and TargetHealth.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from activities.aws import Aws, asking
from activities.balancer import Refusals, by_halves
from activities.translation import final
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.traffic_control import Reachability, Standing

_asking = partial(
    asking,
    otherwise=ErrorCode.ELASTIC_LOAD_BALANCING_INVALID,
    advice="Correct targetGroupInfoList of the deployment group, or create the target group.",
)
_NOT_REGISTERED, _NOT_IN_USE = "Target.NotRegistered", "Target.NotInUse"
_REACHABLE = {
    "initial": Reachability.STARTING,
    "healthy": Reachability.IN,
    "unavailable": Reachability.IN,  # health checks are off
    "draining": Reachability.DRAINING,
    "unhealthy.draining": Reachability.DRAINING,
}
_OUT = Standing(reachability=Reachability.OUT, reason="It is not registered.")

Described = Mapping[str, Any]
"""A target, or a target group, as AWS describes it."""


class TargetGroup:
    """A target group, by its name, whose targets are instances."""

    def __init__(self, aws: Aws, name: str, role_arn: str | None) -> None:
        self.name = f"target group {name}"
        self._named = name
        self._elb = aws.client("elbv2", role_arn)

    def standings(self, targets: Sequence[str]) -> dict[str, Standing]:
        """Return how each of the targets stands, from one description of the whole group."""
        standings = dict.fromkeys(targets, _OUT)
        for one in self._described():
            if one["Target"]["Id"] in standings:
                standings[one["Target"]["Id"]] = self._standing(one)
        return standings

    def deregister(self, targets: Sequence[str]) -> Refusals:
        """Deregister targets; AWS waits for their requests for the deregistration delay."""
        with _asking("elasticloadbalancing:DeregisterTargets", self._named):
            # Who is refused has been terminated, and AWS has deregistered it.
            by_halves(partial(self._call, self._elb.deregister_targets), targets, self._refusal)
        return {}

    def register(self, targets: Sequence[str]) -> Refusals:
        """Register targets on the port of the group; one that drains is taken back."""
        with _asking("elasticloadbalancing:RegisterTargets", self._named):
            call = partial(self._call, self._elb.register_targets)
            return by_halves(call, targets, self._refusal)

    @cached_property
    def _group(self) -> Described:
        with _asking("elasticloadbalancing:DescribeTargetGroups", self._named):
            (group,) = self._elb.describe_target_groups(Names=[self._named])["TargetGroups"]
        if group["TargetType"] != "instance":
            raise _wrong_type(self._named, group["TargetType"])
        found: Described = group
        return found

    @property
    def _refusal(self) -> type[Exception]:
        refusal: type[Exception] = self._elb.exceptions.InvalidTargetException
        return refusal

    def _call(self, operation: Any, targets: Iterable[str]) -> None:
        operation(
            TargetGroupArn=self._group["TargetGroupArn"],
            Targets=[{"Id": target, "Port": self._group["Port"]} for target in targets],
        )

    def _described(self) -> list[Described]:
        arn = self._group["TargetGroupArn"]
        with _asking("elasticloadbalancing:DescribeTargetHealth", self._named):
            answer = self._elb.describe_target_health(TargetGroupArn=arn)
        described: list[Described] = answer["TargetHealthDescriptions"]
        return sorted(described, key=self._is_elsewhere)

    def _is_elsewhere(self, one: Described) -> bool:
        """Whether a target is registered on another port than that of its group."""
        return bool(one["Target"].get("Port") != self._group["Port"])

    def _standing(self, one: Described) -> Standing:
        if self._is_elsewhere(one):
            return Standing(reachability=Reachability.UNKNOWN, reason=self._why_elsewhere(one))
        health = one["TargetHealth"]
        reason = health.get("Description") or health.get("Reason") or health["State"]
        return Standing(reachability=self._reachability(health), reason=reason)

    def _reachability(self, health: Described) -> Reachability:
        if health.get("Reason") == _NOT_REGISTERED:
            return Reachability.OUT
        # Behind no load balancer, nobody checks it, and it is as much in service as it can be.
        if health.get("Reason") == _NOT_IN_USE and not self._group["LoadBalancerArns"]:
            return Reachability.IN
        return _REACHABLE.get(health["State"], Reachability.FAILING)

    def _why_elsewhere(self, one: Described) -> str:
        return (
            f"It is registered on port {one['Target'].get('Port')}, and the group's own port is "
            f"{self._group['Port']}: it could not be put back as it was. Register it on the port "
            "of the group, or give the other port a target group of its own."
        )


def _wrong_type(name: str, target_type: str) -> Exception:
    return final(
        DeploymentFailure(
            ErrorCode.ELASTIC_LOAD_BALANCING_INVALID,
            f"The target group {name} has targets of the type {target_type}; expected instance. "
            "Correct targetGroupInfoList of the deployment group.",
        )
    )
