import pytest
from temporalio.exceptions import ApplicationError

from activities.aws import Aws
from activities.backends.classic_balancer import ClassicBalancer
from codedeploy.traffic_control import Reachability
from tests.activities.balanced_instances import ClassicSite, counted, launch, terminate
from tests.aws.emulator import Emulator
from tests.aws.waiting import until

OUT, DRAINING, STARTING = Reachability.OUT, Reachability.DRAINING, Reachability.STARTING
IN, FAILING = Reachability.IN, Reachability.FAILING


@pytest.fixture
def site(aws: Emulator) -> ClassicSite:
    return ClassicSite(aws, "web")


@pytest.fixture
def balancer(clients: Aws) -> ClassicBalancer:
    return ClassicBalancer(clients, "web", None)


def stands(balancer: ClassicBalancer, target: str) -> Reachability:
    return balancer.standings([target])[target].reachability


def in_service(balancer: ClassicBalancer, *targets: str) -> bool:
    return all(one.reachability is IN for one in balancer.standings(targets).values())


def test_a_batch_comes_into_service(
    aws: Emulator, site: ClassicSite, balancer: ClassicBalancer
) -> None:
    one, other = launch(aws, 2)
    assert stands(balancer, one) is OUT

    refused = balancer.register([one, other])

    assert refused == {}
    assert stands(balancer, one) is STARTING
    until(lambda: in_service(balancer, one, other))
    assert site.health() == {one: "InService", other: "InService"}


def test_a_batch_leaves_service(
    aws: Emulator, site: ClassicSite, balancer: ClassicBalancer
) -> None:
    one, other, stays = launch(aws, 3)
    site.register(one, other, stays)
    until(lambda: in_service(balancer, one, other, stays))

    balancer.deregister([one, other])

    assert [stands(balancer, each) for each in (one, other, stays)] == [OUT, OUT, IN]


def test_an_instance_drains_though_it_is_called_in_service(aws: Emulator, clients: Aws) -> None:
    site = ClassicSite(aws, "slow", draining=1)
    balancer, (target,) = ClassicBalancer(clients, "slow", None), launch(aws, 1)
    site.register(target)
    until(lambda: in_service(balancer, target))

    balancer.deregister([target])

    standing = balancer.standings([target])[target]
    assert standing.reachability is DRAINING
    assert standing.reason == "Instance deregistration currently in progress."
    until(lambda: stands(balancer, target) is OUT)


def test_an_instance_whose_checks_fail_says_why(
    aws: Emulator, site: ClassicSite, balancer: ClassicBalancer
) -> None:
    (target,) = launch(aws, 1)
    site.fall_ill()
    site.register(target)

    until(lambda: stands(balancer, target) is FAILING)

    assert (
        "has failed at least the UnhealthyThreshold" in balancer.standings([target])[target].reason
    )


def test_instances_that_aws_does_not_know_hide_no_others(aws: Emulator, clients: Aws) -> None:
    site = ClassicSite(aws, "slow", draining=300)
    balancer, targets = ClassicBalancer(clients, "slow", None), launch(aws, 9)
    drains, stays = targets[0], targets[1]
    site.register(drains, stays)
    until(lambda: in_service(balancer, drains, stays))
    balancer.deregister([drains])

    standings = balancer.standings([*targets, "i-0123456789abcdef0"])

    assert standings[drains].reachability is DRAINING
    assert standings[stays].reachability is IN
    assert {standings[each].reachability for each in targets[2:]} == {OUT}


def test_an_instance_that_is_gone_is_refused_without_the_others(
    aws: Emulator, site: ClassicSite, balancer: ClassicBalancer
) -> None:
    targets = [*launch(aws, 7), "i-0123456789abcdef0"]

    refused = balancer.register(targets)

    assert list(refused) == ["i-0123456789abcdef0"]
    assert "Could not find EC2 instance" in refused["i-0123456789abcdef0"]
    assert set(site.health()) == {*targets[:-1]}


def test_an_instance_that_is_out_does_not_keep_others_from_leaving(
    aws: Emulator, site: ClassicSite, balancer: ClassicBalancer
) -> None:
    targets = launch(aws, 4)
    site.register(*targets[:3])
    terminate(aws, targets[0])

    assert balancer.deregister(targets) == {}

    assert site.health() == {}


def test_a_load_balancer_that_does_not_exist_is_named(aws: Emulator, clients: Aws) -> None:
    with pytest.raises(
        ApplicationError, match="on nowhere is refused: LoadBalancerNotFound"
    ) as error:
        ClassicBalancer(clients, "nowhere", None).standings(["i-1"])

    assert error.value.type == "ELASTIC_LOAD_BALANCING_INVALID"
    assert error.value.non_retryable


@pytest.mark.parametrize("count", [10, 100])
def test_calls_do_not_grow_with_instances(
    aws: Emulator, clients: Aws, site: ClassicSite, balancer: ClassicBalancer, count: int
) -> None:
    targets = launch(aws, count)

    with counted(clients, "elb") as calls:
        balancer.register(targets)
        balancer.standings(targets)
        balancer.deregister(targets)
        balancer.standings(targets)

    assert calls[:3] == [
        "RegisterInstancesWithLoadBalancer",
        "DescribeInstanceHealth",
        "DeregisterInstancesFromLoadBalancer",
    ]
    assert len(calls) <= 8
