"""Deployments to servers that are alike, each to an Auto Scaling group of its own; see `twins`."""

import asyncio
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from uuid import uuid4

from temporalio.client import Client, WorkflowFailureError

from codedeploy.auto_scaling import HeldInstance, LifecycleActionOrder, Transition
from codedeploy.deployment import Creator, DeploymentInfo, DeploymentRequest
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.identifiers import termination_workflow_id
from codedeploy.plan import plan_for_one
from codedeploy.revision import BundleType, PinnedRevision, Revision
from codedeploy.scaling_hooks import hooks_of
from starter.locations import local
from tests.aws.endpoint import Endpoint
from tests.aws.fleet_parts import FleetPlan
from tests.aws.fleet_site import FleetSite, build_fleet
from tests.aws.fleet_snapshot import fleet_snapshot, orphans
from tests.aws.snapshot import Snapshot
from tests.aws.waiting import until
from tests.copied_fleets import copying
from tests.end_to_end.fates import Step
from tests.end_to_end.fleet_agents import FleetAgents
from tests.end_to_end.stories import Outcome, outcome_of
from tests.end_to_end.trials import Play
from tests.end_to_end.twins import steps_of, told_by
from tests.scaling_scenario import BEHIND
from tests.scenario import APPSPEC
from workflows.deployment import DeploymentWorkflow
from workflows.options import CONTROL_QUEUE
from workflows.orders import DeploymentOrder

SIZE = 2
LABEL = "v1"
_CLIENTS = ("autoscaling", "ec2", "elb", "elbv2", "sns", "sqs")
_INSTANCE = re.compile(r"\bi-[0-9a-f]+\b")


class FleetStory(StrEnum):
    """A kind of deployment to servers, and how it ends."""

    PUT_BACK = "copied-and-put-back"
    COPIED = "copied"
    ABANDONED = "launched-and-abandoned"
    LAUNCHED = "launched"

    @property
    def is_copied(self) -> bool:
        """Whether the Auto Scaling group is copied; else one instance of it is launched."""
        return self in (FleetStory.PUT_BACK, FleetStory.COPIED)

    @property
    def succeeds(self) -> bool:
        """Whether the deployment succeeds."""
        return self in (FleetStory.COPIED, FleetStory.LAUNCHED)

    @property
    def failing(self) -> dict[str, str]:
        """At which event one host fails, with which revision."""
        events = {FleetStory.PUT_BACK: "AfterBlockTraffic", FleetStory.ABANDONED: "ValidateService"}
        return {events[self]: LABEL} if self in events else {}


_BATCHES = {
    FleetStory.PUT_BACK: 5,
    FleetStory.COPIED: 3,
    FleetStory.ABANDONED: 1,
    FleetStory.LAUNCHED: 1,
}
"""How many batches a deployment has; what is put back is a batch, too."""


