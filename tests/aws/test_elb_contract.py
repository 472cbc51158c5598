"""What the emulator answers for classic load balancers, asked as anybody asks AWS."""

from contextlib import ExitStack
from typing import Any

import pytest

from tests.aws.data_plane import Containers
from tests.aws.emulator import Emulator
from tests.aws.fleet_parts import INSTANCE_PORT, FleetParts, FleetPlan
from tests.aws.fleet_site import addresses_of, launch_hosts
from tests.aws.refusals import refused
from tests.aws.target_health import HEALTH_TAG
from tests.aws.waiting import until


class Classic:
    """A classic load balancer, and two instances that are not behind it."""

    def __init__(self, aws: Emulator, *, drain_seconds: int) -> None:
        self.aws, self.client = aws, aws.client("elb")
        self.parts = FleetParts(aws, FleetPlan(drain_seconds=drain_seconds))
        self.name = self.parts.classic_balancer(1)
        self.first, self.second = launch_hosts(aws, 2, tags={"Name": "web"})

    def register(self, *ids: str) -> list[str]:
        answer = self.client.register_instances_with_load_balancer(
            LoadBalancerName=self.name, Instances=[{"InstanceId": one} for one in ids]
        )
        return [one["InstanceId"] for one in answer["Instances"]]

    def deregister(self, *ids: str) -> list[str]:
        answer = self.client.deregister_instances_from_load_balancer(
            LoadBalancerName=self.name, Instances=[{"InstanceId": one} for one in ids]
        )
        return [one["InstanceId"] for one in answer["Instances"]]

    def health(self, *ids: str) -> list[tuple[str, str, str]]:
        found = self.client.describe_instance_health(
            LoadBalancerName=self.name, Instances=[{"InstanceId": one} for one in ids]
        )["InstanceStates"]
        return [(one["InstanceId"], one["State"], one["Description"]) for one in found]

    def states(self) -> list[str]:
        return [state for _, state, _ in self.health()]

    def listed(self) -> list[str]:
        (found,) = self.client.describe_load_balancers(LoadBalancerNames=[self.name])[
            "LoadBalancerDescriptions"
        ]
        return [one["InstanceId"] for one in found["Instances"]]

    def tag(self, health: str) -> None:
        self.client.add_tags(
            LoadBalancerNames=[self.name], Tags=[{"Key": HEALTH_TAG, "Value": health}]
        )


@pytest.fixture
def classic(aws: Emulator) -> Classic:
    return Classic(aws, drain_seconds=1)


def test_an_instance_is_out_of_service_first_and_then_in_service(classic: Classic) -> None:
    registered = classic.register(classic.first)

    seen = classic.health()
    until(lambda: classic.states() == ["InService"])

    assert registered == [classic.first]
    assert seen == [(classic.first, "OutOfService", "Instance registration is still in progress.")]


def test_several_instances_are_registered_in_one_call(classic: Classic) -> None:
    assert classic.register(classic.first, classic.second) == [classic.first, classic.second]
    assert classic.listed() == [classic.first, classic.second]


def test_registering_twice_changes_nothing(classic: Classic) -> None:
    classic.register(classic.first)
    until(lambda: classic.states() == ["InService"])

    classic.register(classic.first)

    assert classic.states() == ["InService"]


def test_an_unknown_instance_is_refused_and_nobody_is_registered(classic: Classic) -> None:
    with refused("InvalidInstance", "i-0123456789abcdef0"):
        classic.register(classic.first, "i-0123456789abcdef0")

    assert classic.listed() == []


def test_a_deregistered_instance_drains_in_service(aws: Emulator) -> None:
    classic = Classic(aws, drain_seconds=600)
    classic.register(classic.first, classic.second)
    until(lambda: classic.states() == ["InService", "InService"])

    left = classic.deregister(classic.first)

    draining = (classic.first, "InService", "Instance deregistration currently in progress.")
    assert draining in classic.health()
    assert left == [classic.second]
    assert classic.listed() == [classic.second]


