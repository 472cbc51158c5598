"""What one workflow hands to another."""

from datetime import datetime

from codedeploy.auto_scaling import (
    AttachmentOrder,
    GreenFleetOrder,
    HeldInstance,
    HooksOrder,
    InstancesOrder,
    LifecycleActionOrder,
    ProcessesOrder,
)
from codedeploy.commands import LifecycleCommand
from codedeploy.deployment import Creator, Termination
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.ecs_service import ListenerRoute, TaskSetQuestion
from codedeploy.plan import Plan
from codedeploy.revision import PinnedRevision
from codedeploy.segments import Segment
from codedeploy.target import TargetFailure, TargetLabel
from codedeploy.traffic_control import TrafficCommand
from codedeploy.waves import Known
from codedeploy.wire import Model


class DeploymentOrder(Model):
    """All that a deployment needs to know when it is created; the group is a snapshot.

    Attributes:
        previous: The group's last good revision: what a rollback goes back to.
        plan: A rollback's plan is made by the deployment it takes back; others plan for themselves.
        termination: What the deployment before has left to do.
        queued_behind: The deployment whose end it waits for.
        rollback_of: The deployment it takes back.
        root: The deployment after which it brings instances up to date.
        held: Instances of the group that are held before they enter service.
        lifecycle_action: The held instance that it deploys to, and what is completed at the end.
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
    root: str | None = None
    held: tuple[str, ...] = ()
    lifecycle_action: LifecycleActionOrder | None = None

    @property
    def shows_that_the_revision_works(self) -> bool:
        """Whether its success says something of the revision: to leave, an instance needs none."""
        return self.lifecycle_action is None or self.lifecycle_action.instance.is_launching


class ScalingWatchOrder(Model):
    """Which Auto Scaling groups to watch, for which deployment group.

    Attributes:
        known: Instances that the group knows to be held.
        unanswered: Those of them whose hook could not be told what becomes of them.
        stale: Hooks of Auto Scaling groups that are watched no more, still to be removed.
    """

    group_workflow_id: str
    hooks: HooksOrder
    known: tuple[HeldInstance, ...] = ()
    unanswered: tuple[HeldInstance, ...] = ()
    stale: tuple[HooksOrder, ...] = ()


class Turn(Model):
    """What a queued deployment must know when its turn comes: the group as it is then.

    Attributes:
        serving_group: Its fleet is the one that serves then; its rules are of no account.
        held: Instances of the group that are held before they enter service.
    """

    known: Known
    previous: PinnedRevision | None
    termination: Termination | None = None
    serving_group: DeploymentGroup | None = None
    held: tuple[str, ...] = ()


class FleetEnd(Model):
    """What is left to do with two fleets of servers after one has replaced the other.

    Attributes:
        copy_order: The copy of an Auto Scaling group that serves now; None if there is none.
        instances: Those of the original that are terminated; none if they are kept.
        scaling_groups: The Auto Scaling groups of the original.
        resumed: What each of them may do again, if it is kept.
        attachments: The load balancers that it is detached from, if it is kept.
    """

    copy_order: GreenFleetOrder | None = None
    terminates: bool = False
    instances: InstancesOrder = InstancesOrder(names=())
    scaling_groups: tuple[str, ...] = ()
    resumed: tuple[ProcessesOrder, ...] = ()
    attachments: tuple[AttachmentOrder, ...] = ()
    hooks: HooksOrder | None = None


class TerminationOrder(Model):
    """The original of a blue/green deployment, and how long it is kept after the success.

    Attributes:
        question: The original task set, on ECS.
        detachment: What is done at the production listener afterwards; None does nothing.
        fleet: The original servers.
    """

    question: TaskSetQuestion | None = None
    wait_minutes: int
    detachment: ListenerRoute | None = None
    fleet: FleetEnd | None = None


class BatchOrder(Model):
    """A batch: hosts in order, and how many of them may be out of service at once.

    Attributes:
        share: The batch's part of the fleet's window; it shrinks with every failure.
        command: What each host is told, but for the events.
        script_seconds: How long all scripts of one host may run.
        traffic: What load balancers are told, but for the targets; None controls no traffic.
        label: Which fleet the hosts belong to, in a blue/green deployment.
        completes_deployment: A host that has gone through the segments runs the revision.
        role_arn: The role in which AWS is asked what became of a host.
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
    label: TargetLabel | None = None
    completes_deployment: bool = True
    role_arn: str | None = None


class BatchReport(Model):
    """What the deployment must know of a batch that ended; details stay in the batch.

    Attributes:
        untried: Hosts that were not started because too many others failed.
        departed: Hosts that have left the fleet meanwhile.
        touched: Hosts on which something may have changed.
    """

    succeeded: tuple[str, ...] = ()
    failures: tuple[TargetFailure, ...] = ()
    untried: tuple[str, ...] = ()
    departed: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
