"""An ECS service whose tasks a deployment replaces, and the load balancer before it.

Source: CodeDeploy User Guide, Deployments on an Amazon ECS compute platform; ECS API Reference,
TaskSet; Elastic Load Balancing API Reference, Action.
"""

from collections.abc import Iterable
from typing import Any

from codedeploy.appspec import AwsvpcConfiguration, CapacityProvider
from codedeploy.task_definition import TaskDefinition
from codedeploy.wire import Model

PRIMARY = "PRIMARY"
ACTIVE = "ACTIVE"
DRAINING = "DRAINING"
STEADY_STATE = "STEADY_STATE"
EXTERNAL = "EXTERNAL"
FORWARD = "forward"
_STICKINESS = "TargetGroupStickinessConfig"

Action = dict[str, Any]
"""An action of a listener or a rule, as Elastic Load Balancing describes it: put back as it was."""


class ServiceQuestion(Model):
    """Which service, behind which load balancer.

    Attributes:
        task_definition: The one that is to be deployed, by its ARN; None asks for none.
    """

    cluster: str
    service: str
    target_groups: tuple[str, ...]
    production_listener: str
    test_listener: str | None = None
    task_definition: str | None = None
    role_arn: str | None = None


class TaskSet(Model):
    """Tasks of one task definition in a service.

    Attributes:
        status: PRIMARY, ACTIVE or DRAINING.
        external_id: The deployment that created it.
        trouble: Why its tasks do not run or cannot take traffic, in the words of AWS; empty if
            nothing is known to be wrong.
    """

    id: str
    arn: str
    status: str = PRIMARY
    task_definition: str = ""
    external_id: str = ""
    stability_status: str = STEADY_STATE
    desired_count: int = 0
    pending_count: int = 0
    running_count: int = 0
    target_group_arns: tuple[str, ...] = ()
    launch_type: str | None = None
    platform_version: str | None = None
    network: AwsvpcConfiguration | None = None
    capacity_provider_strategy: tuple[CapacityProvider, ...] = ()
    service_registries: tuple[dict[str, Any], ...] = ()
    trouble: str = ""

    @property
    def is_steady(self) -> bool:
        """Whether all its tasks run, and ECS is content with them."""
        return self.stability_status == STEADY_STATE and self.running_count == self.desired_count


class Service(Model):
    """A service as ECS describes it.

    Attributes:
        deployment_controller: Only EXTERNAL lets anybody but AWS manage task sets.
    """

    cluster_arn: str
    service_arn: str
    name: str
    cluster: str
    status: str = "ACTIVE"
    deployment_controller: str = "ECS"
    scheduling_strategy: str = "REPLICA"
    desired_count: int = 0
    task_sets: tuple[TaskSet, ...] = ()

    @property
    def full_name(self) -> str:
        """`cluster:service`, the id of the target in CodeDeploy's API."""
        return f"{self.cluster}:{self.name}"


class TargetGroup(Model):
    """A target group, as Elastic Load Balancing describes it."""

    name: str
    arn: str
    load_balancer_arns: tuple[str, ...] = ()


class ListenerRule(Model):
    """A rule of a listener, with what it does now."""

    arn: str
    actions: tuple[Action, ...]


class Listener(Model):
    """A listener with what it does now, so that it can be put back exactly.

    Attributes:
        rules: All but the default, which `actions` stands for.
    """

    arn: str
    load_balancer_arn: str
    load_balancer_type: str = "application"
    port: int = 0
    actions: tuple[Action, ...]
    rules: tuple[ListenerRule, ...] = ()

    @property
    def all_actions(self) -> dict[str, tuple[Action, ...]]:
        """What the listener itself does, and each of its rules, by their ARNs."""
        return {self.arn: self.actions} | {rule.arn: rule.actions for rule in self.rules}

    @property
    def target_groups(self) -> frozenset[str]:
        """The ARNs of the target groups that it forwards to, by whatever rule."""
        return frozenset().union(*map(target_groups_of, self.all_actions.values()))

    @property
    def serving(self) -> frozenset[str]:
        """The ARNs of the target groups that get any of its traffic."""
        actions = (action for found in self.all_actions.values() for action in found)
        return frozenset(
            group["TargetGroupArn"]
            for action in actions
            if action.get("Type") == FORWARD
            for group in _weighted(action)
        )

    @property
    def is_weighted(self) -> bool:
        """Whether it can divide its traffic; a Network Load Balancer cannot."""
        return self.load_balancer_type == "application"

    @property
    def settled(self) -> "Listener":
        """The listener as it is once the target groups that get nothing are detached."""
        rules = (
            rule.model_copy(update={"actions": tuple(map(_settled, rule.actions))})
            for rule in self.rules
        )
        return self.model_copy(
            update={"actions": tuple(map(_settled, self.actions)), "rules": tuple(rules)}
        )


class ServiceDescription(Model):
    """All that was found out about a service before a deployment.

    Attributes:
        target_groups: Those that exist, of the names asked for.
        task_definition: None if none was asked for.
    """

    service: Service
    target_groups: tuple[TargetGroup, ...]
    production: Listener
    test: Listener | None = None
    task_definition: TaskDefinition | None = None


