"""Making plans: what a deployment would do now, on any platform."""

from codedeploy.application import ComputePlatform
from codedeploy.traffic_plan import AnyPlan
from workflows.planning import blue_green, ecs, lambda_, servers
from workflows.planning.basis import Basis

__all__ = ["Basis", "make_plan"]


async def make_plan(basis: Basis) -> AnyPlan:
    """Return what deploying the request would do now.

    Raises:
        DeploymentFailure: It cannot be deployed, as CodeDeploy's error code says.
        ActivityError: Something that must be known cannot be read.
    """
    match basis.group.compute_platform:
        case ComputePlatform.SERVER if basis.group.is_blue_green:
            return await blue_green.make_plan(basis)
        case ComputePlatform.SERVER:
            return await servers.make_plan(basis)
        case ComputePlatform.LAMBDA:
            return await lambda_.make_plan(basis)
        case ComputePlatform.ECS:
            return await ecs.make_plan(basis)
