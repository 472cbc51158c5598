"""EC2 instances, and what AWS has to put in front of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from activities.aws import Aws
from tests.aws.endpoint import Endpoint
from tests.aws.target_health import HEALTH_TAG, Checks

PORT = 80
_IMAGE = "ami-12c6146b"
_DELAY = "deregistration_delay.timeout_seconds"


def launch(aws: Endpoint, count: int) -> list[str]:
    """Launch instances, and return their ids."""
    answer = aws.client("ec2").run_instances(ImageId=_IMAGE, MinCount=count, MaxCount=count)
    return [one["InstanceId"] for one in answer["Instances"]]


def terminate(aws: Endpoint, instance_id: str) -> None:
    """Terminate an instance."""
    aws.client("ec2").terminate_instances(InstanceIds=[instance_id])


def _subnets(aws: Endpoint) -> list[dict[str, Any]]:
    return list(aws.client("ec2").describe_subnets()["Subnets"])


class TargetGroupSite:
    """A target group of instances.

    Args:
        attached: Whether it is behind a load balancer.
    """

    def __init__(self, aws: Endpoint, name: str, *, delay: int = 0, attached: bool = True) -> None:
        self._elb = aws.client("elbv2")
        self.name = name
        subnets = _subnets(aws)
        (made,) = self._elb.create_target_group(
            Name=name, Protocol="HTTP", Port=PORT, VpcId=subnets[0]["VpcId"], TargetType="instance"
        )["TargetGroups"]
        self.arn = made["TargetGroupArn"]
        self._elb.modify_target_group_attributes(
            TargetGroupArn=self.arn, Attributes=[{"Key": _DELAY, "Value": str(delay)}]
        )
        if attached:
            self._attach([one["SubnetId"] for one in subnets[:2]])

    def _attach(self, subnets: Sequence[str]) -> None:
        (balancer,) = self._elb.create_load_balancer(Name=self.name, Subnets=subnets)[
            "LoadBalancers"
        ]
        self._elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Protocol="HTTP",
            Port=PORT,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.arn}],
        )

    def register(self, *instance_ids: str, port: int = PORT) -> None:
        """Register instances by hand."""
        targets = [{"Id": one, "Port": port} for one in instance_ids]
        self._elb.register_targets(TargetGroupArn=self.arn, Targets=targets)

    def health(self) -> dict[str, str]:
        """Return the state of each target that is there."""
        answer = self._elb.describe_target_health(TargetGroupArn=self.arn)
        return {
            one["Target"]["Id"]: one["TargetHealth"]["State"]
            for one in answer["TargetHealthDescriptions"]
        }

    def fall_ill(self) -> None:
        """Let all health checks fail."""
        sick = {"Key": HEALTH_TAG, "Value": str(Checks.UNHEALTHY)}
        self._elb.add_tags(ResourceArns=[self.arn], Tags=[sick])


class ClassicSite:
    """A classic load balancer.

    Args:
        draining: How long requests are waited for; not at all if there is none.
    """

    def __init__(self, aws: Endpoint, name: str, *, draining: int | None = None) -> None:
        self._elb = aws.client("elb")
        self.name = name
        listener = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": PORT}
        zone = _subnets(aws)[0]["AvailabilityZone"]
        self._elb.create_load_balancer(
            LoadBalancerName=name, Listeners=[listener], AvailabilityZones=[zone]
        )
        wanted: dict[str, Any] = {"Enabled": draining is not None}
        if draining is not None:
            wanted["Timeout"] = draining
        self._elb.modify_load_balancer_attributes(
            LoadBalancerName=name, LoadBalancerAttributes={"ConnectionDraining": wanted}
        )

    def register(self, *instance_ids: str) -> None:
        """Register instances by hand."""
        self._elb.register_instances_with_load_balancer(
            LoadBalancerName=self.name, Instances=[{"InstanceId": one} for one in instance_ids]
        )

    def health(self) -> dict[str, str]:
        """Return the state of each instance that is there."""
        answer = self._elb.describe_instance_health(LoadBalancerName=self.name)
        return {one["InstanceId"]: one["State"] for one in answer["InstanceStates"]}

    def fall_ill(self) -> None:
        """Let all health checks fail."""
        sick = {"Key": HEALTH_TAG, "Value": str(Checks.UNHEALTHY)}
        self._elb.add_tags(LoadBalancerNames=[self.name], Tags=[sick])


@contextmanager
def counted(clients: Aws, service: str, **patience: int) -> Iterator[list[str]]:
    """Yield a list that gets the name of every operation that a worker asks of a service.

    Args:
        clients: Whose calls are counted.
        service: As boto3 names it.
        patience: Of the client that asks, if it is not the usual one: `read_seconds`.
    """
    calls: list[str] = []
    events = clients.client(service, None, **patience).meta.events

    def note(model: Any, **_: Any) -> None:
        calls.append(model.name)

    events.register("before-call", note)
    try:
        yield calls
    finally:
        events.unregister("before-call", note)
