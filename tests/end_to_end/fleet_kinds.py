"""Kinds of deployments to servers behind a load balancer, and how each ends."""

from enum import StrEnum
from typing import Any

from codedeploy.auto_scaling import Transition
from tests.copied_fleets import copying
from tests.scaling_scenario import BEHIND, BLUE_GREEN

SIZE = 2
SUSPENDED = ("AZRebalance", "Terminate")


class FleetStory(StrEnum):
    """A kind of deployment to servers, and how it ends."""

    PUT_BACK = "copied-and-put-back"
    INSPECTED = "copied-and-kept-for-inspection"
    COPIED = "copied"
    KEPT = "copied-beside-the-original"
    REPLACED = "replaced"
    ABANDONED = "launched-and-abandoned"
    LAUNCHED = "launched"
    LEFT = "left"
    IN_PLACE = "in-place"
    LIVED = "lived"

    @property
    def is_copied(self) -> bool:
        """Whether the Auto Scaling group is copied."""
        return self in (
            FleetStory.PUT_BACK,
            FleetStory.INSPECTED,
            FleetStory.COPIED,
            FleetStory.KEPT,
        )

    @property
    def transition(self) -> Transition | None:
        """On which way one instance is held, which is the whole fleet; None if nobody is held."""
        if self in (FleetStory.ABANDONED, FleetStory.LAUNCHED):
            return Transition.LAUNCHING
        return Transition.TERMINATING if self is FleetStory.LEFT else None

    @property
    def size(self) -> int:
        """How large the Auto Scaling group is at first."""
        if self is FleetStory.REPLACED:
            return 0
        return 1 if self.transition is not None or self is FleetStory.LIVED else SIZE

    @property
    def succeeds(self) -> bool:
        """Whether the deployment succeeds."""
        return self.failing_event is None

    @property
    def failing_event(self) -> str | None:
        """At which event one host fails; None if none does."""
        return _FAILING.get(self)

    @property
    def leaves_a_termination(self) -> bool:
        """Whether a workflow of its own ends the original."""
        return self.succeeds and (self.is_copied or self is FleetStory.REPLACED)

    @property
    def settings(self) -> dict[str, Any]:
        """What the deployment group says, but for whom it means."""
        return _SETTINGS.get(self, {"deploymentStyle": BEHIND})


_FAILING = {
    FleetStory.PUT_BACK: "AfterBlockTraffic",
    FleetStory.INSPECTED: "AfterBlockTraffic",
    FleetStory.ABANDONED: "ValidateService",
}

_SETTINGS: dict[FleetStory, dict[str, Any]] = {
    FleetStory.PUT_BACK: copying(),
    FleetStory.INSPECTED: copying() | {"keepFailedGreenFleet": True},
    FleetStory.COPIED: copying(),
    FleetStory.KEPT: copying("KEEP_ALIVE"),
    FleetStory.REPLACED: {
        "deploymentStyle": BLUE_GREEN,
        "blueGreenDeploymentConfiguration": {
            "terminateBlueInstancesOnDeploymentSuccess": {
                "action": "TERMINATE",
                "terminationWaitTimeInMinutes": 0,
            },
            "greenFleetProvisioningOption": {"action": "DISCOVER_EXISTING"},
        },
    },
    FleetStory.LEFT: {"deploymentStyle": BEHIND, "terminationHookEnabled": True},
    FleetStory.IN_PLACE: {
        "deploymentStyle": BEHIND,
        "ec2DeploymentOptions": {"autoScalingGroupProcessesToSuspend": [*SUSPENDED]},
    },
}
