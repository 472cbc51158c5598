"""Why a deployment group does not take a request to deploy.

Source: CodeDeploy API Reference, CreateDeployment.
"""

from collections.abc import Iterator

from codedeploy.deployment_group import QueuePolicy
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.errors import DeploymentLimitExceeded, InvalidRevision, RollwayError
from codedeploy.group_info import DeploymentGroupInfo, no_group
from codedeploy.scaling_rules import suspension_violations


def refusals(info: DeploymentGroupInfo, request: DeploymentRequest) -> Iterator[RollwayError]:
    """Yield why the group, as it is now, does not take `request`; the first one is told."""
    name = info.group.full_name
    if not info.is_defined:
        yield no_group(name)
    if info.active is not None and info.group.queue_policy is QueuePolicy.REJECT:
        yield DeploymentLimitExceeded(
            f"The deployment group {name} already has an active deployment {info.active}. Wait for "
            f"it (rollway status {info.active} --watch), stop it (rollway stop {info.active}), or "
            "set the group's queuePolicy to QUEUE or SUPERSEDE."
        )
    if request.revision is None and info.last_successful_revision is None:
        yield InvalidRevision(
            f"No revision was named, and none ever succeeded in {name}. Name one with --revision."
        )
    for violation in suspension_violations(info.group, request.ec2_deployment_options):
        yield type(violation)(f"{name}: {violation.message}. Leave it out (--suspend-process).")
