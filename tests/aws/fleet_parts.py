"""The parts of a fleet of servers, each made by one or two calls of AWS."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.aws.endpoint import REGION, Endpoint
from tests.aws.site_parts import TargetGroup
from tests.aws.target_health import HEALTH_TAG, Checks

INSTANCE_PORT = 8080
RANGE = "127.1.0.0/16"
"""Of the addresses of instances: processes of this machine can listen there."""

IMAGE = "ami-0123456789abcdef0"
_ZONES = "abcdef"


@dataclass(frozen=True, kw_only=True)
class FleetPlan:
    """What to build.

    Attributes:
        name: Of the Auto Scaling group; begins the name of everything else, so that fleets can
            stand side by side.
        size: The desired capacity, in service from the beginning.
        most: The maximal size; twice the size if it is not said.
        zones: How many zones the instances are spread over.
        target_groups: How many target groups are in front, each behind a listener.
        balancers: How many classic load balancers are in front.
        drain_seconds: The deregistration delay of all of them.
        tags: Of the group, and of each instance that it launches.
        group: More for CreateAutoScalingGroup, such as `LifecycleHookSpecificationList`.
    """

    name: str = "web"
    size: int = 2
    least: int = 0
    most: int | None = None
    zones: int = 2
    target_groups: int = 1
    balancers: int = 0
    drain_seconds: int = 1
    checks: Checks = Checks.TIMED
    tags: Mapping[str, str] = field(default_factory=lambda: {"Name": "web"})
    group: Mapping[str, Any] = field(default_factory=dict)


class FleetParts:
    """Makes the parts of one fleet.

    Attributes:
        subnets: One a zone. The network is there once, for all fleets.
    """

    def __init__(self, aws: Endpoint, plan: FleetPlan) -> None:
        self._aws, self._plan = aws, plan
        self._network = aws.client("ec2")
        self._vpc = self._found_vpc() or self._made_vpc()
        in_vpc = [{"Name": "vpc-id", "Values": [self._vpc]}]
        found = self._network.describe_subnets(Filters=in_vpc)["Subnets"]
        by_zone = sorted(found, key=lambda one: str(one["AvailabilityZone"]))
        self._all_subnets = [str(one["SubnetId"]) for one in by_zone]
        self.subnets = self._all_subnets[: plan.zones]

    def _found_vpc(self) -> str | None:
        in_range = [{"Name": "cidr", "Values": [RANGE]}]
        found = self._network.describe_vpcs(Filters=in_range)["Vpcs"]
        return str(found[0]["VpcId"]) if found else None

    def _made_vpc(self) -> str:
        vpc = str(self._network.create_vpc(CidrBlock=RANGE)["Vpc"]["VpcId"])
        for number, letter in enumerate(_ZONES):
            self._network.create_subnet(
                VpcId=vpc,
                CidrBlock=f"127.1.{16 * number}.0/20",
                AvailabilityZone=f"{REGION}{letter}",
            )
        return vpc

    def launch_template(self) -> str:
        """Make a launch template, and return its name."""
        name = f"{self._plan.name}-template"
        self._network.create_launch_template(
            LaunchTemplateName=name,
            LaunchTemplateData={"ImageId": IMAGE, "InstanceType": "t3.micro"},
        )
        return name

    def target_group(self, number: int) -> TargetGroup:
        """Make a target group of instances."""
        balancing = self._aws.client("elbv2")
        name = f"{self._plan.name}-targets-{number}"
        (made,) = balancing.create_target_group(
            Name=name,
            Protocol="HTTP",
            Port=INSTANCE_PORT,
            VpcId=self._vpc,
            TargetType="instance",
            Tags=self._health_tags(),
        )["TargetGroups"]
        delay = {
            "Key": "deregistration_delay.timeout_seconds",
            "Value": str(self._plan.drain_seconds),
        }
        arn = made["TargetGroupArn"]
        balancing.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[delay])
        return TargetGroup(name=name, arn=arn)

    def load_balancer(self, groups: tuple[TargetGroup, ...]) -> tuple[str, ...]:
        """Make a load balancer with a listener for each target group; return the listeners."""
        balancing = self._aws.client("elbv2")
        (made,) = balancing.create_load_balancer(
            Name=self._plan.name, Subnets=self._all_subnets[:2]
        )["LoadBalancers"]
        return tuple(
            str(
                balancing.create_listener(
                    LoadBalancerArn=made["LoadBalancerArn"],
                    Protocol="HTTP",
                    Port=80 + number,
                    DefaultActions=[{"Type": "forward", "TargetGroupArn": group.arn}],
                )["Listeners"][0]["ListenerArn"]
            )
            for number, group in enumerate(groups)
        )

    def classic_balancer(self, number: int) -> str:
        """Make a classic load balancer, and return its name."""
        balancing, name = self._aws.client("elb"), f"{self._plan.name}-classic-{number}"
        listener = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": INSTANCE_PORT}
        balancing.create_load_balancer(
            LoadBalancerName=name,
            Listeners=[listener],
            Subnets=self.subnets,
            Tags=self._health_tags(),
        )
        balancing.configure_health_check(
            LoadBalancerName=name,
            HealthCheck={
                "Target": f"HTTP:{INSTANCE_PORT}/",
                "Interval": 5,
                "Timeout": 2,
                "UnhealthyThreshold": 2,
                "HealthyThreshold": 2,
            },
        )
        draining = {"Enabled": self._plan.drain_seconds > 0, "Timeout": self._plan.drain_seconds}
        balancing.modify_load_balancer_attributes(
            LoadBalancerName=name, LoadBalancerAttributes={"ConnectionDraining": draining}
        )
        return name

    def auto_scaling_group(self, template: str, front: Mapping[str, Any]) -> str:
        """Make the group, and return its name."""
        plan = self._plan
        request: dict[str, Any] = {
            "AutoScalingGroupName": plan.name,
            "LaunchTemplate": {"LaunchTemplateName": template, "Version": "$Latest"},
            "MinSize": plan.least,
            "MaxSize": max(2 * plan.size, 2) if plan.most is None else plan.most,
            "DesiredCapacity": plan.size,
            "VPCZoneIdentifier": ",".join(self.subnets),
            "Tags": [
                {"Key": key, "Value": value, "PropagateAtLaunch": True}
                for key, value in plan.tags.items()
            ],
        }
        request |= {**front, **plan.group}
        self._aws.client("autoscaling").create_auto_scaling_group(**request)
        return plan.name

    def _health_tags(self) -> list[dict[str, str]]:
        return [{"Key": HEALTH_TAG, "Value": str(self._plan.checks)}]
