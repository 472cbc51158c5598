"""The stages of a deployment to servers: what a walk through a fleet does to each host.

In place there is one. A blue/green deployment installs on one fleet, lets it have the traffic, and
takes the traffic from the other; what puts that back are stages too.
"""

from codedeploy.lifecycle import (
    ALLOW_TRAFFIC,
    BLOCK_TRAFFIC,
    IN_PLACE,
    LifecycleEvent,
    in_place_flow,
)
from codedeploy.segments import CONTROL_PLANE_EVENTS
from codedeploy.target import TargetLabel
from codedeploy.wire import Model


class Stage(Model):
    """One walk through a fleet.

    Attributes:
        name: What its batches are called; empty if there is no other stage.
        flow: The lifecycle events of each host, in order.
        label: Which fleet it walks through, in a blue/green deployment.
        completes_deployment: A host that has gone through it runs the revision.
        blocks_failed: A host that fails loses at once what traffic it has got.
        puts_back: It takes back what an earlier stage did.
    """

    name: str = ""
    flow: tuple[LifecycleEvent, ...]
    label: TargetLabel | None = None
    completes_deployment: bool = False
    blocks_failed: bool = False
    puts_back: bool = False

    @property
    def moves_traffic(self) -> bool:
        """Whether load balancers take part."""
        return any(event in CONTROL_PLANE_EVENTS for event in self.flow)

    @property
    def traffic_event(self) -> LifecycleEvent:
        """The first event that load balancers carry out."""
        return next(event for event in self.flow if event in CONTROL_PLANE_EVENTS)


def in_place(*, with_traffic_control: bool) -> Stage:
    """Return the only stage of an in-place deployment."""
    flow = in_place_flow(with_traffic_control=with_traffic_control)
    return Stage(flow=flow, completes_deployment=True)


INSTALL = Stage(name="install", flow=IN_PLACE, label=TargetLabel.GREEN)
REROUTE = Stage(
    name="reroute",
    flow=ALLOW_TRAFFIC,
    label=TargetLabel.GREEN,
    completes_deployment=True,
    blocks_failed=True,
)
BLOCK_ORIGINAL = Stage(name="block original", flow=BLOCK_TRAFFIC, label=TargetLabel.BLUE)
ALLOW_ORIGINAL = Stage(
    name="back to original", flow=ALLOW_TRAFFIC, label=TargetLabel.BLUE, puts_back=True
)
BLOCK_REPLACEMENT = Stage(
    name="block replacement", flow=BLOCK_TRAFFIC, label=TargetLabel.GREEN, puts_back=True
)


def launch(*, with_traffic_control: bool) -> Stage:
    """Return the only stage of a deployment to an instance that has been launched."""
    flow = (*IN_PLACE, *ALLOW_TRAFFIC) if with_traffic_control else IN_PLACE
    return Stage(flow=flow, completes_deployment=True)


def termination(*, with_traffic_control: bool) -> Stage:
    """Return the only stage of a deployment to an instance that is going to be terminated."""
    stop = (LifecycleEvent.APPLICATION_STOP,)
    return Stage(flow=(*BLOCK_TRAFFIC, *stop) if with_traffic_control else stop)
