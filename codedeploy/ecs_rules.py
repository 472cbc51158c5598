"""What must be true of an ECS service before a deployment changes anything.

Source: CodeDeploy User Guide, Amazon ECS deployment prerequisites and troubleshooting.
"""

from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from codedeploy.appspec import CapacityProvider, EcsAppSpec
from codedeploy.ecs_service import (
    EXTERNAL,
    PRIMARY,
    EcsFacts,
    Listener,
    ReplacementOrder,
    Service,
    ServiceDescription,
    TargetGroup,
    TaskSet,
    target_groups_of,
)
from codedeploy.errors import DeploymentFailure, ErrorCode

FARGATE = "FARGATE"
"""The launch type, and how the names of the capacity providers begin that are like it."""


class Expectation(NamedTuple):
    """What a deployment expects of a service.

    Attributes:
        names: The two target groups of the deployment group.
        is_gradual: Traffic is to be divided for a time.
        ends_first: A task set that is ended before the deployment starts.
    """

    names: tuple[str, ...]
    is_gradual: bool
    ends_first: str | None = None


def judged(found: ServiceDescription, expected: Expectation) -> EcsFacts:
    """Return who plays which part in a deployment to the service that was found.

    Raises:
        DeploymentFailure: INVALID_ECS_SERVICE, the service cannot be deployed to;
            ELASTIC_LOAD_BALANCING_INVALID, its load balancer does not fit.
    """
    _check_service(found.service)
    original = _original(found, ends_first=expected.ends_first)
    groups = _pair(found.target_groups, expected.names)
    blue = _blue(groups, original, found.service)
    green = next(group for group in groups if group is not blue)
    _check_production(found.production, blue, is_gradual=expected.is_gradual)
    _check_test(found, groups)
    _check_forwards(found, groups)
    _check_green(green, found.production)
    return EcsFacts(
        service=found.service,
        original=original,
        blue=blue,
        green=green,
        production=found.production,
        test=found.test,
    )


def _check_service(service: Service) -> None:
    name = service.full_name
    if service.status != "ACTIVE":
        _refuse(f"The service {name} is {service.status}: expected ACTIVE. Create it again first.")
    if service.deployment_controller != EXTERNAL:
        _refuse(
            f"The service {name} has the deployment controller {service.deployment_controller}: "
            "expected EXTERNAL, the only one under which ECS lets anybody but AWS manage task "
            "sets. It cannot be changed: create the service anew with "
            "--deployment-controller type=EXTERNAL."
        )
    if service.scheduling_strategy != "REPLICA":
        _refuse(f"The service {name} schedules {service.scheduling_strategy}: expected REPLICA.")


def _original(found: ServiceDescription, *, ends_first: str | None) -> TaskSet:
    service = found.service
    primary = [each for each in service.task_sets if each.status == PRIMARY]
    others = [
        each
        for each in service.task_sets
        if each.status == "ACTIVE" and ends_first not in (each.id, each.arn)
    ]
    if not primary:
        _refuse(
            f"The service {service.full_name} has no PRIMARY task set, so there is nothing to "
            "replace. Create the first one (aws ecs create-task-set) and make it primary (aws ecs "
            "update-service-primary-task-set)."
        )
    if others:
        listed = ", ".join(f"{each.id} of {each.external_id or 'nobody'}" for each in others)
        _refuse(
            f"The service {service.full_name} has other task sets beside its primary one: "
            f"{listed}. Another deployment is under way, or one was cut off: "
            f"{_first_move(found.production, others, primary[0])}delete them with aws "
            f"ecs delete-task-set --force --cluster {service.cluster} --service {service.name} "
            f"--task-set {others[0].id}"
        )
    return primary[0]


def _first_move(production: Listener, others: Sequence[TaskSet], primary: TaskSet) -> str:
    """Return what must be done before `others` can be deleted without loss; empty if nothing."""
    serving = [each.id for each in others if production.serving & {*each.target_group_arns}]
    if not serving:
        return ""
    return (
        f"{', '.join(serving)} may have production traffic, so first let {production.arn} and its "
        f"rules forward to the target group of {primary.id} alone, and then "
    )


def _pair(found: tuple[TargetGroup, ...], names: tuple[str, ...]) -> tuple[TargetGroup, ...]:
    missing = [name for name in names if name not in {group.name for group in found}]
    if missing:
        _misplaced(
            f"There is no target group {', '.join(missing)}, which targetGroupPairInfoList names."
        )
    return tuple(sorted(found, key=lambda group: names.index(group.name)))