def test_an_instance_that_has_drained_is_invalid(classic: Classic) -> None:
    classic.register(classic.first)
    classic.deregister(classic.first)

    until(lambda: classic.states() == [])

    with refused("InvalidInstance"):
        classic.health(classic.first)


def test_nothing_drains_if_draining_is_disabled(aws: Emulator) -> None:
    classic = Classic(aws, drain_seconds=0)
    classic.register(classic.first)

    classic.deregister(classic.first)

    assert classic.health() == []


def test_botocore_can_wait_for_it(aws: Emulator) -> None:
    classic = Classic(aws, drain_seconds=0)
    whom = {"LoadBalancerName": classic.name, "Instances": [{"InstanceId": classic.first}]}
    config = {"Delay": 0, "MaxAttempts": 1000}
    classic.register(classic.first)

    classic.client.get_waiter("instance_in_service").wait(**whom, WaiterConfig=config)
    classic.deregister(classic.first)
    classic.client.get_waiter("instance_deregistered").wait(**whom, WaiterConfig=config)

    assert classic.listed() == []


def test_a_draining_instance_can_come_back(aws: Emulator) -> None:
    classic = Classic(aws, drain_seconds=600)
    classic.register(classic.first)
    classic.deregister(classic.first)

    classic.register(classic.first)

    assert classic.states() == ["OutOfService"]
    assert classic.listed() == [classic.first]


def test_an_instance_that_is_not_registered_cannot_be_deregistered(classic: Classic) -> None:
    with refused("InvalidInstance", classic.first):
        classic.deregister(classic.first)


def test_a_stopped_instance_is_out_of_service(classic: Classic) -> None:
    classic.register(classic.first)

    classic.aws.client("ec2").stop_instances(InstanceIds=[classic.first])

    assert classic.health() == [(classic.first, "OutOfService", "Instance is in stopped state.")]


def test_a_terminated_instance_is_gone(classic: Classic) -> None:
    classic.register(classic.first)

    classic.aws.client("ec2").terminate_instances(InstanceIds=[classic.first])

    assert classic.health() == []


def test_checks_can_be_made_to_fail(classic: Classic) -> None:
    classic.register(classic.first)

    classic.tag("unhealthy")

    until(lambda: "failed" in classic.health()[0][2])
    assert classic.states() == ["OutOfService"]


def test_checks_can_be_real(classic: Classic) -> None:
    classic.tag("probed")
    classic.register(classic.first)
    until(lambda: "failed" in classic.health()[0][2])
    address = addresses_of(classic.aws, [classic.first])[classic.first]

    with ExitStack() as running:
        servers = Containers()
        running.callback(servers.stop)
        servers.answer({f"{address}:{INSTANCE_PORT}": "v1"})
        until(lambda: classic.states() == ["InService"])

    until(lambda: classic.states() == ["OutOfService"])


def test_two_load_balancers_know_an_instance_each_for_itself(classic: Classic) -> None:
    other = classic.parts.classic_balancer(2)
    classic.register(classic.first)
    classic.client.register_instances_with_load_balancer(
        LoadBalancerName=other, Instances=[{"InstanceId": classic.first}]
    )

    classic.deregister(classic.first)

    found = classic.client.describe_instance_health(LoadBalancerName=other)
    assert [one["InstanceId"] for one in found["InstanceStates"]] == [classic.first]
    assert classic.listed() == []


@pytest.mark.parametrize(
    "operation",
    [
        "register_instances_with_load_balancer",
        "deregister_instances_from_load_balancer",
        "describe_instance_health",
    ],
)
def test_a_load_balancer_that_is_not_there_is_not_found(aws: Emulator, operation: str) -> None:
    ask: Any = getattr(aws.client("elb"), operation)

    with refused("LoadBalancerNotFound", "nowhere"):
        ask(LoadBalancerName="nowhere", Instances=[{"InstanceId": "i-0123456789abcdef0"}])
