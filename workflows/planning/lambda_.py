"""Making the plan of a deployment to a Lambda function."""

from temporalio import workflow

from activities.lambda_functions import LambdaFunctions
from codedeploy.appspec import LambdaAppSpec
from codedeploy.errors import ErrorCode
from codedeploy.lambda_alias import AliasQuestion, AliasState, check_alias, is_no_op
from codedeploy.traffic import schedule
from codedeploy.traffic_plan import TrafficPlan
from workflows.options import LOOK
from workflows.planning.appspecs import pinned_appspec, routing_of
from workflows.planning.basis import Basis
from workflows.planning.servers import refuse_replacement


async def make_plan(basis: Basis) -> TrafficPlan:
    """Return what a deployment to a Lambda function would do now.

    Raises:
        InvalidTargetInstances: Instances are named that would replace others.
        DeploymentFailure: The alias is not where the AppSpec file says it is.
        ActivityError: The AppSpec file, the function or the alias cannot be read.
    """
    refuse_replacement(basis)
    config = await basis.config()
    routing = routing_of(config, otherwise=ErrorCode.INVALID_LAMBDA_CONFIGURATION)
    pinned = await pinned_appspec(basis)
    assert pinned.lambda_ is not None
    appspec = pinned.lambda_
    state = await _alias(basis, appspec)
    check_alias(appspec, state, takes_current_as_found=basis.request.takes_current_as_found)
    function = appspec.function_name.rpartition(":")[2]
    return TrafficPlan(
        application_name=basis.group.application_name,
        deployment_group_name=basis.group.deployment_group_name,
        deployment_config_name=config.deployment_config_name,
        compute_platform=basis.group.compute_platform,
        revision=pinned.pinned,
        previous_revision=basis.previous,
        target=f"{function}:{appspec.alias}",
        original=state.version,
        replacement=str(appspec.target_version),
        appspec=pinned,
        schedule=schedule(routing),
        no_op=_no_op(appspec, state),
        warnings=appspec.warnings,
    )


async def _alias(basis: Basis, appspec: LambdaAppSpec) -> AliasState:
    is_current_used = not basis.request.takes_current_as_found
    question = AliasQuestion(
        function_name=appspec.function_name,
        alias=appspec.alias,
        versions=(*((appspec.current_version,) if is_current_used else ()), appspec.target_version),
        role_arn=basis.group.service_role_arn,
    )
    return await workflow.execute_activity_method(
        LambdaFunctions.look, question, summary=f"Look at the alias {appspec.alias}", **LOOK
    )


def _no_op(appspec: LambdaAppSpec, state: AliasState) -> str:
    if not is_no_op(appspec, state):
        return ""
    return (
        f"{appspec.function_name}:{appspec.alias} points to version {state.version} already, so "
        "nothing was changed and no hook was called."
    )
