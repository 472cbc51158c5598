"""The parts of a place to deploy to, each made by one or two calls of AWS."""

from dataclasses import dataclass
from typing import Any

from tests.aws.endpoint import Endpoint
from tests.aws.target_health import HEALTH_TAG, Checks

CONTAINER, CONTAINER_PORT = "web", 8080


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to build.

    Attributes:
        name: Begins the name of everything, so that sites can stand side by side.
        versions: How many task definitions to register.
        broken: Versions whose tasks never run, so that no task set of theirs gets steady.
        drain_seconds: The deregistration delay of both target groups.
        balancer: `application` or `network`.
        capacity_providers: Where tasks run; the launch type is FARGATE if there are none.
    """

    name: str = "shop"
    versions: int = 2
    broken: tuple[int, ...] = ()
    desired_count: int = 2
    drain_seconds: int = 1
    balancer: str = "application"
    has_test_listener: bool = True
    checks: Checks = Checks.TIMED
    capacity_providers: tuple[str, ...] = ()

    @property
    def protocol(self) -> str:
        """What the load balancer speaks."""
        return "TCP" if self.balancer == "network" else "HTTP"

    @property
    def capacity(self) -> dict[str, Any]:
        """Where tasks run, as requests say it."""
        if not self.capacity_providers:
            return {"launchType": "FARGATE"}
        names = self.capacity_providers
        return {
            "capacityProviderStrategy": [{"capacityProvider": one, "weight": 1} for one in names]
        }


@dataclass(frozen=True, kw_only=True)
class TargetGroup:
    """One of the pair."""

    name: str
    arn: str


class Parts:
    """Makes the parts of one site, in the default network.

    Attributes:
        network: The network configuration of task sets.
    """

    def __init__(self, aws: Endpoint, plan: Plan) -> None:
        self._ecs, self._elb = aws.client("ecs"), aws.client("elbv2")
        self._plan = plan
        network = aws.client("ec2")
        found = network.describe_subnets()["Subnets"]
        self._vpc = found[0]["VpcId"]
        self._subnets = [one["SubnetId"] for one in found[:2]]
        in_vpc = {"Name": "vpc-id", "Values": [self._vpc]}
        groups = network.describe_security_groups(Filters=[in_vpc])["SecurityGroups"]
        self.network = {
            "awsvpcConfiguration": {
                "subnets": self._subnets,
                "securityGroups": [groups[0]["GroupId"]],
                "assignPublicIp": "DISABLED",
            }
        }

    def target_group(self, colour: str) -> TargetGroup:
        """Make a target group of addresses."""
        name = f"{self._plan.name}-{colour}"
        (made,) = self._elb.create_target_group(
            Name=name,
            Protocol=self._plan.protocol,
            Port=CONTAINER_PORT,
            VpcId=self._vpc,
            TargetType="ip",
            Tags=[{"Key": HEALTH_TAG, "Value": str(self._plan.checks)}],
        )["TargetGroups"]
        delay = {
            "Key": "deregistration_delay.timeout_seconds",
            "Value": str(self._plan.drain_seconds),
        }
        arn = made["TargetGroupArn"]
        self._elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[delay])
        return TargetGroup(name=name, arn=arn)

    def load_balancer(self) -> str:
        """Make a load balancer, and return its ARN."""
        (made,) = self._elb.create_load_balancer(
            Name=self._plan.name, Type=self._plan.balancer, Subnets=self._subnets
        )["LoadBalancers"]
        return str(made["LoadBalancerArn"])

    def listener(self, balancer: str, port: int, group: TargetGroup) -> str:
        """Make a listener that forwards to one target group, and return its ARN."""
        (made,) = self._elb.create_listener(
            LoadBalancerArn=balancer,
            Protocol=self._plan.protocol,
            Port=port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group.arn}],
        )["Listeners"]
        return str(made["ListenerArn"])

    def cluster(self) -> str:
        """Make a cluster, and return its name."""
        self._ecs.create_cluster(
            clusterName=self._plan.name, capacityProviders=list(self._plan.capacity_providers)
        )
        return self._plan.name

    def service(self) -> str:
        """Make a service in the cluster that task sets deploy, and return its name."""
        self._ecs.create_service(
            cluster=self._plan.name,
            serviceName=self._plan.name,
            desiredCount=self._plan.desired_count,
            deploymentController={"type": "EXTERNAL"},
        )
        return self._plan.name

    def task_definition(self, version: int) -> str:
        """Register the definition of a version, and return its ARN."""
        tag = "broken" if version in self._plan.broken else str(version)
        container = {
            "name": CONTAINER,
            "image": f"web:{tag}",
            "memory": 128,
            "portMappings": [{"containerPort": CONTAINER_PORT, "protocol": "tcp"}],
        }
        made = self._ecs.register_task_definition(
            family=self._plan.name,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[container],
        )
        return str(made["taskDefinition"]["taskDefinitionArn"])