@dataclass
class FleetTwin:
    """One deployment that is to be, and the fleet it is to change.

    Attributes:
        site: The fleet; its name is part of the names of all that belongs to it.
        held: The instance that a launch hook of ours holds.
    """

    story: FleetStory
    temporal: Client
    site: FleetSite
    held: str = ""

    @property
    def name(self) -> str:
        """Part of the names of all that belongs to it, and of nothing else."""
        return self.site.group

    @property
    def deployment_id(self) -> str:
        """The id that its deployment has, or will have."""
        return f"d-{self.name[-6:].upper()}"

    @property
    def group(self) -> DeploymentGroup:
        """The deployment group."""
        settings = copying() if self.story.is_copied else {"deploymentStyle": BEHIND}
        return DeploymentGroup.model_validate(
            {
                "applicationName": "shop",
                "deploymentGroupName": self.name,
                "deploymentConfigName": "CodeDeployDefault.AllAtOnce",
                **self.site.deployment_group,
                **settings,
            }
        )

    async def deploy(self) -> Outcome:
        """Deploy, and return how the deployment ended once nothing of it is left to do.

        Raises:
            WorkflowFailureError: It was not ended by its own verdict, or its original was not.
        """
        first = [self.held] if self.held else await asyncio.to_thread(self.site.in_service)
        agents = FleetAgents(
            self.temporal,
            self._copied_instances,
            expected=SIZE if self.story.is_copied else 0,
            failing=self.story.failing,
        )
        async with agents.at_work(first):
            return _outcome_of(await self._carried_out())

    async def steps(self) -> list[Step]:
        """Return the activities of the deployment that a worker of the lane carries out."""
        batches = range(1, _BATCHES[self.story] + 1)
        workflows = [self.deployment_id, *(f"{self.deployment_id}/batch-{n}" for n in batches)]
        if self.story is FleetStory.COPIED:
            workflows.append(termination_workflow_id(self.deployment_id))
        return [step for one in workflows for step in await steps_of(self.temporal, one)]

    def part_of(self, whole: Snapshot) -> Snapshot:
        """Return what belongs to it, under a name that all twins share."""
        mine = json.dumps({kind: self._mine(things) for kind, things in whole.items()})
        shared: Snapshot = json.loads(
            mine.replace(self.name, "twin").replace(self.deployment_id, "d-TWIN")
        )
        return shared

    def _mine(self, things: Any) -> Any:
        if isinstance(things, list):
            return [one for one in things if self.name in one]
        return {
            key: value
            for key, value in things.items()
            if self.name in key or (isinstance(value, str) and self.name in value)
        }

    def _copied_instances(self) -> list[str]:
        name = f"CodeDeploy_{self.name}_{self.deployment_id}"
        found = self.site.aws.client("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[name]
        )
        return [
            one["InstanceId"] for group in found["AutoScalingGroups"] for one in group["Instances"]
        ]

    async def _carried_out(self) -> DeploymentInfo:
        order = self._order()
        running = await self.temporal.start_workflow(
            DeploymentWorkflow.run, order, id=order.deployment_id, task_queue=CONTROL_QUEUE
        )
        try:
            info = await running.result()
        except WorkflowFailureError as error:
            return told_by(error)
        if self.story.is_copied:
            ending = termination_workflow_id(self.deployment_id)
            await self.temporal.get_workflow_handle(ending).result()
        return info

    def _order(self) -> DeploymentOrder:
        order = DeploymentOrder(
            deployment_id=self.deployment_id,
            request=DeploymentRequest(
                application_name="shop", deployment_group_name=self.name, revision=_revision()
            ),
            group=self.group,
            deployment_group_id="none",
            create_time=datetime.now(UTC),
        )
        if not self.held:
            return order
        launched = {
            "creator": Creator.AUTO_SCALING,
            "plan": plan_for_one(self.group, _pinned(), self.held),
            "lifecycle_action": self.action,
        }
        return order.model_copy(update=launched)

    @property
    def action(self) -> LifecycleActionOrder:
        """What becomes of the held instance."""
        instance = HeldInstance(
            auto_scaling_group=self.name, name=self.held, transition=Transition.LAUNCHING
        )
        return LifecycleActionOrder(hooks=hooks_of(self.group, "none"), instance=instance)


@cache
def _revision() -> Revision:
    bundle = Path(mkdtemp(prefix="bundle-")) / LABEL
    bundle.mkdir()
    (bundle / "appspec.yml").write_text(APPSPEC)
    (bundle / "validate.sh").write_text("#!/bin/sh\n")
    return local(bundle)


def _pinned() -> PinnedRevision:
    """Return a revision as the group remembers it; simulated hosts do not look into it."""
    return PinnedRevision(
        revision=_revision(),
        label=LABEL,
        location="file:///nowhere",
        bundle_type=BundleType.TGZ,
        sha256="0" * 64,
        size_bytes=1,
    )


def _outcome_of(info: DeploymentInfo) -> Outcome:
    """Return what must be the same of two twins: its events are how its instances ended."""
    counts = info.deployment_overview.model_dump()
    found = outcome_of(info)
    return found._replace(
        error=_INSTANCE.sub("i-", found.error),
        events=tuple((status, str(count)) for status, count in counts.items()),
    )


# --- the play


def prepare(aws: Endpoint) -> None:
    """Make what all twins share, in an empty account."""
    for service in _CLIENTS:
        aws.client(service)
    build_fleet(aws, FleetPlan(name="first", size=0))


def build(story: FleetStory, temporal: Client, aws: Endpoint) -> FleetTwin:
    """Build a fleet, and describe its deployment."""
    size = SIZE if story.is_copied else 1
    site = build_fleet(aws, FleetPlan(name=f"fleet-{uuid4().hex[:6]}", size=size, most=2 * SIZE))
    twin = FleetTwin(story, temporal, site)
    if not story.is_copied:
        twin.held = _launched(twin)
    return twin


def _launched(twin: FleetTwin) -> str:
    """Let an instance be launched, which our hook holds; return its name. No other follows it."""
    scaling, named = twin.site.aws.client("autoscaling"), {"AutoScalingGroupName": twin.name}
    scaling.put_lifecycle_hook(
        **named,
        LifecycleHookName=twin.action.hooks.launch_hook,
        LifecycleTransition=Transition.LAUNCHING,
        HeartbeatTimeout=3600,
    )
    twin.site.resize(SIZE)
    twin.site.wait_for(InService=1, Pending_Wait=SIZE - 1)
    scaling.suspend_processes(**named, ScalingProcesses=["Launch"])
    return next(one.id for one in twin.site.instances() if one.state == "Pending:Wait")


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
