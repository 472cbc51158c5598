"""Taking instances out of service at their load balancers, and putting them back.

Source: CodeDeploy User Guide, Integrating CodeDeploy with Elastic Load Balancing.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from codedeploy.load_balancing import LoadBalancerInfo
from codedeploy.wire import Model

LONGEST_WAIT = timedelta(hours=1)
"""How long a load balancer may take to call an instance healthy, or drained."""


class Reachability(StrEnum):
    """How an instance stands at a load balancer.

    Attributes:
        OUT: It gets no traffic, and none of its requests is still being answered.
        DRAINING: It gets no new requests, and some are still being answered.
        DRAINED: None is being answered, but it is not closed: clients that stick to it come back.
        STARTING: It is registered, and not yet known to be healthy.
        IN: It is healthy and gets traffic.
        FAILING: It is registered, and gets no traffic: its health checks fail, for instance.
        UNKNOWN: The load balancer cannot take it out of service, or put it back.
    """

    OUT = "out"
    DRAINING = "draining"
    DRAINED = "drained"
    STARTING = "starting"
    IN = "in"
    FAILING = "failing"
    UNKNOWN = "unknown"


class Standing(Model):
    """How an instance stands at one load balancer, and what that says of it."""

    reachability: Reachability
    reason: str = ""


class TrafficCommand(Model):
    """Instances of one batch that leave service, or come back, together.

    Attributes:
        targets: Names of instances; an EC2 instance's name is its id.
        timeout_seconds: How long the load balancers may take.
    """

    deployment_id: str
    targets: tuple[str, ...]
    load_balancer_info: LoadBalancerInfo
    timeout_seconds: int = int(LONGEST_WAIT.total_seconds())
    role_arn: str | None = None


class TrafficReport(Model):
    """What became of each instance of a command.

    Attributes:
        ended: When each was seen as it should be.
        failures: Why each of the others was not, in the words of the load balancer.
    """

    ended: dict[str, datetime] = {}
    failures: dict[str, str] = {}
