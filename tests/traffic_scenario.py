"""The tests' language for deployments that move traffic, on the real server and the emulator.

checkout = await LambdaScenario(temporal, aws).of(versions=2)
deployment = await checkout.deploy(2)
assert checkout.points_to == {"2": 1.0}
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self
from uuid import uuid4

from temporalio.client import Client

from codedeploy.application import Application
from codedeploy.deployment import DeploymentInfo, InterventionRequest
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.group_rules import completed
from codedeploy.identifiers import termination_workflow_id
from starter.client import Rollway
from tests.aws.ecs_site import Site, build_site
from tests.aws.endpoint import Endpoint
from tests.aws.functions import publish
from tests.aws.site_parts import Plan
from tests.aws.snapshot import difference, snapshot
from tests.aws.waiting import until

ALIAS = "live"
ALL_AT_ONCE = "AllAtOnce"
CANARY = "Canary10Percent5Minutes"
GROUP = "prod"
WEIGHTS = "AdditionalVersionWeights"

CHANGING = {
    "call_hook",
    "create_replacement",
    "delete_task_set",
    "make_task_set_primary",
    "route_alias",
    "route_listener",
}
"""The activities that may change something in AWS; all others only look."""

GOOD = 'def handler(event, context):\n    return {"status": "Succeeded"}\n'
BAD = 'def handler(event, context):\n    return {"status": "Failed", "message": "no stock"}\n'
BROKEN = 'def handler(event, context):\n    raise RuntimeError("table is missing")\n'
REMEMBERING = """
import json, os, time
from urllib.request import Request, urlopen

def handler(event, context):
    told = json.dumps({"function": context.function_name, **event}).encode()
    place = f"{os.environ['AWS_ENDPOINT_URL']}/told/{time.time_ns()}"
    kind = {"Content-Type": "application/json"}
    urlopen(Request(place, data=told, headers=kind, method="PUT")).close()
"""
"""A hook that only keeps what it was told, in S3: its verdict must come in another way."""

SURE = REMEMBERING + '    return {"status": "Succeeded"}\n'
"""A hook that keeps what it was told, and is content."""


class TrafficScenario:
    """One application with one deployment group on Lambda or ECS."""

    platform = ""

    def __init__(self, temporal: Client, aws: Endpoint) -> None:
        self.temporal = temporal
        self.aws = aws
        self.rollway = Rollway(temporal)
        self.application = f"traffic-{uuid4().hex[:8]}"
        self.settings: dict[str, Any] = {}
        self.hooks: list[dict[str, str]] = []
        self.last_id = ""

    def with_settings(self, **settings: Any) -> Self:
        """Add members to the deployment group, in CodeDeploy's spelling."""
        self.settings |= settings
        return self

    def asking(self, event: str, function: str) -> Self:
        """Let a function be asked at an event."""
        self.hooks.append({event: function})
        return self

    def app_spec(self, version: int) -> dict[str, Any]:
        """Return the AppSpec file of a version."""
        raise NotImplementedError

    def group(self) -> DeploymentGroup:
        """Return the deployment group as it is going to be applied."""
        members = {
            "applicationName": self.application,
            "deploymentGroupName": GROUP,
            "computePlatform": self.platform,
            "deploymentConfigName": f"CodeDeployDefault.{self.platform}{ALL_AT_ONCE}",
        }
        return completed(DeploymentGroup.model_validate(members | self.settings))

    async def apply(self) -> None:
        """Apply the application and its group."""
        application = Application.model_validate(
            {"applicationName": self.application, "computePlatform": self.platform}
        )
        await self.rollway.apply([application, self.group()])

    def request(
        self, version: int, *, config: str | None = None, **members: Any
    ) -> DeploymentRequest:
        """Return a request to deploy a version."""
        content = json.dumps(self.app_spec(version) | {"Hooks": self.hooks})
        return DeploymentRequest.model_validate(
            {
                "applicationName": self.application,
                "deploymentGroupName": GROUP,
                "revision": inline(content),
                "deploymentConfigName": config and f"CodeDeployDefault.{self.platform}{config}",
            }
            | members
        )

    async def start(self, version: int, *, config: str | None = None, **members: Any) -> str:
        """Start a deployment and return its id."""
        await self.apply()
        request = self.request(version, config=config, **members)
        self.last_id = await self.rollway.deploy(request)
        return self.last_id

    async def deploy(
        self, version: int, *, config: str | None = None, **members: Any
    ) -> DeploymentInfo:
        """Deploy a version and return the deployment once it has ended."""
        return await self.ended(await self.start(version, config=config, **members))

    async def stop(self) -> DeploymentInfo:
        """Stop the last deployment and return it once it has ended."""
        await self.rollway.intervene(self.last_id, "stop", InterventionRequest())
        return await self.ended(self.last_id)

    async def refused(self, *, config: str | None = None, **members: Any) -> tuple[str, str]:
        """Deploy version 2; return why that fails, without anything having been changed."""
        before = snapshot(self.aws)
        deployment_id = await self.rollway.deploy(self.request(2, config=config, **members))
        deployment = await self.ended(deployment_id)
        assert deployment.status == "Failed"
        assert await self.changes(deployment_id) == []
        assert difference(before, snapshot(self.aws)) == []
        return reason_of(deployment)

    async def ended(self, deployment_id: str) -> DeploymentInfo:
        """Wait until a deployment has ended."""
        async for _ in self.rollway.watch(deployment_id):
            pass
        return await self.rollway.deployment(deployment_id)

    async def until(self, condition: Callable[[DeploymentInfo], bool]) -> DeploymentInfo:
        """Wait until the last deployment is as `condition` says."""
        async for info in self.rollway.watch(self.last_id):
            if condition(info):
                return info
        raise AssertionError("the deployment ended without ever being so")

    async def until_at(self, percent: int) -> DeploymentInfo:
        """Wait until the replacement gets that part of the traffic."""
        return await self.until(lambda info: bool(info.traffic and info.traffic.percent == percent))

    def remembering(self, event: str, function: str, *, source: str = SURE) -> Self:
        """Let a function be asked at an event that keeps what it is told."""
        self.aws.client("s3").create_bucket(Bucket="told")
        publish(self.aws, function, source)
        return self.asking(event, function)

    @property
    def told(self) -> list[dict[str, str]]:
        """What functions were told that keep it, in order."""
        s3 = self.aws.client("s3")
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket="told").get("Contents", [])]
        return [json.load(s3.get_object(Bucket="told", Key=key)["Body"]) for key in sorted(keys)]

    async def changes(self, deployment_id: str) -> list[str]:
        """Return the activities of a deployment that may have changed something in AWS."""
        history = await self.temporal.get_workflow_handle(deployment_id).fetch_history()
        names = [
            event.activity_task_scheduled_event_attributes.activity_type.name
            for event in history.events
        ]
        return [name for name in names if name in CHANGING]


