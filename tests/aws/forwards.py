"""Forward actions of listeners and rules: which ones are refused, and how they are shown.

Source: Elastic Load Balancing API Reference, Action and ForwardActionConfig; the sentences for
network load balancers are AWS's own, as users report them.

Differs from AWS: since November 2025 network load balancers take several weighted target groups.
Here they do not, as CodeDeploy knows them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from moto.elbv2.exceptions import InvalidLoadBalancerActionException, ValidationError

NETWORK = "network"
MOST_TARGET_GROUPS = 5
HEAVIEST = 999
_DEFAULT_WEIGHT = 1

Action = dict[str, Any]


def shown(actions: Iterable[Action], load_balancer_type: str) -> list[Action]:
    """Return actions as AWS shows them: a forward to one group is told in both ways.

    What is shown is accepted again, so that a listener can be put back as it was described.
    """
    return [
        _shown_forward(action, load_balancer_type) if action["Type"] == "forward" else action
        for action in actions
    ]


def target_groups(actions: Iterable[Action]) -> list[str]:
    """Return the target groups that actions forward to, each once, whatever their weight."""
    configurations = (action.get("ForwardConfig") or {} for action in actions)
    groups = (group for one in configurations for group in one.get("TargetGroups", []))
    return list(dict.fromkeys(group["TargetGroupArn"] for group in groups))


def _shown_forward(action: Action, load_balancer_type: str) -> Action:
    groups = _groups(action)
    _check(groups)
    configuration: dict[str, Any]
    if load_balancer_type == NETWORK:
        _check_network(groups)
        configuration = {"TargetGroups": [dict(group) for group in groups]}
    else:
        sticky = (action.get("ForwardConfig") or {}).get("TargetGroupStickinessConfig")
        configuration = {
            "TargetGroups": [{"Weight": _DEFAULT_WEIGHT, **group} for group in groups],
            "TargetGroupStickinessConfig": sticky or {"Enabled": False},
        }
    others = {key: value for key, value in action.items() if key != "TargetGroupArn"}
    only = {"TargetGroupArn": groups[0]["TargetGroupArn"]} if len(groups) == 1 else {}
    return {**others, **only, "ForwardConfig": configuration}


def _groups(action: Action) -> list[Mapping[str, Any]]:
    """Return the groups of a forward, whichever way it names them."""
    arn = action.get("TargetGroupArn")
    groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    if arn is None:
        return list(groups)
    if groups and [group["TargetGroupArn"] for group in groups] != [arn]:
        raise InvalidLoadBalancerActionException(
            "A forward with both TargetGroupArn and ForwardConfig must name one target group, "
            f"the same in both; TargetGroupArn is '{arn}'"
        )
    return list(groups) or [{"TargetGroupArn": arn}]


def _check(groups: list[Mapping[str, Any]]) -> None:
    """Refuse what no load balancer takes."""
    arns = [group["TargetGroupArn"] for group in groups]
    if not arns:
        raise ValidationError("A target group must be specified for a forward action")
    if len(arns) > MOST_TARGET_GROUPS or len(set(arns)) < len(arns):
        raise InvalidLoadBalancerActionException(
            f"A forward action takes 1 to {MOST_TARGET_GROUPS} different target groups"
        )
    for weight in (group.get("Weight") for group in groups):
        if weight is not None and not 0 <= int(weight) <= HEAVIEST:
            raise ValidationError(
                f"1 validation error detected: Value '{weight}' at 'weight' failed to satisfy "
                f"constraint: Member must be between 0 and {HEAVIEST}"
            )


def _check_network(groups: list[Mapping[str, Any]]) -> None:
    """Refuse what only an application load balancer takes."""
    if len(groups) > 1:
        raise ValidationError(
            "You cannot specify multiple target groups in a single action with a load balancer "
            f"of type '{NETWORK}'"
        )
    if "Weight" in groups[0]:
        raise ValidationError(
            f"You cannot specify a target group weight on load balancers of type '{NETWORK}'"
        )
