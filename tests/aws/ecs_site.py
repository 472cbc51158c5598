"""A place to deploy to: a cluster, a service in it, and the load balancer in front.

site = build_site(aws, Plan(versions=3))
site.blue, site.green                       # target groups; traffic is on blue
site.production_listener, site.test_listener
site.task_definitions[1]                    # of version 2; the service runs version 1
site.group, site.app_spec(2)                # as CodeDeploy writes them
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.aws.endpoint import Endpoint
from tests.aws.site_parts import CONTAINER, CONTAINER_PORT, Parts, Plan, TargetGroup
from tests.aws.target_health import Checks
from tests.aws.waiting import until

PRODUCTION_PORT, TEST_PORT = 80, 9001


@dataclass(frozen=True, kw_only=True)
class Site:
    """What was built. Its first task set is PRIMARY, on the blue target group, and steady.

    Attributes:
        task_definitions: Their ARNs; that of version 1 is the first.
        network: The network configuration of its task sets.
    """

    aws: Endpoint
    plan: Plan
    cluster: str
    service: str
    production_listener: str
    test_listener: str | None
    blue: TargetGroup
    green: TargetGroup
    task_definitions: tuple[str, ...]
    network: dict[str, Any]

    @property
    def group(self) -> dict[str, Any]:
        """What a deployment group says of this place, as CodeDeploy writes it."""
        pair: dict[str, Any] = {
            "targetGroups": [{"name": self.blue.name}, {"name": self.green.name}],
            "prodTrafficRoute": {"listenerArns": [self.production_listener]},
        }
        if self.test_listener is not None:
            pair["testTrafficRoute"] = {"listenerArns": [self.test_listener]}
        return {
            "ecsServices": [{"clusterName": self.cluster, "serviceName": self.service}],
            "loadBalancerInfo": {"targetGroupPairInfoList": [pair]},
        }

    def app_spec(self, version: int, **properties: Any) -> dict[str, Any]:
        """Return the AppSpec that deploys a version, with more properties if they are given."""
        wanted = {
            "TaskDefinition": self.task_definitions[version - 1],
            "LoadBalancerInfo": {"ContainerName": CONTAINER, "ContainerPort": CONTAINER_PORT},
            **properties,
        }
        service = {"Type": "AWS::ECS::Service", "Properties": wanted}
        return {"version": 0.0, "Resources": [{"TargetService": service}]}

    def task_sets(self) -> list[dict[str, Any]]:
        """Return the task sets of the service, as ECS describes them."""
        found = self.aws.client("ecs").describe_task_sets(
            cluster=self.cluster, service=self.service
        )
        return list(found["taskSets"])

    def primary(self) -> dict[str, Any]:
        """Return the primary task set."""
        (primary,) = [one for one in self.task_sets() if one["status"] == "PRIMARY"]
        return primary

    def weights(self, listener: str) -> dict[str, int]:
        """Return the weights of a listener, by name of the target group."""
        found = self.aws.client("elbv2").describe_listeners(ListenerArns=[listener])
        (action,) = found["Listeners"][0]["DefaultActions"]
        names = {self.blue.arn: self.blue.name, self.green.arn: self.green.name}
        groups = action["ForwardConfig"]["TargetGroups"]
        return {names[one["TargetGroupArn"]]: one.get("Weight", 1) for one in groups}

    def route(self, listener: str, *, blue: int, green: int) -> None:
        """Let a listener forward to both target groups, with these weights."""
        self.aws.client("elbv2").modify_listener(
            ListenerArn=listener,
            DefaultActions=[forward({self.blue.arn: blue, self.green.arn: green})],
        )

    def health(self, group: TargetGroup) -> list[str]:
        """Return the states of a target group's targets."""
        found = self.aws.client("elbv2").describe_target_health(TargetGroupArn=group.arn)
        return [one["TargetHealth"]["State"] for one in found["TargetHealthDescriptions"]]

    def create_task_set(self, version: int, group: TargetGroup, **wanted: Any) -> dict[str, Any]:
        """Create a task set of a version on a target group, like the first one."""
        request = {
            "cluster": self.cluster,
            "service": self.service,
            "taskDefinition": self.task_definitions[version - 1],
            "networkConfiguration": self.network,
            "loadBalancers": [self.load_balancer(group)],
            **self.plan.capacity,
            **wanted,
        }
        return dict(self.aws.client("ecs").create_task_set(**request)["taskSet"])

    def load_balancer(self, group: TargetGroup) -> dict[str, Any]:
        """Return how a task set says that its tasks are targets of a group."""
        return {
            "targetGroupArn": group.arn,
            "containerName": CONTAINER,
            "containerPort": CONTAINER_PORT,
        }

    def is_steady(self, task_set: str) -> bool:
        """Whether a task set, by its ARN, has reached its steady state."""
        return any(
            one["taskSetArn"] == task_set and one["stabilityStatus"] == "STEADY_STATE"
            for one in self.task_sets()
        )


def forward(weights: Mapping[str, int]) -> dict[str, Any]:
    """Return the action that forwards to target groups, by their ARNs, with these weights."""
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}


def build_site(aws: Endpoint, plan: Plan | None = None) -> Site:
    """Build a place to deploy to, and wait until its first task set is steady.

    If its targets are really probed, it is not waited for: nobody answers for them yet.
    """
    plan = plan or Plan()
    parts = Parts(aws, plan)
    blue, green = parts.target_group("blue"), parts.target_group("green")
    balancer = parts.load_balancer()
    site = Site(
        aws=aws,
        plan=plan,
        cluster=parts.cluster(),
        service=parts.service(),
        production_listener=parts.listener(balancer, PRODUCTION_PORT, blue),
        test_listener=parts.listener(balancer, TEST_PORT, blue) if plan.has_test_listener else None,
        blue=blue,
        green=green,
        task_definitions=tuple(map(parts.task_definition, range(1, plan.versions + 1))),
        network=parts.network,
    )
    first = site.create_task_set(1, blue)["taskSetArn"]
    aws.client("ecs").update_service_primary_task_set(
        cluster=site.cluster, service=site.service, primaryTaskSet=first
    )
    if plan.checks == Checks.TIMED:
        until(partial(site.is_steady, first))
    return site
