"""What one workflow hands to another."""

from datetime import datetime

from codedeploy.commands import LifecycleCommand
from codedeploy.deployment import Creator, DeploymentRequest, TargetFailure, Termination
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.ecs_service import ListenerRoute, TaskSetQuestion
from codedeploy.plan import Known, Plan
from codedeploy.revision import PinnedRevision
from codedeploy.segments import Segment
from codedeploy.traffic_control import TrafficCommand
from codedeploy.wire import Model


class DeploymentOrder(Model):
    """All that a deployment needs to know when it is created; the group is a snapshot.

    Attributes:
        previous: The group's last good revision: what a rollback goes back to.
        plan: A rollback's plan is made by the deployment it takes back; others plan for themselves.
        termination: What the deployment before has left to do.
        queued_behind: The deployment whose end it waits for.
        rollback_of: The deployment it takes back.
    """

    deployment_id: str
    request: DeploymentRequest
    group: DeploymentGroup
    deployment_group_id: str
    known: Known = Known()
    previous: PinnedRevision | None = None
    creator: Creator = Creator.USER
    create_time: datetime
    plan: Plan | None = None
    termination: Termination | None = None
    queued_behind: str | None = None
    rollback_of: str | None = None


class Turn(Model):
    """What a queued deployment must know when its turn comes: the group as it is then."""

    known: Known
    previous: PinnedRevision | None
    termination: Termination | None = None


class TerminationOrder(Model):
    """The original task set of an ECS deployment, and how long it is kept after the success.

    Attributes:
        detachment: What is done at the production listener afterwards; None does nothing.
    """

    question: TaskSetQuestion
    wait_minutes: int
    detachment: ListenerRoute | None = None


class BatchOrder(Model):
    """A batch: hosts in order, and how many of them may be out of service at once.

    Attributes:
        share: The batch's part of the fleet's window; it shrinks with every failure.
        command: What each host is told, but for the events.
        script_seconds: How long all scripts of one host may run.
        traffic: What load balancers are told, but for the targets; None controls no traffic.
    """

    deployment_id: str
    number: int
    targets: tuple[str, ...]
    share: int
    segments: tuple[Segment, ...]
    command: LifecycleCommand
    agent_timeout_seconds: int
    script_seconds: int
    traffic: TrafficCommand | None = None


class BatchReport(Model):
    """What the deployment must know of a batch that ended; details stay in the batch.

    Attributes:
        untried: Hosts that were not started because too many others failed.
        touched: Hosts on which something may have changed.
    """

    succeeded: tuple[str, ...] = ()
    failures: tuple[TargetFailure, ...] = ()
    untried: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
