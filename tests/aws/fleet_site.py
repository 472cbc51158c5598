"""A fleet of servers to deploy to: an Auto Scaling group, and the load balancers in front.

site = build_fleet(aws, FleetPlan(size=3, balancers=1))
site.group                                  # the name of the Auto Scaling group
site.instances()                            # with addresses 127.1.x.y, zones and states
site.target_groups[0], site.balancers[0]    # everybody in service is healthy there
site.deployment_group                       # as CodeDeploy writes it
launch_hosts(aws, 3, tags={"Stage": "test"})  # instances of no group
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.aws.endpoint import Endpoint
from tests.aws.fleet_parts import IMAGE, FleetParts, FleetPlan
from tests.aws.site_parts import TargetGroup
from tests.aws.target_health import Checks
from tests.aws.waiting import until

IN_SERVICE = "InService"


@dataclass(frozen=True, kw_only=True)
class FleetInstance:
    """An instance, as its group and EC2 describe it.

    Attributes:
        state: Of its life in the group, such as `Pending:Wait`.
    """

    id: str
    address: str
    zone: str
    state: str


@dataclass(frozen=True, kw_only=True)
class FleetSite:
    """What was built.

    Attributes:
        group: The name of the Auto Scaling group.
        launch_template: Its name.
        subnets: One a zone.
        listeners: The ARN of one for each target group, by the same place.
        balancers: The names of the classic load balancers.
    """

    aws: Endpoint
    plan: FleetPlan
    group: str
    launch_template: str
    subnets: tuple[str, ...]
    target_groups: tuple[TargetGroup, ...]
    listeners: tuple[str, ...]
    balancers: tuple[str, ...]

    @property
    def deployment_group(self) -> dict[str, Any]:
        """What a deployment group says of this place, as CodeDeploy writes it."""
        info: dict[str, Any] = {}
        if self.target_groups:
            info["targetGroupInfoList"] = [{"name": one.name} for one in self.target_groups]
        if self.balancers:
            info["elbInfoList"] = [{"name": one} for one in self.balancers]
        return {
            "autoScalingGroups": [self.group],
            **({"loadBalancerInfo": info} if info else {}),
        }

    def described(self, group: str | None = None) -> dict[str, Any]:
        """Return what DescribeAutoScalingGroups says of the group, or of another one."""
        found = self.aws.client("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[group or self.group]
        )
        return dict(found["AutoScalingGroups"][0])

    def instances(self, group: str | None = None) -> list[FleetInstance]:
        """Return the instances of the group, or of another one, the oldest first."""
        members = self.described(group)["Instances"]
        addresses = addresses_of(self.aws, [one["InstanceId"] for one in members])
        return [
            FleetInstance(
                id=one["InstanceId"],
                address=addresses[one["InstanceId"]],
                zone=one["AvailabilityZone"],
                state=one["LifecycleState"],
            )
            for one in members
        ]

    def states(self, group: str | None = None) -> dict[str, str]:
        """Return the state of each instance of the group, or of another one, by id."""
        members = self.described(group)["Instances"]
        return {one["InstanceId"]: one["LifecycleState"] for one in members}

    def in_service(self, group: str | None = None) -> list[str]:
        """Return the ids of the instances that are in service."""
        return [one for one, state in self.states(group).items() if state == IN_SERVICE]

    def resize(self, size: int) -> None:
        """Want another number of instances, and do not wait for them."""
        self.aws.client("autoscaling").set_desired_capacity(
            AutoScalingGroupName=self.group, DesiredCapacity=size
        )

    def wait_for(self, **counts: int) -> list[str]:
        """Wait until this many instances are in each of these states, and none in others.

        Args:
            counts: By state, with `_` for the colon: `InService=2, Pending_Wait=1`.
        """
        wanted = {state.replace("_", ":"): count for state, count in counts.items() if count}
        until(lambda: dict(Counter(self.states().values())) == wanted)
        return list(self.states())

    def targets(self, group: TargetGroup) -> dict[str, str]:
        """Return the state of each target of a target group, by id."""
        found = self.aws.client("elbv2").describe_target_health(TargetGroupArn=group.arn)
        return {
            one["Target"]["Id"]: one["TargetHealth"]["State"]
            for one in found["TargetHealthDescriptions"]
        }

    def behind(self, balancer: str) -> dict[str, str]:
        """Return the state of each instance of a classic load balancer, by id."""
        found = self.aws.client("elb").describe_instance_health(LoadBalancerName=balancer)
        return {one["InstanceId"]: one["State"] for one in found["InstanceStates"]}

    def are_healthy(self, instance_ids: Iterable[str]) -> bool:
        """Whether exactly these instances are behind every load balancer, all healthy."""
        ids = set(instance_ids)
        return all(
            self.targets(one) == dict.fromkeys(ids, "healthy") for one in self.target_groups
        ) and all(self.behind(one) == dict.fromkeys(ids, IN_SERVICE) for one in self.balancers)


def build_fleet(aws: Endpoint, plan: FleetPlan | None = None) -> FleetSite:
    """Build a fleet, and wait until all of it is in service and healthy.

    Really probed targets are not waited for, as nobody answers for them yet; nor is a fleet with
    lifecycle hooks in its plan, as they may hold it.
    """
    plan = plan or FleetPlan()
    parts = FleetParts(aws, plan)
    groups = tuple(map(parts.target_group, range(1, plan.target_groups + 1)))
    balancers = tuple(map(parts.classic_balancer, range(1, plan.balancers + 1)))
    front = {"TargetGroupARNs": [one.arn for one in groups], "LoadBalancerNames": balancers}
    template = parts.launch_template()
    site = FleetSite(
        aws=aws,
        plan=plan,
        launch_template=template,
        target_groups=groups,
        listeners=parts.load_balancer(groups) if groups else (),
        balancers=balancers,
        group=parts.auto_scaling_group(template, front),
        subnets=tuple(parts.subnets),
    )
    if "LifecycleHookSpecificationList" not in plan.group:
        site.wait_for(InService=plan.size)
        until(lambda: plan.checks != Checks.TIMED or site.are_healthy(site.in_service()))
    return site


def launch_hosts(
    aws: Endpoint, count: int, *, tags: Mapping[str, str], plan: FleetPlan | None = None
) -> list[str]:
    """Launch instances of no group, in the zones of a plan by turns; return their ids."""
    subnets = FleetParts(aws, plan or FleetPlan()).subnets
    described = [{"Key": key, "Value": value} for key, value in tags.items()]
    return [
        str(
            aws.client("ec2").run_instances(
                ImageId=IMAGE,
                MinCount=1,
                MaxCount=1,
                InstanceType="t3.micro",
                SubnetId=subnets[number % len(subnets)],
                TagSpecifications=[{"ResourceType": "instance", "Tags": described}],
            )["Instances"][0]["InstanceId"]
        )
        for number in range(count)
    ]


def addresses_of(aws: Endpoint, instance_ids: list[str]) -> dict[str, str]:
    """Return the private address of each instance, by id."""
    if not instance_ids:
        return {}
    pages = aws.client("ec2").get_paginator("describe_instances")
    found = pages.paginate(Filters=[{"Name": "instance-id", "Values": instance_ids}])
    return {
        instance["InstanceId"]: instance["PrivateIpAddress"]
        for page in found
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
    }
