"""The tests' language for deployments that move traffic, on the real server and the emulator.

checkout = await LambdaScenario(temporal, aws).of(versions=2)
deployment = await checkout.deploy(2)
assert checkout.points_to == {"2": 1.0}
"""

import json
from collections.abc import Callable
from typing import Any, Self
from uuid import uuid4

from temporalio.client import Client

from codedeploy.application import Application
from codedeploy.deployment import DeploymentInfo, DeploymentRequest
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.group_rules import completed
from codedeploy.identifiers import termination_workflow_id
from starter.client import Rollway
from tests.aws.ecs_site import Site, build_site
from tests.aws.emulator import Emulator
from tests.aws.functions import publish
from tests.aws.site_parts import Plan

ALIAS = "live"
ALL_AT_ONCE = "AllAtOnce"
CANARY = "Canary10Percent5Minutes"
GROUP = "prod"


class TrafficScenario:
    """One application with one deployment group on Lambda or ECS."""

    platform = ""

    def __init__(self, temporal: Client, aws: Emulator) -> None:
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

    async def apply(self) -> None:
        """Apply the application and its group."""
        group = DeploymentGroup.model_validate(
            {
                "applicationName": self.application,
                "deploymentGroupName": GROUP,
                "computePlatform": self.platform,
                "deploymentConfigName": f"CodeDeployDefault.{self.platform}{ALL_AT_ONCE}",
            }
            | self.settings
        )
        application = Application.model_validate(
            {"applicationName": self.application, "computePlatform": self.platform}
        )
        await self.rollway.apply([application, completed(group)])

    def request(
        self, version: int, *, config: str | None = None, **members: Any
    ) -> DeploymentRequest:
        """Return a request to deploy a version."""
        content = json.dumps(self.app_spec(version) | {"Hooks": self.hooks})
        revision = {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}
        return DeploymentRequest.model_validate(
            {
                "applicationName": self.application,
                "deploymentGroupName": GROUP,
                "revision": revision,
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


class LambdaScenario(TrafficScenario):
    """A function with an alias."""

    platform = "Lambda"

    def __init__(self, temporal: Client, aws: Emulator) -> None:
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
        others = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
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
        self.site = build_site(self.aws, plan)
        self.settings |= self.site.group
        return self

    def app_spec(self, version: int) -> dict[str, Any]:
        """Return the AppSpec file of a version of the task definition."""
        return self.site.app_spec(version)

    async def terminated(self, deployment_id: str) -> None:
        """Wait until the original task set of a deployment has been ended."""
        await self.temporal.get_workflow_handle(termination_workflow_id(deployment_id)).result()
