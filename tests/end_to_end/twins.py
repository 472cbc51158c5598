"""Deployments that are alike, each to a function or a service of its own.

What disturbs one of them must not make it end differently from one that nothing disturbs.
"""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import (
    Client,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowQueryFailedError,
)
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.service import RPCError, RPCStatusCode

from codedeploy.application import ComputePlatform
from codedeploy.deployment import DeploymentInfo, InterventionRequest, Termination
from codedeploy.identifiers import termination_workflow_id
from tests.aws.alarms import put_alarm
from tests.aws.endpoint import Endpoint
from tests.aws.functions import publish
from tests.aws.site_parts import Plan
from tests.aws.snapshot import Snapshot, snapshot
from tests.end_to_end.fates import Step, owner_and_key
from tests.end_to_end.stories import End, Outcome, Story, outcome_of
from tests.end_to_end.trials import Play
from tests.traffic_scenario import BAD, CANARY, GOOD, EcsScenario, LambdaScenario, TrafficScenario
from workflows.deployment import DeploymentWorkflow
from workflows.options import CONTROL_QUEUE
from workflows.orders import DeploymentOrder

ALARM = "errors"

_CANARY = 10
"""How many percent of the traffic the canary gets."""

_LOOK_SECONDS = 0.2
_ANSWER_LIMIT = timedelta(seconds=5)

_CLIENTS = ("cloudwatch", "ec2", "ecs", "elbv2", "iam", "lambda")
_SCHEDULED = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED


@dataclass
class Twin:
    """One deployment that is to be, and what it is to change.

    Attributes:
        name: Part of the names of all that belongs to it, and of nothing else.
    """

    story: Story
    scenario: TrafficScenario
    name: str

    @property
    def deployment_id(self) -> str:
        """The id that its deployment has, or will have."""
        return f"d-{self.name[-6:].upper()}"

    async def deploy(self) -> Outcome:
        """Deploy, and return how the deployment ended once nothing of it is left to do.

        Raises:
            WorkflowFailureError: It was not ended by its own verdict, or its original was not.
        """
        if not self.story.follows:
            return outcome_of(await self._carried_out(self._order(self.deployment_id, version=2)))
        first = self._order(f"{self.deployment_id}0", version=2, wait_minutes=60)
        original = (await self._carried_out(first)).task_sets_info[0].identifer
        kept = Termination(
            workflow_id=termination_workflow_id(first.deployment_id), task_set=original
        )
        second = self._order(self.deployment_id, version=1)
        return outcome_of(await self._carried_out(second.model_copy(update={"termination": kept})))

    def _order(self, deployment_id: str, *, version: int, wait_minutes: int = 0) -> DeploymentOrder:
        kept = {"terminationWaitTimeInMinutes": wait_minutes}
        rules = {"terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", **kept}}
        if self.story.platform is ComputePlatform.ECS:
            self.scenario.with_settings(blueGreenDeploymentConfiguration=rules)
        return DeploymentOrder(
            deployment_id=deployment_id,
            request=self.scenario.request(version, config=self._config),
            group=self.scenario.group(),
            deployment_group_id="none",
            create_time=datetime.now(UTC),
        )

    async def _carried_out(self, order: DeploymentOrder) -> DeploymentInfo:
        running = await self.temporal.start_workflow(
            DeploymentWorkflow.run, order, id=order.deployment_id, task_queue=CONTROL_QUEUE
        )
        if self.story.end is End.STOPPED:
            await self._stop(running)
        try:
            info = await running.result()
        except WorkflowFailureError as error:
            return await self._info() if is_stopped(error) else told_by(error)
        rules = order.group.blue_green_deployment_configuration
        if isinstance(self.scenario, EcsScenario) and rules and not rules.termination_wait_minutes:
            await self.scenario.terminated(order.deployment_id)
        return info

    @property
    def _config(self) -> str | None:
        return CANARY if self.story.end is End.STOPPED else None

    async def _stop(self, running: WorkflowHandle[Any, DeploymentInfo]) -> None:
        """Stop a deployment once the traffic is divided."""
        while (traffic := (await self._info()).traffic) is None or traffic.percent != _CANARY:
            await asyncio.sleep(_LOOK_SECONDS)
        await running.signal("stop", InterventionRequest(reason="seen enough"))

    async def _info(self) -> DeploymentInfo:
        """Return where the deployment stands, as soon as there is a worker to say so."""
        deployment = self.temporal.get_workflow_handle(self.deployment_id)
        while True:
            with suppress(RPCError, WorkflowQueryFailedError):
                info: DeploymentInfo = await deployment.query(
                    "info", result_type=DeploymentInfo, rpc_timeout=_ANSWER_LIMIT
                )
                return info
            await asyncio.sleep(_LOOK_SECONDS)

    async def steps(self) -> list[Step]:
        """Return the activities of the deployment, in order."""
        found = await steps_of(self.temporal, self.deployment_id)
        if self.story.platform is ComputePlatform.ECS and self.story.succeeds:
            ending = termination_workflow_id(self.deployment_id)
            found += await steps_of(self.temporal, ending)
        return found

    @property
    def temporal(self) -> Client:
        """The client of its lane."""
        return self.scenario.temporal

    def part_of(self, whole: Snapshot) -> Snapshot:
        """Return what belongs to it, under a name that all twins share."""
        mine = {
            kind: {name: value for name, value in things.items() if self.name in name}
            for kind, things in whole.items()
        }
        shared: Snapshot = json.loads(json.dumps(mine).replace(self.name, "twin"))
        return shared


