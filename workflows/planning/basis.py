"""What every plan is made from."""

from typing import NamedTuple

from temporalio import workflow

from activities.directory import Directory
from codedeploy.configs import PREDEFINED, DeploymentConfig
from codedeploy.deployment import Termination
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.group_info import DeploymentGroupInfo, known_of
from codedeploy.group_rules import check_config
from codedeploy.revision import PinnedRevision, Revision, pinned_again
from codedeploy.waves import Known
from workflows.options import QUICK
from workflows.orders import DeploymentOrder


class Basis(NamedTuple):
    """A request, and what is known of its group.

    Attributes:
        previous: The group's last good revision.
        termination: What the deployment before has left to do.
        held: Instances of the group that are held before they enter service.
    """

    request: DeploymentRequest
    group: DeploymentGroup
    deployment_group_id: str
    known: Known
    previous: PinnedRevision | None
    termination: Termination | None
    held: tuple[str, ...] = ()

    @classmethod
    def of_group(cls, request: DeploymentRequest, info: DeploymentGroupInfo) -> "Basis":
        """Return the basis of `request`, with its group as it is now."""
        return cls(
            request=request,
            group=info.serving_group,
            deployment_group_id=info.deployment_group_id,
            known=known_of(info),
            previous=info.last_successful_revision,
            termination=info.termination,
            held=tuple(instance.name for instance in info.launches.kept),
        )

    @classmethod
    def of_order(cls, order: DeploymentOrder) -> "Basis":
        """Return the basis of a deployment, with its group as it was told of it."""
        return cls(
            request=order.request,
            group=order.group,
            deployment_group_id=order.deployment_group_id,
            known=order.known,
            previous=order.previous,
            termination=order.termination,
            held=order.held,
        )

    async def config(self) -> DeploymentConfig:
        """Return the configuration that the request or its group names.

        Raises:
            InvalidComputePlatform: It is for another platform.
        """
        config = await load_config(
            self.request.deployment_config_name or self.group.deployment_config_name
        )
        check_config(self.group, config)
        return config

    @property
    def revision(self) -> Revision:
        """What to deploy: what was named, or the last good revision.

        Raises:
            DeploymentFailure: REVISION_MISSING, there is neither.
        """
        if self.request.revision is not None:
            return self.request.revision
        if self.previous is not None:
            return pinned_again(self.previous)
        raise DeploymentFailure(
            ErrorCode.REVISION_MISSING,
            f"No revision was named, and none ever succeeded in {self.request.group_name}. Name "
            "one with --revision.",
        )


async def load_config(name: str) -> DeploymentConfig:
    """Return the configuration called `name`, predefined or custom."""
    if name in PREDEFINED:
        return PREDEFINED[name]
    return await workflow.execute_activity_method(
        Directory.load_config, name, summary=f"Look up {name}", **QUICK
    )
