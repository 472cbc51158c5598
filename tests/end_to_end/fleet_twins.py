"""Deployments to servers that are alike, each to an Auto Scaling group of its own; see `twins`."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from temporalio.client import Client, WorkflowFailureError

from codedeploy.auto_scaling import HeldInstance, HooksOrder, LifecycleActionOrder, Transition
from codedeploy.deployment import Creator, DeploymentInfo
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.identifiers import termination_workflow_id
from codedeploy.plan import plan_for_one
from codedeploy.revision import BundleType, PinnedRevision, Revision
from codedeploy.scaling_hooks import hooks_of
from codedeploy.target_instances import TargetInstances
from starter.locations import local
from tests.aws.fleet_site import FleetSite
from tests.aws.snapshot import Snapshot
from tests.end_to_end.fates import Step
from tests.end_to_end.fleet_agents import FleetAgents
from tests.end_to_end.fleet_kinds import SIZE, FleetStory
from tests.end_to_end.stories import Outcome, outcome_of
from tests.end_to_end.twins import exists, steps_of, told_by
from tests.scenario import APPSPEC
from workflows.deployment import DeploymentWorkflow
from workflows.options import CONTROL_QUEUE
from workflows.orders import DeploymentOrder

LABEL = "v1"
_INSTANCE = re.compile(r"\bi-[0-9a-f]+\b")


@dataclass
class FleetTwin:
    """One deployment that is to be, and the fleet it is to change.

    Attributes:
        site: The fleet; its name is part of the names of all that belongs to it.
        hosts: The instances that there are; the last one is the one that fails.
    """

    story: FleetStory
    temporal: Client
    site: FleetSite
    hosts: tuple[str, ...] = ()

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
        return DeploymentGroup.model_validate(
            {
                "applicationName": "shop",
                "deploymentGroupName": self.name,
                "deploymentConfigName": "CodeDeployDefault.AllAtOnce",
                **self.site.deployment_group,
                **(self._found_by_tags if self.story is FleetStory.REPLACED else {}),
                **self.story.settings,
            }
        )

    @property
    def _found_by_tags(self) -> dict[str, Any]:
        return {"autoScalingGroups": [], "ec2TagFilters": [named(f"{self.name}-blue")]}

    async def deploy(self) -> Outcome:
        """Deploy, and return how the deployment ended once nothing of it is left to do.

        Raises:
            WorkflowFailureError: It was not ended by its own verdict, or its original was not.
        """
        event = self.story.failing_event
        agents = FleetAgents(
            self.temporal,
            self._copied_instances,
            expected=SIZE if self.story.is_copied else 0,
            failing={event: LABEL} if event else {},
        )
        async with agents.at_work(self.hosts):
            return _outcome_of(await self._carried_out())

    async def steps(self) -> list[Step]:
        """Return the activities of the deployment that a worker of the lane carries out."""
        found = await steps_of(self.temporal, self.deployment_id)
        for number in count(1):
            batch = f"{self.deployment_id}/batch-{number}"
            if not await exists(self.temporal, batch):
                break
            found += await steps_of(self.temporal, batch)
        if self.story.leaves_a_termination:
            found += await steps_of(self.temporal, termination_workflow_id(self.deployment_id))
        return found

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
        if self.story.leaves_a_termination:
            ending = termination_workflow_id(self.deployment_id)
            await self.temporal.get_workflow_handle(ending).result()
        return info

    def _order(self) -> DeploymentOrder:
        order = DeploymentOrder(
            deployment_id=self.deployment_id,
            request=DeploymentRequest(
                application_name="shop",
                deployment_group_name=self.name,
                revision=revision(),
                target_instances=self._replacement,
            ),
            group=self.group,
            deployment_group_id="none",
            create_time=datetime.now(UTC),
        )
        transition = self.story.transition
        if transition is None:
            return order
        (held,) = self.hosts
        instance = HeldInstance(auto_scaling_group=self.name, name=held, transition=transition)
        passing = {
            "creator": _CREATORS[transition],
            "plan": plan_for_one(self.group, _pinned(), held),
            "lifecycle_action": LifecycleActionOrder(hooks=self.hooks, instance=instance),
        }
        return order.model_copy(update=passing)

    @property
    def _replacement(self) -> TargetInstances | None:
        if self.story is not FleetStory.REPLACED:
            return None
        return TargetInstances.model_validate({"tagFilters": [named(f"{self.name}-green")]})

    @property
    def hooks(self) -> HooksOrder:
        """The lifecycle hooks of the deployment group."""
        return hooks_of(self.group, "none")


_CREATORS = {
    Transition.LAUNCHING: Creator.AUTO_SCALING,
    Transition.TERMINATING: Creator.AUTO_SCALING_TERMINATION,
}


def named(name: str) -> dict[str, str]:
    """Return the filter that finds the instances of EC2 with that name."""
    return {"Key": "Name", "Value": name, "Type": "KEY_AND_VALUE"}


@cache
def revision() -> Revision:
    """Return the revision that is deployed."""
    bundle = Path(mkdtemp(prefix="bundle-")) / LABEL
    bundle.mkdir()
    (bundle / "appspec.yml").write_text(APPSPEC)
    (bundle / "validate.sh").write_text("#!/bin/sh\n")
    return local(bundle)


def _pinned() -> PinnedRevision:
    """Return a revision as the group remembers it; simulated hosts do not look into it."""
    return PinnedRevision(
        revision=revision(),
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
