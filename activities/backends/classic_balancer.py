"""Instances behind a Classic Load Balancer.

Source: Elastic Load Balancing API Reference (2012-06-01), DescribeInstanceHealth and InstanceState.
"""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from activities.aws import Aws, asking
from activities.balancer import Refusals, by_halves, words_of
from codedeploy.errors import ErrorCode
from codedeploy.traffic_control import Reachability, Standing

_asking = partial(
    asking,
    otherwise=ErrorCode.ELASTIC_LOAD_BALANCING_INVALID,
    advice="Correct elbInfoList of the deployment group, or create the load balancer.",
)
_OUT = Standing(reachability=Reachability.OUT, reason="It is not registered.")
_MOST_STRANGERS = 3
_LEAVING = "deregistration currently in progress"
_GONE = "not currently registered"
_COMING = ("registration is still in progress", "has not passed the configured healthythreshold")

States = dict[str, Standing]


class ClassicBalancer:
    """A Classic Load Balancer, by its name."""

    def __init__(self, aws: Aws, name: str, role_arn: str | None) -> None:
        self.name = f"classic load balancer {name}"
        self._named = name
        self._elb = aws.client("elb", role_arn)

    def standings(self, targets: Sequence[str]) -> dict[str, Standing]:
        """Return how each of the targets stands; those that AWS does not know there are out."""
        with _asking("elasticloadbalancing:DescribeInstanceHealth", self._named):
            return dict.fromkeys(targets, _OUT) | self._known(targets)

    def deregister(self, targets: Sequence[str]) -> Refusals:
        """Deregister targets; AWS waits for their requests if connection draining is enabled."""
        call = partial(self._call, self._elb.deregister_instances_from_load_balancer)
        with _asking("elasticloadbalancing:DeregisterInstancesFromLoadBalancer", self._named):
            # Who is refused is not registered.
            by_halves(call, targets, self._refusal)
        return {}

    def register(self, targets: Sequence[str]) -> Refusals:
        """Register targets; one that drains is taken back."""
        call = partial(self._call, self._elb.register_instances_with_load_balancer)
        with _asking("elasticloadbalancing:RegisterInstancesWithLoadBalancer", self._named):
            return by_halves(call, targets, self._refusal)

    @property
    def _refusal(self) -> type[Exception]:
        refusal: type[Exception] = self._elb.exceptions.InvalidEndPointException
        return refusal

    def _call(self, operation: Any, targets: Sequence[str]) -> Any:
        return operation(
            LoadBalancerName=self._named, Instances=[{"InstanceId": one} for one in targets]
        )

    def _known(self, targets: Sequence[str], strangers: int = 0) -> States:
        """Return the states of targets, but for those that AWS does not know at all.

        It refuses the call for one of these and mostly says which. They are taken from the
        question, a few times; after that, all that are registered are asked for. That comes
        second, because an instance that drains is, for AWS, not registered any more.
        """
        if not targets:
            return {}
        try:
            return _states(self._call(self._elb.describe_instance_health, targets))
        except self._refusal as error:
            named = set(re.findall(r"[\w-]+", words_of(error)))
        left = [target for target in targets if target not in named]
        if strangers < _MOST_STRANGERS and len(left) < len(targets):
            return self._known(left, strangers + 1)
        registered = _states(self._elb.describe_instance_health(LoadBalancerName=self._named))
        return {target: registered[target] for target in targets if target in registered}


def _states(answer: Any) -> States:
    return {one["InstanceId"]: _standing(one) for one in answer["InstanceStates"]}


def _standing(one: Any) -> Standing:
    reason = one.get("Description") or one.get("ReasonCode") or one["State"]
    return Standing(reachability=_reachability(one["State"], reason.lower()), reason=reason)


def _reachability(state: str, reason: str) -> Reachability:
    # AWS tells these apart in its words only; a draining instance is InService.
    if _GONE in reason or state == "Unknown":
        return Reachability.OUT
    if _LEAVING in reason:
        return Reachability.DRAINING
    if state == "InService":
        return Reachability.IN
    is_coming = any(words in reason for words in _COMING)
    return Reachability.STARTING if is_coming else Reachability.FAILING