def prepare(aws: Endpoint) -> None:
    """Make what all twins share, in an empty account."""
    for service in _CLIENTS:
        aws.client(service)
    put_alarm(aws, ALARM)
    publish(aws, "good", GOOD)
    publish(aws, "bad", BAD)


def build(story: Story, temporal: Client, aws: Endpoint) -> Twin:
    """Build a function or a service, and describe its deployment."""
    make = _function if story.platform is ComputePlatform.LAMBDA else _service
    twin = make(story, temporal, aws)
    twin.scenario.asking("AfterAllowTraffic", "bad" if story.end is End.FAILS else "good")
    watched = {"enabled": True, "alarms": [{"name": ALARM}]}
    twin.scenario.with_settings(alarmConfiguration=watched)
    return twin


TRAFFIC = Play(prepare, build, snapshot)


def _function(story: Story, temporal: Client, aws: Endpoint) -> Twin:
    scenario = LambdaScenario(temporal, aws).of(versions=2)
    scenario.asking("BeforeAllowTraffic", "good")
    return Twin(story, scenario, scenario.function)


def _service(story: Story, temporal: Client, aws: Endpoint) -> Twin:
    scenario = EcsScenario(temporal, aws).of(Plan(desired_count=1))
    site = scenario.site
    aws.client("elbv2").create_rule(
        ListenerArn=site.production_listener,
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/checkout"]}],
        Actions=[{"Type": "forward", "TargetGroupArn": site.blue.arn}],
    )
    return Twin(story, scenario, site.service)


def is_stopped(error: WorkflowFailureError) -> bool:
    """Whether the workflow ended as a stopped deployment does."""
    return isinstance(error.cause, CancelledError)


def told_by(error: WorkflowFailureError) -> DeploymentInfo:
    """Return the deployment from the failure that its workflow ended with: no worker is asked."""
    if not isinstance(error.cause, ApplicationError):
        raise error
    return DeploymentInfo.model_validate(error.cause.details[0])


async def exists(client: Client, workflow_id: str) -> bool:
    """Return whether there is, or was, a workflow of that id."""
    try:
        await client.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True


async def steps_of(client: Client, workflow_id: str) -> list[Step]:
    """Return the activities of a workflow that workers of the control plane carry out, in order."""
    history = client.get_workflow_handle(workflow_id).fetch_history_events()
    scheduled = [
        event.activity_task_scheduled_event_attributes
        async for event in history
        if event.event_type == _SCHEDULED
        and event.activity_task_scheduled_event_attributes.task_queue.name == CONTROL_QUEUE
    ]
    return [
        Step(
            owner_and_key(workflow_id, one.activity_id, one.activity_type.name)[1],
            one.activity_type.name,
        )
        for one in scheduled
    ]