def inline(content: str) -> dict[str, Any]:
    """Return the revision that an AppSpec file is, as CreateDeployment takes it."""
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}


def edited(appspec: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return the AppSpec file with other properties; None leaves one out."""
    ((name, resource),) = appspec["Resources"][0].items()
    properties = resource["Properties"] | changes
    kept = {key: value for key, value in properties.items() if value is not None}
    return appspec | {"Resources": [{name: resource | {"Properties": kept}}]}


def reason_of(deployment: DeploymentInfo) -> tuple[str, str]:
    """Return the code and the sentence of a deployment that did not succeed."""
    assert deployment.error_information is not None
    return deployment.error_information.code, deployment.error_information.message


def event_statuses(deployment: DeploymentInfo) -> dict[str, str]:
    """Return how each lifecycle event of a deployment ended, in order."""
    assert deployment.target is not None
    return {one.lifecycle_event_name.value: one.status.value for one in deployment.target.events}


class LambdaScenario(TrafficScenario):
    """A function with an alias."""

    platform = "Lambda"

    def __init__(self, temporal: Client, aws: Endpoint) -> None:
        super().__init__(temporal, aws)
        self.function = f"checkout-{uuid4().hex[:8]}"

    def of(self, *, versions: int) -> Self:
        """Publish versions 1 to `versions`; the alias points to version 1."""
        for number in range(1, versions + 1):
            code = f"def handler(event, context):\n    return {number}\n"
            assert publish(self.aws, self.function, code) == str(number)
        self.functions.create_alias(FunctionName=self.function, Name=ALIAS, FunctionVersion="1")
        return self

    @property
    def functions(self) -> Any:
        """A client of Lambda."""
        return self.aws.client("lambda")

    @property
    def points_to(self) -> dict[str, float]:
        """The part of the traffic that each version gets."""
        alias = self.functions.get_alias(FunctionName=self.function, Name=ALIAS)
        others: dict[str, float] = alias.get("RoutingConfig", {}).get(WEIGHTS, {})
        return {alias["FunctionVersion"]: 1 - sum(others.values())} | others

    def app_spec(self, version: int, *, current: int | None = None) -> dict[str, Any]:
        """Return the AppSpec file that moves the alias from where it is to `version`."""
        found = max(self.points_to.items(), key=lambda item: item[1])[0]
        properties = {
            "Name": self.function,
            "Alias": ALIAS,
            "CurrentVersion": current or int(found),
            "TargetVersion": version,
        }
        function = {"Type": "AWS::Lambda::Function", "Properties": properties}
        return {"version": 0.0, "Resources": [{"checkout": function}]}


class EcsScenario(TrafficScenario):
    """A service behind a load balancer."""

    platform = "ECS"
    site: Site

    def of(self, plan: Plan) -> Self:
        """Build the service; it runs version 1."""
        unique = replace(plan, name=f"{plan.name}-{uuid4().hex[:6]}")
        self.site = build_site(self.aws, unique)
        self.settings |= self.site.group
        return self

    def running(self, **wanted: Any) -> Self:
        """Let version 1 run in a task set of other properties, on the green target group."""
        site, ecs = self.site, self.aws.client("ecs")
        where = {"cluster": site.cluster, "service": site.service}
        first = site.primary()["taskSetArn"]
        site.route(site.production_listener, blue=0, green=1)
        made = site.create_task_set(1, site.green, **wanted)["taskSetArn"]
        until(lambda: site.is_steady(made))
        ecs.update_service_primary_task_set(**where, primaryTaskSet=made)
        ecs.delete_task_set(**where, taskSet=first, force=True)
        until(lambda: len(site.task_sets()) == 1)
        return self

    def app_spec(self, version: int) -> dict[str, Any]:
        """Return the AppSpec file of a version of the task definition."""
        return self.site.app_spec(version)

    async def terminated(self, deployment_id: str) -> None:
        """Wait until the original task set of a deployment has been ended."""
        await self.temporal.get_workflow_handle(termination_workflow_id(deployment_id)).result()
