"""Making the plan of a deployment to an ECS service."""

from temporalio import workflow

from activities.ecs_services import EcsServices
from codedeploy.appspec import EcsAppSpec
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.ecs_rules import Expectation, judged
from codedeploy.ecs_service import ACTIVE, EcsFacts, ServiceQuestion
from codedeploy.errors import ErrorCode
from codedeploy.task_definition import check_task_definition
from codedeploy.traffic import schedule
from codedeploy.traffic_plan import TrafficPlan
from workflows.options import LOOK
from workflows.planning.appspecs import pinned_appspec, routing_of
from workflows.planning.basis import Basis
from workflows.planning.servers import refuse_replacement


async def make_plan(basis: Basis) -> TrafficPlan:
    """Return what a deployment to an ECS service would do now.

    Raises:
        InvalidTargetInstances: Instances are named that would replace others.
        DeploymentFailure: The service or its load balancer does not fit.
        ActivityError: The AppSpec file, the service or the load balancer cannot be read.
    """
    refuse_replacement(basis)
    config = await basis.config()
    shifts = schedule(routing_of(config, otherwise=ErrorCode.INVALID_ECS_SERVICE))
    pinned = await pinned_appspec(basis)
    assert pinned.ecs is not None
    facts = await _facts(basis, pinned.ecs, is_gradual=len(shifts) > 1)
    rules = basis.group.blue_green_deployment_configuration
    ready = rules.deployment_ready_option if rules else None
    return TrafficPlan(
        application_name=basis.group.application_name,
        deployment_group_name=basis.group.deployment_group_name,
        deployment_config_name=config.deployment_config_name,
        compute_platform=basis.group.compute_platform,
        revision=pinned.pinned,
        previous_revision=basis.previous,
        target=facts.service.full_name,
        original=short(facts.original.task_definition),
        replacement=short(pinned.ecs.task_definition),
        appspec=pinned,
        schedule=shifts,
        ecs=facts,
        ready_wait_minutes=ready.wait_time_in_minutes if ready and ready.is_waited_for else 0,
        termination_wait_minutes=rules.termination_wait_minutes if rules else 0,
        warnings=(*pinned.ecs.warnings, *_warnings(basis, facts)),
    )


async def _facts(basis: Basis, appspec: EcsAppSpec, *, is_gradual: bool) -> EcsFacts:
    question = question_of(basis.group, appspec)
    found = await workflow.execute_activity_method(
        EcsServices.look, question, summary=f"Look at the service {question.service}", **LOOK
    )
    if found.task_definition is not None:
        check_task_definition(found.task_definition, appspec)
    ends_first = basis.termination.task_set if basis.termination else None
    facts = judged(found, Expectation(question.target_groups, is_gradual, ends_first))
    return facts.model_copy(update={"role_arn": basis.group.service_role_arn})


def question_of(group: DeploymentGroup, appspec: EcsAppSpec) -> ServiceQuestion:
    """Return what must be found out about the service of `group`, which keeps the rules of ECS."""
    service = group.ecs_services[0]
    assert group.load_balancer_info is not None
    pair = group.load_balancer_info.target_group_pair_info_list[0]
    assert pair.prod_traffic_route is not None
    test = pair.test_traffic_route.listener_arns if pair.test_traffic_route else ()
    return ServiceQuestion(
        cluster=service.cluster_name,
        service=service.service_name,
        target_groups=tuple(each.name for each in pair.target_groups),
        production_listener=pair.prod_traffic_route.listener_arns[0],
        test_listener=test[0] if test else None,
        task_definition=appspec.task_definition,
        role_arn=group.service_role_arn,
    )


def short(task_definition: str) -> str:
    """Return `family:revision` of an ARN."""
    return task_definition.rpartition("/")[2]


def _warnings(basis: Basis, facts: EcsFacts) -> tuple[str, ...]:
    kept = basis.termination.task_set if basis.termination else None
    if kept not in {each.id for each in facts.service.task_sets if each.status == ACTIVE}:
        return ()
    return (
        f"the original task set {kept}, which the deployment before keeps for a while yet, is "
        "deleted first",
    )
