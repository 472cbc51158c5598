"""The play of fleets: how what is alike of them is built and looked at; see `trials`."""

from collections.abc import Sequence
from uuid import uuid4

from temporalio.client import Client

from codedeploy.auto_scaling import Transition
from tests.aws.endpoint import Endpoint
from tests.aws.fleet_parts import FleetPlan
from tests.aws.fleet_site import build_fleet, launch_hosts
from tests.aws.fleet_snapshot import fleet_snapshot, orphans
from tests.aws.lifecycle_actions import WHEN_ASKED_TAG
from tests.aws.snapshot import Snapshot
from tests.aws.waiting import until
from tests.end_to_end.fleet_kinds import SIZE, FleetStory
from tests.end_to_end.fleet_lives import FleetLife
from tests.end_to_end.fleet_twins import FleetTwin
from tests.end_to_end.trials import Play

_CLIENTS = ("autoscaling", "ec2", "elb", "elbv2", "sns", "sqs")
_STATES = {Transition.LAUNCHING: "Pending", Transition.TERMINATING: "Terminating"}


def prepare(aws: Endpoint) -> None:
    """Make what all twins share, in an empty account."""
    for service in _CLIENTS:
        aws.client(service)
    build_fleet(aws, FleetPlan(name="first", size=0))


def build(story: FleetStory, temporal: Client, aws: Endpoint) -> FleetTwin:
    """Build a fleet, and describe its deployment."""
    name = f"fleet-{uuid4().hex[:6]}"
    site = build_fleet(aws, FleetPlan(name=name, size=story.size, most=2 * SIZE))
    make = FleetLife if story is FleetStory.LIVED else FleetTwin
    twin = make(story, temporal, site)
    twin.hosts = tuple(_hosts_of(twin))
    if story.is_copied:
        _hold_back_copies(twin)
    return twin


def _hold_back_copies(twin: FleetTwin) -> None:
    """Let every copy, which carries the tag over, be looked at before it is complete.

    A worker that is slow to look would have no reason to ask what keeps it.
    """
    tag = {"ResourceId": twin.name, "ResourceType": "auto-scaling-group", "Key": WHEN_ASKED_TAG}
    twin.site.aws.client("autoscaling").create_or_update_tags(
        Tags=[{**tag, "Value": "yes", "PropagateAtLaunch": False}]
    )


def _hosts_of(twin: FleetTwin) -> Sequence[str]:
    if twin.story is FleetStory.REPLACED:
        return _two_fleets(twin)
    if twin.story.transition is None:
        return twin.site.in_service()
    return [_held(twin, twin.story.transition)]


def _two_fleets(twin: FleetTwin) -> list[str]:
    """Launch instances that serve, and others beside them."""
    site, (front,) = twin.site, twin.site.target_groups
    blue, green = (
        launch_hosts(site.aws, SIZE, tags={"Name": f"{twin.name}-{colour}"})
        for colour in ("blue", "green")
    )
    targets = [{"Id": name} for name in blue]
    site.aws.client("elbv2").register_targets(TargetGroupArn=front.arn, Targets=targets)
    until(lambda: site.are_healthy(blue))
    return [*blue, *green]


def _held(twin: FleetTwin, transition: Transition) -> str:
    """Let an instance come or go, and our hook hold it; return its name. No other follows it."""
    scaling, of_group = twin.site.aws.client("autoscaling"), {"AutoScalingGroupName": twin.name}
    scaling.put_lifecycle_hook(
        **of_group,
        LifecycleHookName=twin.hooks.hook_of(transition),
        LifecycleTransition=transition,
        HeartbeatTimeout=3600,
    )
    twin.site.resize(SIZE if transition is Transition.LAUNCHING else 0)
    state = f"{_STATES[transition]}:Wait"
    until(lambda: state in twin.site.states().values())
    scaling.suspend_processes(**of_group, ScalingProcesses=["Launch"])
    return next(name for name, found in twin.site.states().items() if found == state)


def everything(aws: Endpoint, *, with_identities: bool = True) -> Snapshot:
    """Return how everything stands, once nothing is on its way out, and what belongs to nothing."""
    until(lambda: not _leaving(aws))
    return fleet_snapshot(aws, with_identities=with_identities) | {"orphans": orphans(aws)}


def _leaving(aws: Endpoint) -> list[str]:
    pages = aws.client("autoscaling").get_paginator("describe_auto_scaling_groups").paginate()
    return [
        one["InstanceId"]
        for page in pages
        for group in page["AutoScalingGroups"]
        for one in group["Instances"]
        if one["LifecycleState"] == "Terminating"
    ]


FLEETS: Play[FleetStory] = Play(prepare, build, everything)
