"""Requests that put something in front of an Auto Scaling group, and take it away.

Source: Amazon EC2 Auto Scaling API Reference, AttachTrafficSources, AttachLoadBalancers,
AttachLoadBalancerTargetGroups, and those that detach and describe.

What is detached is gone from the group at once, but described as `Removing` until its instances
have drained there.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

from tests.aws.extension import Method, add, replace
from tests.aws.group_members import group_of, in_service, is_suspended, members
from tests.aws.group_traffic import ELBV2, attached, front, state, type_of

_ARNS, _NAMES = "TargetGroupARNs", "LoadBalancerNames"
_REMOVING = "Removing"


def install() -> None:
    """Add it to moto, in this process."""
    response = AutoScalingResponse
    for parameter, of in ((_ARNS, "load_balancer_target_groups"), (_NAMES, "load_balancers")):
        replace(response, f"attach_{of}", _answering(attach, parameter))
        replace(response, f"detach_{of}", _answering(detach, parameter))
    replace(response, "describe_load_balancer_target_groups", lambda _: _describe_target_groups)
    replace(response, "describe_load_balancers", lambda _: _describe_balancers)
    add(response, "attach_traffic_sources", _attach_sources)
    add(response, "detach_traffic_sources", _detach_sources)
    add(response, "describe_traffic_sources", _describe_sources)
    shown = property(lambda group: [_source(one) for one in attached(group)])
    add(FakeAutoScalingGroup, "traffic_sources", shown)  # type: ignore[arg-type]


def attach(group: FakeAutoScalingGroup, identifiers: Iterable[str]) -> None:
    """Put something in front of a group, and register who is in service there."""
    wanted = list(identifiers)
    check(group, wanted)
    for identifier in wanted:
        kept = _kept(group, identifier)
        there = front(group, identifier)
        if identifier in kept or there is None:
            continue
        kept.append(identifier)
        for member in [] if is_suspended(group, "AddToLoadBalancer") else in_service(group):
            there.add(member.instance_id)


def detach(group: FakeAutoScalingGroup, identifiers: Iterable[str]) -> None:
    """Take something away from a group, and deregister all of its instances there."""
    for identifier in identifiers:
        kept = _kept(group, identifier)
        if identifier not in kept:
            raise ValidationError(
                f"Trying to remove {identifier}, which is not part of group {group.name}"
            )
        kept.remove(identifier)
        there = front(group, identifier)
        if there is not None:
            ids = [member.instance_id for member in members(group)]
            there.drain(ids)
            _detached(group)[identifier] = ids


def check(group: FakeAutoScalingGroup, identifiers: Iterable[str]) -> None:
    """Refuse what is not there."""
    for identifier in identifiers:
        if front(group, identifier) is None:
            what = "Target Groups" if type_of(identifier) == ELBV2 else "Load Balancers"
            raise ValidationError(
                f"Provided {what} may not be valid. Please ensure they exist and try again: "
                f"{identifier}"
            )


def sources_in(response: AutoScalingResponse) -> list[str]:
    """Return the traffic sources that a request names."""
    return [one["Identifier"] for one in response._get_param("TrafficSources", [])]


def _answering(change: Method, parameter: str) -> Method:
    def replacing(_: Method) -> Method:
        def answer(response: AutoScalingResponse) -> EmptyResult:
            change(group_of(response), response._get_param(parameter, []))
            return EmptyResult()

        return answer

    return replacing


def _attach_sources(response: AutoScalingResponse) -> EmptyResult:
    attach(group_of(response), sources_in(response))
    return EmptyResult()


def _detach_sources(response: AutoScalingResponse) -> EmptyResult:
    detach(group_of(response), sources_in(response))
    return EmptyResult()


def _describe_sources(response: AutoScalingResponse) -> ActionResult:
    group, wanted = group_of(response), response._get_param("TrafficSourceType")
    found = [
        _source(one) | {"State": state, "TrafficSource": one}
        for one, state in _states(group)
        if wanted in (None, type_of(one))
    ]
    return ActionResult({"TrafficSources": found})


def _describe_target_groups(response: AutoScalingResponse) -> ActionResult:
    found = [
        {"LoadBalancerTargetGroupARN": one, "State": state}
        for one, state in _states(group_of(response))
        if type_of(one) == ELBV2
    ]
    return ActionResult({"LoadBalancerTargetGroups": found})


def _describe_balancers(response: AutoScalingResponse) -> ActionResult:
    found = [
        {"LoadBalancerName": one, "State": state}
        for one, state in _states(group_of(response))
        if type_of(one) != ELBV2
    ]
    return ActionResult({"LoadBalancers": found})


def _states(group: FakeAutoScalingGroup) -> Iterator[tuple[str, str]]:
    """Yield what is in front of a group, and what was and has not finished, with its state."""
    there = attached(group)
    for one in there:
        yield one, state(group, one)
    for one, ids in _detached(group).items():
        left = None if one in there else front(group, one)
        if left is not None and not set(ids).isdisjoint(left.known()):
            yield one, _REMOVING


def _detached(group: FakeAutoScalingGroup) -> dict[str, list[str]]:
    """Return which instances were behind what is detached."""
    kept: dict[str, list[str]] = vars(group).setdefault("detached", {})
    return kept


def _source(identifier: str) -> dict[str, Any]:
    return {"Identifier": identifier, "Type": type_of(identifier)}


def _kept(group: FakeAutoScalingGroup, identifier: str) -> list[str]:
    if type_of(identifier) == ELBV2:
        return group.target_group_arns
    return group.load_balancer_names