class EcsFacts(Model):
    """A service that can be deployed to, and who plays which part.

    Attributes:
        original: The task set that has the traffic.
        blue: The target group of the original tasks.
        green: The other one, which the replacement takes.
    """

    service: Service
    original: TaskSet
    blue: TargetGroup
    green: TargetGroup
    production: Listener
    test: Listener | None = None
    role_arn: str | None = None

    @property
    def settled(self) -> "EcsFacts":
        """The facts as they are once the deployment before has nothing left to do."""
        detached = {"load_balancer_arns": ()}
        return self.model_copy(
            update={
                "blue": self.blue.model_copy(update=detached),
                "green": self.green.model_copy(update=detached),
                "production": self.production.settled,
                "test": self.test.settled if self.test else None,
            }
        )


class ReplacementOrder(Model):
    """A task set that is to be created, once: it is found again by `external_id`.

    Attributes:
        external_id: The deployment that creates it.
        network: None for tasks that share the network of their host.
        capacity_provider_strategy: Empty goes by the launch type.
        service_registries: Where its tasks are to be found by name, as ECS describes them.
    """

    cluster: str
    service: str
    external_id: str
    task_definition: str
    target_group_arn: str
    container_name: str
    container_port: int
    launch_type: str | None = None
    platform_version: str | None = None
    network: AwsvpcConfiguration | None = None
    capacity_provider_strategy: tuple[CapacityProvider, ...] = ()
    service_registries: tuple[dict[str, Any], ...] = ()
    role_arn: str | None = None


class TaskSetQuestion(Model):
    """One task set: by its id or, where that is not known, by the deployment that created it.

    Attributes:
        external_id: The deployment that created it, or may have.
        target_group_arn: The group in which its tasks must be healthy; None asks for none.
        spared_by: The listener that keeps it from being deleted while it sends it any traffic.
    """

    cluster: str
    service: str
    task_set: str | None = None
    external_id: str | None = None
    target_group_arn: str | None = None
    spared_by: str | None = None
    role_arn: str | None = None


class ListenerRoute(Model):
    """How a listener is to divide its traffic between two target groups.

    Attributes:
        before: The listener as it was before the deployment: at 0 percent it is put back so.
        green_percent: What the green group gets; the blue one gets the rest.
        keeps_both: Forward to both groups, also at 0 and 100 percent, so that the load balancer
            knows the health of both: the one that has no traffic can take it at once, and its
            targets can drain.
        only_detaches: Change only what divides the traffic so already, between both groups: what
            somebody has changed since stays as it is.
    """

    before: Listener
    blue_arn: str
    green_arn: str
    green_percent: int
    keeps_both: bool = False
    only_detaches: bool = False
    role_arn: str | None = None


def _settled(action: Action) -> Action:
    """Return `action` as it looks without the target groups that have the weight 0."""
    if action.get("Type") != FORWARD:
        return action
    groups = _weighted(action)
    if len(groups) != 1:
        return action
    kept = {key: action[key] for key in ("Type", "Order") if key in action}
    return kept | {"TargetGroupArn": groups[0]["TargetGroupArn"]} | stickiness_of(action)


def _weighted(action: Action) -> list[dict[str, Any]]:
    """Return the target groups that a forward gives any traffic to."""
    groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or [action]
    return [group for group in groups if group.get("Weight", 1)]


def stickiness_of(action: Action) -> dict[str, Any]:
    """Return how `action` keeps users with a target group, if it does."""
    stickiness = (action.get("ForwardConfig") or {}).get(_STICKINESS) or {}
    return {_STICKINESS: stickiness} if stickiness.get("Enabled") else {}


def target_groups_of(actions: Iterable[Action]) -> frozenset[str]:
    """Return the ARNs of the target groups that `actions` forward to, whatever their weight."""
    found: set[str] = set()
    for action in actions:
        if action.get("TargetGroupArn"):
            found.add(action["TargetGroupArn"])
        groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or ()
        found |= {group["TargetGroupArn"] for group in groups}
    return frozenset(found)


def routed(actions: tuple[Action, ...], route: ListenerRoute) -> tuple[Action, ...]:
    """Return `actions` with those that forward to the pair's groups dividing as `route` says.

    What forwards elsewhere, authenticates or redirects stays as it is.
    """
    if route.green_percent == 0 and not route.keeps_both:
        return actions
    return tuple(_routed(action, route) for action in actions)


def is_of_pair(actions: Iterable[Action], route: ListenerRoute) -> bool:
    """Whether `actions` forward to one of the two target groups."""
    return bool(target_groups_of(actions) & {route.blue_arn, route.green_arn})


def _routed(action: Action, route: ListenerRoute) -> Action:
    if action.get("Type") != FORWARD or not is_of_pair((action,), route):
        return action
    kept = {key: action[key] for key in ("Type", "Order") if key in action}
    groups, sticky = _weights(route), stickiness_of(action)
    if len(groups) == 1 and not sticky:
        return kept | {"TargetGroupArn": next(iter(groups))}
    config: dict[str, Any] = {
        "TargetGroups": [
            {"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups.items()
        ]
    }
    return kept | {"ForwardConfig": config | sticky}


def _weights(route: ListenerRoute) -> dict[str, int]:
    shares = {route.blue_arn: 100 - route.green_percent, route.green_arn: route.green_percent}
    if route.keeps_both:
        return shares
    return {arn: share for arn, share in shares.items() if share}
