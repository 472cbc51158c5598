"""What moto lacks of Elastic Load Balancing v2: forwards that are checked, and targets that live.

Which load balancers a target group belongs to is not recorded but read from the listeners and
rules there are, so it is right after every change. Targets are in `group_targets`.

Source: Elastic Load Balancing API Reference, CreateListener, ModifyListener, CreateRule and
ModifyRule.
"""

from collections.abc import Iterator
from typing import Any

from moto.elbv2.exceptions import (
    DuplicateListenerError,
    ELBClientError,
    ListenerNotFoundError,
    LoadBalancerNotFoundError,
)
from moto.elbv2.models import (
    ELBv2Backend,
    FakeAction,
    FakeListener,
    FakeLoadBalancer,
    FakeRule,
    FakeTargetGroup,
    elbv2_backends,
)

from tests.aws import group_targets
from tests.aws.extension import Method, replace
from tests.aws.forwards import Action, shown, target_groups


def install() -> None:
    """Add it to moto, in this process."""
    replace(ELBv2Backend, "create_listener", _create_checked_listener)
    replace(ELBv2Backend, "modify_listener", _modify_checked_listener)
    replace(ELBv2Backend, "create_rule", _create_checked_rule)
    replace(ELBv2Backend, "modify_rule", _modify_checked_rule)
    replace(ELBv2Backend, "describe_listeners", _describe_every_listener)
    replace(FakeAction, "__init__", lambda _: _keep_action)
    # moto appends to this list and never takes away; what it sets is forgotten.
    in_use_by = property(_load_balancer_arns, lambda group, value: None)
    setattr(FakeTargetGroup, "load_balancer_arns", in_use_by)  # noqa: B010 - the class has none
    group_targets.install()


# --- listeners and rules


def _create_checked_listener(original: Method) -> Method:
    def create_listener(
        backend: ELBv2Backend, load_balancer_arn: str, **wanted: Any
    ) -> FakeListener:
        balancer = backend.load_balancers.get(load_balancer_arn)
        if balancer is None:
            raise LoadBalancerNotFoundError
        if wanted["port"] in [listener.port for listener in _listeners(balancer)]:
            raise DuplicateListenerError
        wanted["actions"] = _accepted(backend, balancer, wanted["actions"])
        listener: FakeListener = original(backend, load_balancer_arn, **wanted)
        return listener

    return create_listener


def _modify_checked_listener(original: Method) -> Method:
    def modify_listener(backend: ELBv2Backend, arn: str, *changes: Any) -> FakeListener:
        *others, actions = changes
        accepted = _accepted(backend, _balancer_of(backend, arn), actions)
        listener: FakeListener = original(backend, arn, *others, accepted)
        return listener

    return modify_listener


def _create_checked_rule(original: Method) -> Method:
    def create_rule(backend: ELBv2Backend, listener_arn: str, **wanted: Any) -> FakeRule:
        wanted["actions"] = _accepted(
            backend, _balancer_of(backend, listener_arn), wanted["actions"]
        )
        rule: FakeRule = original(backend, listener_arn, **wanted)
        return rule

    return create_rule


def _modify_checked_rule(original: Method) -> Method:
    def modify_rule(backend: ELBv2Backend, rule_arn: str, **changes: Any) -> FakeRule:
        (rule,) = backend.describe_rules(None, [rule_arn])
        balancer = _balancer_of(backend, rule.listener_arn)
        changes["actions"] = _accepted(backend, balancer, changes["actions"])
        modified: FakeRule = original(backend, rule_arn, **changes)
        return modified

    return modify_rule


def _describe_every_listener(original: Method) -> Method:
    """moto leaves out listeners that are not there, if another one is."""

    def describe_listeners(
        backend: ELBv2Backend, load_balancer_arn: str | None, listener_arns: list[str]
    ) -> list[FakeListener]:
        found: list[FakeListener] = original(backend, load_balancer_arn, listener_arns)
        if listener_arns and len(found) < len(set(listener_arns)):
            raise ListenerNotFoundError
        return found

    return describe_listeners


def _keep_action(action: FakeAction, wanted: Action) -> None:
    """Keep an action as it was accepted; moto would add a weight to it, on any load balancer."""
    action.data = wanted
    action.type = wanted["Type"]
    vars(action).update(wanted)


def _accepted(
    backend: ELBv2Backend, balancer: FakeLoadBalancer, actions: list[Action]
) -> list[Action]:
    """Return actions as they will be shown, or refuse them."""
    accepted = shown(actions, balancer.type)
    backend._validate_actions([FakeAction(action) for action in accepted])
    for arn in target_groups(accepted):
        others = set(backend.target_groups[arn].load_balancer_arns) - {balancer.arn}
        if others:
            raise ELBClientError(
                "TargetGroupAssociationLimit",
                "The following target groups cannot be associated with more than one load "
                f"balancer: {arn}",
            )
    return accepted


def _balancer_of(backend: ELBv2Backend, listener_arn: str) -> FakeLoadBalancer:
    (listener,) = backend.describe_listeners(None, [listener_arn])
    return backend.load_balancers[listener.load_balancer_arn]


# --- what a target group is used by


def _load_balancer_arns(group: FakeTargetGroup) -> list[str]:
    backend = elbv2_backends[group.account_id][group.region_name]
    balancers = list(backend.load_balancers.values())
    return [balancer.arn for balancer in balancers if group.arn in _forwarded_to(balancer)]


def _forwarded_to(balancer: FakeLoadBalancer) -> Iterator[str]:
    """Yield the target groups that a load balancer forwards to, whatever their weight."""
    for listener in _listeners(balancer):
        for rule in listener.rules.values():
            yield from target_groups(action.data for action in rule.actions)


def _listeners(balancer: FakeLoadBalancer) -> list[FakeListener]:
    return list(balancer.listeners.values())