def _blue(groups: tuple[TargetGroup, ...], original: TaskSet, service: Service) -> TargetGroup:
    blue = next((group for group in groups if group.arn in original.target_group_arns), None)
    if blue is None:
        has = ", ".join(arn.split("/")[-2] for arn in original.target_group_arns) or "none"
        wanted = " or ".join(group.name for group in groups)
        _misplaced(
            f"The primary task set {original.id} of {service.full_name} is in the target group "
            f"{has}: expected {wanted} of targetGroupPairInfoList."
        )
    return blue


def _check_production(listener: Listener, blue: TargetGroup, *, is_gradual: bool) -> None:
    if blue.arn not in listener.target_groups:
        _misplaced(
            f"The primary task set's target group {blue.name} must be behind the production "
            f"listener {listener.arn}: it forwards to {_named(listener.target_groups)}."
        )
    if is_gradual and not listener.is_weighted:
        raise DeploymentFailure(
            ErrorCode.ELASTIC_LOAD_BALANCING_INVALID,
            f"The listener {listener.arn} belongs to a {listener.load_balancer_type} load "
            "balancer, and only an Application Load Balancer can divide traffic "
            "(InvalidTrafficRoutingConfigurationException). Use CodeDeployDefault.ECSAllAtOnce.",
        )


def _check_test(found: ServiceDescription, pair: tuple[TargetGroup, ...]) -> None:
    if found.test is None:
        return
    if found.test.load_balancer_arn != found.production.load_balancer_arn:
        _misplaced(
            f"The test listener {found.test.arn} belongs to another load balancer than the "
            f"production listener {found.production.arn}: expected the same."
        )
    if not found.test.target_groups & {group.arn for group in pair}:
        _misplaced(
            f"The test listener {found.test.arn} must forward to the primary task set's target "
            f"group ({' or '.join(group.name for group in pair)}), so that test traffic can be "
            f"moved: it forwards to {_named(found.test.target_groups)}."
        )


def _check_forwards(found: ServiceDescription, pair: tuple[TargetGroup, ...]) -> None:
    """Refuse what divides traffic with a third group: a deployment divides it between the two."""
    ours = {group.arn for group in pair}
    for listener in filter(None, (found.production, found.test)):
        for arn, actions in listener.all_actions.items():
            behind = target_groups_of(actions)
            if behind & ours and behind - ours:
                _misplaced(
                    f"{arn} forwards to {_named(behind - ours)} beside the target groups of the "
                    f"deployment group: expected {' and '.join(group.name for group in pair)} "
                    "only, which a deployment divides all of its traffic between. Give any other "
                    "target group a rule of its own."
                )


def _check_green(green: TargetGroup, production: Listener) -> None:
    others = set(green.load_balancer_arns) - {production.load_balancer_arn}
    if others:
        _misplaced(
            f"The target group {green.name} is attached to another load balancer as well: "
            f"{_named(others)}. Give this deployment group a target group of its own."
        )


def _named(arns: "frozenset[str] | set[str]") -> str:
    return ", ".join(sorted(arn.partition("/")[2] or arn for arn in arns)) or "no target group"


def _refuse(message: str) -> NoReturn:
    raise DeploymentFailure(ErrorCode.INVALID_ECS_SERVICE, message)


def _misplaced(message: str) -> NoReturn:
    raise DeploymentFailure(ErrorCode.ELASTIC_LOAD_BALANCING_INVALID, message)


def replacement_of(facts: EcsFacts, appspec: EcsAppSpec, deployment_id: str) -> ReplacementOrder:
    """Return the task set that replaces the original one.

    Where the AppSpec file is silent, what the original has is carried over.

    Differs from AWS: CodeDeploy drops the service's capacity provider strategy if the AppSpec file
    does not repeat it, and sets its platform version to LATEST.
    """
    original = facts.original
    strategy = appspec.capacity_provider_strategy or original.capacity_provider_strategy
    carried_over = original.platform_version if _is_on_fargate(strategy, original) else None
    return ReplacementOrder(
        cluster=facts.service.cluster_arn,
        service=facts.service.service_arn,
        external_id=deployment_id,
        task_definition=appspec.task_definition,
        target_group_arn=facts.green.arn,
        container_name=appspec.container_name,
        container_port=appspec.container_port,
        launch_type=None if strategy else original.launch_type,
        platform_version=appspec.platform_version or carried_over,
        network=appspec.network or original.network,
        capacity_provider_strategy=strategy,
        service_registries=original.service_registries,
        role_arn=facts.role_arn,
    )


def _is_on_fargate(strategy: tuple[CapacityProvider, ...], original: TaskSet) -> bool:
    """Whether the tasks are to run where there are platform versions."""
    if not strategy:
        return original.launch_type == FARGATE
    return all(provider.capacity_provider.startswith(FARGATE) for provider in strategy)
