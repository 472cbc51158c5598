"""Listeners of load balancers, and the rules in them: described, and routed.

Source: Elastic Load Balancing API Reference, DescribeListeners, DescribeRules, ModifyListener,
ModifyRule and Action.
"""

from functools import partial
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.aws import Aws, asking
from codedeploy.ecs_service import (
    FORWARD,
    Action,
    Listener,
    ListenerRoute,
    ListenerRule,
    is_of_pair,
    routed,
    stickiness_of,
)
from codedeploy.errors import ErrorCode

Actions = tuple[Action, ...]

_asking = partial(asking, otherwise=ErrorCode.ELASTIC_LOAD_BALANCING_INVALID)
RULES_GONE = "RULES_GONE"
"""The detail of an error that is only about rules that somebody has deleted: they move nothing."""

_APPLICATION = "application"
_OIDC, _OIDC_CONFIG = "authenticate-oidc", "AuthenticateOidcConfig"


class Listeners:
    """What deployments ask of the load balancer before an ECS service."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def describe(self, arn: str, role_arn: str | None) -> Listener:
        """Return a listener with all its rules; reads only.

        Raises:
            ApplicationError: ELASTIC_LOAD_BALANCING_INVALID, it does not exist; final.
        """
        elb = self._aws.client("elbv2", role_arn)
        described = _described(elb, arn)
        balancer = described["LoadBalancerArn"]
        with _asking("elasticloadbalancing:DescribeLoadBalancers", balancer):
            (found,) = elb.describe_load_balancers(LoadBalancerArns=[balancer])["LoadBalancers"]
        return Listener(
            arn=arn,
            load_balancer_arn=balancer,
            load_balancer_type=found["Type"],
            port=described.get("Port", 0),
            actions=described["DefaultActions"],
            rules=_rules_of(elb, arn) if found["Type"] == _APPLICATION else (),
        )

    @activity.defn(name="route_listener")
    def route(self, route: ListenerRoute) -> None:
        """Let a listener, its rules included, divide its traffic as `route` says.

        Only what forwarded to one of the two target groups before the deployment is touched, and
        only where it differs from what is wanted: a second call changes nothing. What can be done
        is done, even if something else cannot.

        Raises:
            ApplicationError: ELASTIC_LOAD_BALANCING_INVALID, the listener or a rule of it is gone;
                with the detail `RULES_GONE` if that is all, and everything else was done.
        """
        elb = self._aws.client("elbv2", route.role_arn)
        now = self._actions_now(elb, route)
        failures = []
        for arn, actions in _due(route, now).items():
            try:
                if arn not in now:
                    raise _missing(arn, route)
                if now[arn] != actions:
                    _modify(elb, arn, actions)
            except ApplicationError as failure:
                failures.append(failure)
        if failures:
            raise _together(failures)

    def _actions_now(self, elb: Any, route: ListenerRoute) -> dict[str, Actions]:
        """Return what the listener and its rules do now, by their ARNs."""
        listener = route.before.arn
        now = {listener: acceptable(tuple(_described(elb, listener)["DefaultActions"]))}
        if route.before.rules:
            now |= {rule.arn: acceptable(rule.actions) for rule in _rules_of(elb, listener)}
        return now


def acceptable(actions: Actions) -> Actions:
    """Return actions that were described as they can be given back; equal ones look equal.

    A forward to one group is described in two ways at once, and a client secret is not told: the
    listener is to keep the one it has.
    """
    return tuple(_acceptable(action) for action in actions)


def _acceptable(action: Action) -> Action:
    if action["Type"] == _OIDC:
        return action | {_OIDC_CONFIG: action[_OIDC_CONFIG] | {"UseExistingClientSecret": True}}
    return _forward(action) if action["Type"] == FORWARD else action


def _forward(action: Action) -> Action:
    config = action.get("ForwardConfig") or {}
    groups = [
        {"TargetGroupArn": group["TargetGroupArn"], "Weight": group.get("Weight", 1)}
        for group in config.get("TargetGroups") or [action]
    ]
    kept = {key: action[key] for key in ("Type", "Order") if key in action}
    sticky = stickiness_of(action)
    if len(groups) == 1 and groups[0]["Weight"] == 1 and not sticky:
        # A Network Load Balancer takes no weights, not even the one it describes.
        return kept | {"TargetGroupArn": groups[0]["TargetGroupArn"]}
    return kept | {"ForwardConfig": {"TargetGroups": groups, **sticky}}


def _wanted(route: ListenerRoute) -> dict[str, Actions]:
    """Return what the listener and its rules are to do, by their ARNs; no others are touched."""
    return {
        arn: acceptable(routed(actions, route))
        for arn, actions in route.before.all_actions.items()
        if is_of_pair(actions, route)
    }


def _due(route: ListenerRoute, now: dict[str, Actions]) -> dict[str, Actions]:
    """Return what the listener and its rules are to do, but for those to be left as they are."""
    wanted = _wanted(route)
    if not route.only_detaches:
        return wanted
    attached = _wanted(route.model_copy(update={"keeps_both": True}))
    return {arn: actions for arn, actions in wanted.items() if now.get(arn) == attached[arn]}


def _modify(elb: Any, arn: str, actions: Actions) -> None:
    if ":listener-rule/" in arn:
        with _asking("elasticloadbalancing:ModifyRule", arn):
            elb.modify_rule(RuleArn=arn, Actions=list(actions))
    else:
        with _asking("elasticloadbalancing:ModifyListener", arn):
            elb.modify_listener(ListenerArn=arn, DefaultActions=list(actions))


def _described(elb: Any, arn: str) -> dict[str, Any]:
    with _asking("elasticloadbalancing:DescribeListeners", arn):
        (described,) = elb.describe_listeners(ListenerArns=[arn])["Listeners"]
    found: dict[str, Any] = described
    return found


def _rules_of(elb: Any, arn: str) -> tuple[ListenerRule, ...]:
    with _asking("elasticloadbalancing:DescribeRules", arn):
        pages = elb.get_paginator("describe_rules").paginate(ListenerArn=arn)
        rules = pages.build_full_result()["Rules"]
    return tuple(
        ListenerRule(arn=rule["RuleArn"], actions=rule["Actions"])
        for rule in rules
        if not rule["IsDefault"]
    )


def _missing(arn: str, route: ListenerRoute) -> ApplicationError:
    return ApplicationError(
        f"The rule {arn} is no longer in the listener {route.before.arn}: somebody has deleted "
        "it since the deployment began. What else the listener does is as it should be; "
        "create the rule again, if it is needed.",
        RULES_GONE,
        type=ErrorCode.ELASTIC_LOAD_BALANCING_INVALID,
        non_retryable=True,
    )


def _together(failures: list[ApplicationError]) -> ApplicationError:
    """Return one error for all; it is tried again if that may help one of them."""
    first = min(failures, key=lambda failure: failure.non_retryable)
    is_all = all(RULES_GONE in failure.details for failure in failures)
    return ApplicationError(
        " ".join(failure.message for failure in failures),
        *([RULES_GONE] if is_all else []),
        type=first.type,
        non_retryable=first.non_retryable,
    )
