"""How a blue/green deployment hands over, and what becomes of the original.

Source: CodeDeploy API Reference, BlueGreenDeploymentConfiguration.
"""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from codedeploy.wire import Model

LONGEST_READY_WAIT_MINUTES = 120 * 60
LONGEST_TERMINATION_WAIT_MINUTES = 2880


class TerminationAction(StrEnum):
    """What becomes of the original instances."""

    TERMINATE = "TERMINATE"
    KEEP_ALIVE = "KEEP_ALIVE"


class ActionOnTimeout(StrEnum):
    """When traffic is rerouted to the replacement."""

    CONTINUE_DEPLOYMENT = "CONTINUE_DEPLOYMENT"
    STOP_DEPLOYMENT = "STOP_DEPLOYMENT"


class GreenFleetAction(StrEnum):
    """Where the replacement instances come from."""

    DISCOVER_EXISTING = "DISCOVER_EXISTING"
    COPY_AUTO_SCALING_GROUP = "COPY_AUTO_SCALING_GROUP"


class BlueInstanceTerminationOption(Model):
    """What becomes of the original, and how long after a success."""

    action: TerminationAction = TerminationAction.TERMINATE
    termination_wait_time_in_minutes: int = Field(
        default=0, ge=0, le=LONGEST_TERMINATION_WAIT_MINUTES
    )


class DeploymentReadyOption(Model):
    """Whether a person says when traffic is rerouted.

    Attributes:
        action_on_timeout: `CONTINUE_DEPLOYMENT` reroutes at once; `STOP_DEPLOYMENT` waits for
            `continue`, and stops if nobody says so in time.
        wait_time_in_minutes: How long is waited.
    """

    action_on_timeout: ActionOnTimeout = ActionOnTimeout.CONTINUE_DEPLOYMENT
    wait_time_in_minutes: int = Field(default=0, ge=0, le=LONGEST_READY_WAIT_MINUTES)

    @model_validator(mode="after")
    def _waits_if_it_stops(self) -> Self:
        if self.is_waited_for and not self.wait_time_in_minutes:
            raise ValueError(
                "InvalidBlueGreenDeploymentConfigurationException: STOP_DEPLOYMENT needs "
                "waitTimeInMinutes, how long somebody may take to continue"
            )
        return self

    @property
    def is_waited_for(self) -> bool:
        """Whether traffic moves only when somebody says so."""
        return self.action_on_timeout is ActionOnTimeout.STOP_DEPLOYMENT


class GreenFleetProvisioningOption(Model):
    """Where the replacement instances come from."""

    action: GreenFleetAction = GreenFleetAction.DISCOVER_EXISTING


class BlueGreenDeploymentConfiguration(Model):
    """The rules of a blue/green deployment."""

    terminate_blue_instances_on_deployment_success: BlueInstanceTerminationOption = (
        BlueInstanceTerminationOption()
    )
    deployment_ready_option: DeploymentReadyOption = DeploymentReadyOption()
    green_fleet_provisioning_option: GreenFleetProvisioningOption | None = None

    @property
    def termination_wait_minutes(self) -> int:
        """How long the original is kept after a success."""
        return self.terminate_blue_instances_on_deployment_success.termination_wait_time_in_minutes
