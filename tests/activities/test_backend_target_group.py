import pytest
from temporalio.exceptions import ApplicationError

from activities.aws import Aws
from activities.backends.target_group import TargetGroup
from codedeploy.traffic_control import Reachability
from tests.activities.balanced_instances import (
    PORT,
    TargetGroupSite,
    counted,
    launch,
    terminate,
)
from tests.aws.emulator import Emulator
from tests.aws.faults import Faults
from tests.aws.waiting import until

LONG = 300
OUT, DRAINING, STARTING = Reachability.OUT, Reachability.DRAINING, Reachability.STARTING
IN, FAILING, UNKNOWN = Reachability.IN, Reachability.FAILING, Reachability.UNKNOWN


@pytest.fixture
def site(aws: Emulator) -> TargetGroupSite:
    return TargetGroupSite(aws, "web")


@pytest.fixture
def group(clients: Aws) -> TargetGroup:
    return TargetGroup(clients, "web", None)


def stands(group: TargetGroup, target: str) -> Reachability:
    return group.standings([target])[target].reachability


def in_service(group: TargetGroup, *targets: str) -> bool:
    return all(one.reachability is IN for one in group.standings(targets).values())


def test_a_batch_comes_into_service(
    aws: Emulator, site: TargetGroupSite, group: TargetGroup
) -> None:
    one, other = launch(aws, 2)
    assert stands(group, one) is OUT

    refused = group.register([one, other])

    assert refused == {}
    assert stands(group, one) is STARTING
    until(lambda: in_service(group, one, other))
    assert site.health() == {one: "healthy", other: "healthy"}


def test_a_batch_leaves_service(aws: Emulator, site: TargetGroupSite, group: TargetGroup) -> None:
    one, other, stays = launch(aws, 3)
    site.register(one, other, stays)
    until(lambda: in_service(group, one, other, stays))

    group.deregister([one, other])

    assert [stands(group, each) for each in (one, other, stays)] == [OUT, OUT, IN]


def test_a_target_drains_for_the_deregistration_delay(aws: Emulator, clients: Aws) -> None:
    site = TargetGroupSite(aws, "slow", delay=1)
    group, (target,) = TargetGroup(clients, "slow", None), launch(aws, 1)
    site.register(target)
    until(lambda: in_service(group, target))

    group.deregister([target])

    standing = group.standings([target])[target]
    assert standing.reachability is DRAINING
    assert standing.reason == "Target deregistration is in progress"
    until(lambda: stands(group, target) is OUT)


def test_a_target_that_drains_is_taken_back(aws: Emulator, clients: Aws) -> None:
    site = TargetGroupSite(aws, "slow", delay=LONG)
    group, (target,) = TargetGroup(clients, "slow", None), launch(aws, 1)
    site.register(target)
    until(lambda: in_service(group, target))
    group.deregister([target])

    group.register([target])

    until(lambda: in_service(group, target))


def test_a_target_whose_checks_fail_says_why(
    aws: Emulator, site: TargetGroupSite, group: TargetGroup
) -> None:
    (target,) = launch(aws, 1)
    site.fall_ill()
    site.register(target)

    until(lambda: stands(group, target) is FAILING)

    assert group.standings([target])[target].reason == "Health checks failed"


def test_a_stopped_instance_is_registered_without_being_in_service(
    aws: Emulator, site: TargetGroupSite, group: TargetGroup
) -> None:
    (target,) = launch(aws, 1)
    site.register(target)
    aws.client("ec2").stop_instances(InstanceIds=[target])

    standing = group.standings([target])[target]

    assert standing.reachability is FAILING
    assert standing.reason == "Target is in the stopped state"


def test_targets_behind_no_load_balancer_are_in_service(aws: Emulator, clients: Aws) -> None:
    TargetGroupSite(aws, "bare", attached=False)
    group, (target,) = TargetGroup(clients, "bare", None), launch(aws, 1)

    group.register([target])
    assert stands(group, target) is IN

    group.deregister([target])
    assert stands(group, target) is OUT


def test_an_instance_on_another_port_could_not_be_put_back(
    aws: Emulator, site: TargetGroupSite, group: TargetGroup
) -> None:
    (target,) = launch(aws, 1)
    site.register(target, port=8081)
    site.register(target)

    standing = group.standings([target])[target]

    assert standing.reachability is UNKNOWN
    assert f"port 8081, and the group's own port is {PORT}" in standing.reason


# --- refusals


def test_an_instance_that_is_gone_is_refused_without_the_others(
    aws: Emulator, site: TargetGroupSite, group: TargetGroup
) -> None:
    targets = launch(aws, 8)
    terminate(aws, targets[5])

    refused = group.register(targets)

    assert list(refused) == [targets[5]]
    assert set(site.health()) == {*targets} - {targets[5]}


def test_an_instance_that_is_gone_does_not_keep_others_from_leaving(
    aws: Emulator, site: TargetGroupSite, group: TargetGroup
) -> None:
    targets = launch(aws, 3)
    site.register(*targets)
    terminate(aws, targets[0])

    assert group.deregister(targets) == {}

    assert {one.reachability for one in group.standings(targets).values()} == {OUT}


def test_a_target_group_that_does_not_exist_is_named(aws: Emulator, clients: Aws) -> None:
    with pytest.raises(ApplicationError, match="on nowhere is refused: TargetGroupNotFound") as end:
        TargetGroup(clients, "nowhere", None).standings(["i-1"])

    assert end.value.type == "ELASTIC_LOAD_BALANCING_INVALID"
    assert end.value.non_retryable


def test_a_target_group_of_addresses_is_refused(aws: Emulator, clients: Aws) -> None:
    aws.client("elbv2").create_target_group(
        Name="addresses",
        Protocol="HTTP",
        Port=PORT,
        VpcId=aws.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"],
        TargetType="ip",
    )

    with pytest.raises(ApplicationError, match="of the type ip; expected instance") as error:
        TargetGroup(clients, "addresses", None).standings(["i-1"])

    assert error.value.non_retryable


def test_throttling_may_be_tried_again(site: TargetGroupSite, failing: Faults) -> None:
    clients = Aws()
    failing.throttle("elbv2", "DescribeTargetHealth")

    with pytest.raises(ApplicationError, match="DescribeTargetHealth on web: Throttling") as error:
        TargetGroup(clients, "web", None).standings(["i-1"])

    clients.close()
    assert not error.value.non_retryable


# --- how many


@pytest.mark.parametrize("count", [10, 500])
def test_calls_do_not_grow_with_instances(
    aws: Emulator, clients: Aws, site: TargetGroupSite, group: TargetGroup, count: int
) -> None:
    targets = launch(aws, count)

    with counted(clients, "elbv2") as calls:
        group.register(targets)
        group.standings(targets)
        group.deregister(targets)

    assert calls == [
        "DescribeTargetGroups",
        "RegisterTargets",
        "DescribeTargetHealth",
        "DeregisterTargets",
    ]
