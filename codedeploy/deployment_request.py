"""What is asked for: one deployment of a revision to a group."""

from pydantic import Field

from codedeploy.alarm import AlarmConfiguration
from codedeploy.application import Name
from codedeploy.deployment_group import (
    ApprovalGate,
    AutoRollbackConfiguration,
    EC2DeploymentOptions,
)
from codedeploy.revision import Revision
from codedeploy.target_instances import TargetInstances
from codedeploy.wire import Model


class DeploymentRequest(Model):
    """A request to deploy, as CodeDeploy's CreateDeployment takes it.

    Attributes:
        idempotency_key: The same key again returns the deployment of the first call.
        plan_id: Deploy only if this plan still holds.
        revision: What to deploy; None redeploys the group's last successful revision.
        override_alarm_configuration: In place of the group's, for this deployment.
        target_instances: The replacement of a blue/green deployment to servers that exist.
        ec2_deployment_options: In place of the group's, for this deployment.
        takes_current_as_found: A Lambda AppSpec's CurrentVersion is not compared with the alias:
            going back to a revision, whatever runs.

    Source: CodeDeploy API Reference, CreateDeployment.
    """

    application_name: Name
    deployment_group_name: Name
    revision: Revision | None = None
    deployment_config_name: str | None = None
    description: str = Field(default="", max_length=256)
    ignore_application_stop_failures: bool = False
    auto_rollback_configuration: AutoRollbackConfiguration | None = None
    update_outdated_instances_only: bool = False
    file_exists_behavior: str = "DISALLOW"
    override_alarm_configuration: AlarmConfiguration | None = None
    approvals: tuple[ApprovalGate, ...] | None = None
    idempotency_key: str | None = None
    plan_id: str | None = None
    takes_current_as_found: bool = False
    target_instances: TargetInstances | None = None
    ec2_deployment_options: EC2DeploymentOptions | None = None

    @property
    def group_name(self) -> str:
        """`application/group`."""
        return f"{self.application_name}/{self.deployment_group_name}"
