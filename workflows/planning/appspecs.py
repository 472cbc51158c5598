"""Pinning the AppSpec file that is the whole revision of a function or a service."""

from temporalio import workflow

from activities.appspecs import AppSpecs
from codedeploy.configs import DeploymentConfig, TrafficRoutingConfig
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.traffic_plan import AppSpecQuestion, PinnedAppSpec
from workflows.options import PIN
from workflows.planning.basis import Basis


async def pinned_appspec(basis: Basis) -> PinnedAppSpec:
    """Return the AppSpec file of the revision that is to be deployed.

    Raises:
        DeploymentFailure: REVISION_MISSING, none was named and none ever succeeded.
        ActivityError: It cannot be read, or breaks rules.
    """
    question = AppSpecQuestion(revision=basis.revision, platform=basis.group.compute_platform)
    return await workflow.execute_activity_method(
        AppSpecs.pin, question, summary="Pin the AppSpec file", **PIN
    )


def routing_of(config: DeploymentConfig, *, otherwise: ErrorCode) -> TrafficRoutingConfig:
    """Return how `config` moves traffic.

    Raises:
        DeploymentFailure: `otherwise`, it is for servers.
    """
    if config.traffic_routing_config is None:
        raise DeploymentFailure(
            otherwise,
            f"{config.deployment_config_name} has no trafficRoutingConfig: it is for servers. "
            "List the others with: rollway get configs",
        )
    return config.traffic_routing_config
