"""What the emulator answers for load balancers, asked as anybody asks AWS."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.aws.ecs_site import forward
from tests.aws.emulator import Emulator
from tests.aws.hearing import unheard
from tests.aws.refusals import refused
from tests.aws.site_parts import Parts, Plan, TargetGroup
from tests.aws.target_health import HEALTH_TAG
from tests.aws.waiting import until

UNKNOWN_GROUP = (
    "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/nowhere/0123456789abcdef"
)
FIRST = {"Id": "127.2.0.1", "Port": 8080}
SECOND = {"Id": "127.2.0.2", "Port": 8080}


@dataclass
class Balancing:
    """A load balancer with one listener on port 80, to blue; green is behind nothing."""

    client: Any
    parts: Parts
    arn: str
    listener: str
    blue: TargetGroup
    green: TargetGroup

    def actions(self) -> list[dict[str, Any]]:
        (listener,) = self.client.describe_listeners(ListenerArns=[self.listener])["Listeners"]
        return list(listener["DefaultActions"])

    def modify(self, *actions: dict[str, Any]) -> None:
        self.client.modify_listener(ListenerArn=self.listener, DefaultActions=list(actions))

    def weigh(self, **weights: int) -> dict[str, Any]:
        arns = {"blue": self.blue.arn, "green": self.green.arn}
        return forward({arns[colour]: weight for colour, weight in weights.items()})

    def used_by(self, group: TargetGroup) -> list[str]:
        found = self.client.describe_target_groups(TargetGroupArns=[group.arn])
        return list(found["TargetGroups"][0]["LoadBalancerArns"])

    def register(self, group: TargetGroup, *targets: dict[str, Any]) -> None:
        self.client.register_targets(TargetGroupArn=group.arn, Targets=list(targets))

    def deregister(self, group: TargetGroup, *targets: dict[str, Any]) -> None:
        self.client.deregister_targets(TargetGroupArn=group.arn, Targets=list(targets))

    def health(self, group: TargetGroup, *targets: dict[str, Any]) -> list[tuple[Any, ...]]:
        found = self.client.describe_target_health(TargetGroupArn=group.arn, Targets=list(targets))
        return [
            (
                one["Target"]["Id"],
                one["Target"]["Port"],
                one["TargetHealth"]["State"],
                one["TargetHealth"].get("Reason"),
            )
            for one in found["TargetHealthDescriptions"]
        ]

    def states(self, group: TargetGroup) -> list[str]:
        return [state for _, _, state, _ in self.health(group)]


def balancing_of(aws: Emulator, kind: str) -> Balancing:
    parts = Parts(aws, Plan(balancer=kind))
    blue, green = parts.target_group("blue"), parts.target_group("green")
    arn = parts.load_balancer()
    listener = parts.listener(arn, 80, blue)
    return Balancing(aws.client("elbv2"), parts, arn, listener, blue, green)


@pytest.fixture
def balancing(aws: Emulator) -> Balancing:
    return balancing_of(aws, "application")


@pytest.fixture
def network(aws: Emulator) -> Balancing:
    return balancing_of(aws, "network")


# --- listeners and rules


def test_a_forward_to_one_group_is_told_in_both_ways(balancing: Balancing) -> None:
    assert balancing.actions() == [
        {
            "Type": "forward",
            "TargetGroupArn": balancing.blue.arn,
            "ForwardConfig": {
                "TargetGroups": [{"TargetGroupArn": balancing.blue.arn, "Weight": 1}],
                "TargetGroupStickinessConfig": {"Enabled": False},
            },
        }
    ]


def test_a_forward_to_two_groups_is_told_with_its_weights_only(balancing: Balancing) -> None:
    balancing.modify(balancing.weigh(blue=90, green=10))

    assert balancing.actions() == [
        {
            "Type": "forward",
            "ForwardConfig": {
                "TargetGroups": [
                    {"TargetGroupArn": balancing.blue.arn, "Weight": 90},
                    {"TargetGroupArn": balancing.green.arn, "Weight": 10},
                ],
                "TargetGroupStickinessConfig": {"Enabled": False},
            },
        }
    ]


@pytest.mark.parametrize("kind", ["application", "network"])
def test_a_listener_can_be_put_back_as_it_was_described(aws: Emulator, kind: str) -> None:
    balancing = balancing_of(aws, kind)
    before = balancing.actions()
    balancing.modify({"Type": "forward", "TargetGroupArn": balancing.green.arn})

    balancing.modify(*before)

    assert balancing.actions() == before


def test_stickiness_is_kept(balancing: Balancing) -> None:
    action = balancing.weigh(blue=50, green=50)
    sticky = {"Enabled": True, "DurationSeconds": 60}
    action["ForwardConfig"]["TargetGroupStickinessConfig"] = sticky

    balancing.modify(action)

    (shown,) = balancing.actions()
    assert shown["ForwardConfig"]["TargetGroupStickinessConfig"] == sticky


def test_a_rule_is_weighted_like_a_listener(balancing: Balancing) -> None:
    (rule,) = balancing.client.create_rule(
        ListenerArn=balancing.listener,
        Priority=10,
        Conditions=[{"Field": "path-pattern", "Values": ["/shop/*"]}],
        Actions=[balancing.weigh(blue=100, green=0)],
    )["Rules"]

    balancing.client.modify_rule(
        RuleArn=rule["RuleArn"], Actions=[balancing.weigh(blue=75, green=25)]
    )

    (shown,) = balancing.client.describe_rules(RuleArns=[rule["RuleArn"]])["Rules"]
    groups = shown["Actions"][0]["ForwardConfig"]["TargetGroups"]
    assert [group["Weight"] for group in groups] == [75, 25]
    assert shown["Priority"] == "10"


def test_the_default_rule_follows_its_listener(balancing: Balancing) -> None:
    balancing.modify(balancing.weigh(blue=0, green=100))

    (rule,) = balancing.client.describe_rules(ListenerArn=balancing.listener)["Rules"]

    assert rule["IsDefault"]
    assert rule["Actions"] == balancing.actions()


@pytest.mark.parametrize("weight", [-1, 1000])
def test_a_weight_out_of_range_is_refused(balancing: Balancing, weight: int) -> None:
    with refused("ValidationError", "between 0 and 999"):
        balancing.modify(balancing.weigh(blue=weight, green=1))


def test_an_unknown_target_group_is_refused_and_the_listener_stays(balancing: Balancing) -> None:
    before = balancing.actions()

    with refused("TargetGroupNotFound", UNKNOWN_GROUP):
        balancing.modify({"Type": "forward", "TargetGroupArn": UNKNOWN_GROUP})

    assert balancing.actions() == before


def test_two_different_groups_in_the_two_ways_are_refused(balancing: Balancing) -> None:
    action = balancing.weigh(green=1) | {"TargetGroupArn": balancing.blue.arn}

    with refused("InvalidLoadBalancerAction", "the same in both"):
        balancing.modify(action)


def test_a_network_load_balancer_forwards_to_one_group_only(network: Balancing) -> None:
    groups = [{"TargetGroupArn": group.arn} for group in (network.blue, network.green)]

    with refused("ValidationError", "You cannot specify multiple target groups"):
        network.modify({"Type": "forward", "ForwardConfig": {"TargetGroups": groups}})


def test_a_network_load_balancer_knows_no_weights(network: Balancing) -> None:
    with refused("ValidationError", "You cannot specify a target group weight"):
        network.modify(network.weigh(green=1))


def test_a_second_listener_on_a_port_is_refused(balancing: Balancing) -> None:
    with refused("DuplicateListener"):
        balancing.parts.listener(balancing.arn, 80, balancing.green)


def test_one_missing_listener_among_others_is_not_found(balancing: Balancing) -> None:
    missing = f"{balancing.listener}0"

    with refused("ListenerNotFound"):
        balancing.client.describe_listeners(ListenerArns=[balancing.listener, missing])


# --- what uses a target group


def test_a_group_with_the_weight_0_is_in_use(balancing: Balancing) -> None:
    balancing.modify(balancing.weigh(blue=100, green=0))

    assert balancing.used_by(balancing.green) == [balancing.arn]


def test_a_load_balancer_is_told_once_however_often_it_forwards(balancing: Balancing) -> None:
    balancing.parts.listener(balancing.arn, 9001, balancing.blue)
    balancing.modify(balancing.weigh(blue=1))

    assert balancing.used_by(balancing.blue) == [balancing.arn]


def test_a_group_that_a_listener_has_left_is_free(balancing: Balancing) -> None:
    balancing.modify(balancing.weigh(green=1))

    assert balancing.used_by(balancing.blue) == []
    balancing.client.delete_target_group(TargetGroupArn=balancing.blue.arn)


def test_a_group_in_use_cannot_be_deleted(balancing: Balancing) -> None:
    balancing.modify(balancing.weigh(blue=100, green=0))

    with refused("ResourceInUse"):
        balancing.client.delete_target_group(TargetGroupArn=balancing.green.arn)


def test_a_group_serves_one_load_balancer_only(aws: Emulator, balancing: Balancing) -> None:
    other = Parts(aws, Plan(name="other")).load_balancer()

    with refused("TargetGroupAssociationLimit"):
        balancing.parts.listener(other, 80, balancing.blue)


# --- targets


def test_a_target_registers_and_is_then_healthy(balancing: Balancing) -> None:
    balancing.register(balancing.blue, FIRST)

    states = [balancing.health(balancing.blue)]
    until(lambda: balancing.states(balancing.blue) == ["healthy"])
    states.append(balancing.health(balancing.blue))

    assert states == [
        [("127.2.0.1", 8080, "initial", "Elb.RegistrationInProgress")],
        [("127.2.0.1", 8080, "healthy", None)],
    ]


def test_a_target_of_a_group_that_nothing_forwards_to_is_unused(balancing: Balancing) -> None:
    balancing.register(balancing.green, FIRST)

    assert balancing.health(balancing.green) == [("127.2.0.1", 8080, "unused", "Target.NotInUse")]


def test_checks_begin_when_the_group_comes_into_use(balancing: Balancing) -> None:
    balancing.register(balancing.green, FIRST)

    balancing.modify(balancing.weigh(blue=100, green=0))

    assert balancing.states(balancing.green) == ["initial"]
    until(lambda: balancing.states(balancing.green) == ["healthy"])


def test_a_healthy_target_is_unused_when_its_group_is_left(balancing: Balancing) -> None:
    balancing.register(balancing.blue, FIRST)
    until(lambda: balancing.states(balancing.blue) == ["healthy"])

    balancing.modify(balancing.weigh(green=1))

    assert balancing.states(balancing.blue) == ["unused"]


def test_a_deregistered_target_drains_and_is_then_gone(aws: Emulator, balancing: Balancing) -> None:
    balancing.register(balancing.blue, FIRST, SECOND)
    until(lambda: balancing.states(balancing.blue) == ["healthy", "healthy"])

    with unheard(aws, balancing.blue.arn):
        balancing.deregister(balancing.blue, FIRST)
        states = balancing.health(balancing.blue)

    assert ("127.2.0.1", 8080, "draining", "Target.DeregistrationInProgress") in states
    until(lambda: balancing.states(balancing.blue) == ["healthy"])
    assert balancing.health(balancing.blue, FIRST) == [
        ("127.2.0.1", 8080, "unused", "Target.NotRegistered")
    ]


def test_a_draining_target_can_come_back(balancing: Balancing) -> None:
    balancing.register(balancing.blue, FIRST)
    balancing.deregister(balancing.blue, FIRST)

    balancing.register(balancing.blue, FIRST)

    assert balancing.states(balancing.blue) == ["initial"]


def test_deregistering_who_is_not_there_succeeds(balancing: Balancing) -> None:
    balancing.deregister(balancing.blue, FIRST)

    assert balancing.health(balancing.blue) == []


def test_registering_twice_changes_nothing(balancing: Balancing) -> None:
    balancing.register(balancing.blue, FIRST)
    until(lambda: balancing.states(balancing.blue) == ["healthy"])

    balancing.register(balancing.blue, FIRST)

    assert balancing.states(balancing.blue) == ["healthy"]


def test_one_address_on_two_ports_is_two_targets(aws: Emulator, balancing: Balancing) -> None:
    balancing.register(balancing.blue, FIRST, FIRST | {"Port": 9090})

    with unheard(aws, balancing.blue.arn):
        balancing.deregister(balancing.blue, FIRST)
        states = balancing.health(balancing.blue)

    assert [(port, state) for _, port, state, _ in states] == [
        (8080, "draining"),
        (9090, "initial"),
    ]


def test_a_target_without_a_port_is_on_the_groups(balancing: Balancing) -> None:
    balancing.register(balancing.blue, {"Id": "127.2.0.1"})

    assert [port for _, port, _, _ in balancing.health(balancing.blue)] == [8080]


def test_what_is_not_an_address_is_refused(balancing: Balancing) -> None:
    with refused("ValidationError", "'web-1' is not a valid IPv4 address"):
        balancing.register(balancing.blue, FIRST, {"Id": "web-1"})

    assert balancing.health(balancing.blue) == []


def test_an_unknown_target_group_has_no_health(balancing: Balancing) -> None:
    with refused("TargetGroupNotFound"):
        balancing.client.describe_target_health(TargetGroupArn=UNKNOWN_GROUP)


def test_checks_can_be_made_to_fail_and_to_pass_again(balancing: Balancing) -> None:
    balancing.register(balancing.blue, FIRST)
    groups = [balancing.blue.arn]

    balancing.client.add_tags(ResourceArns=groups, Tags=[{"Key": HEALTH_TAG, "Value": "unhealthy"}])
    until(lambda: balancing.states(balancing.blue) == ["unhealthy"])
    failed = balancing.health(balancing.blue)
    balancing.client.remove_tags(ResourceArns=groups, TagKeys=[HEALTH_TAG])

    assert failed == [("127.2.0.1", 8080, "unhealthy", "Target.FailedHealthChecks")]
    assert balancing.states(balancing.blue) == ["healthy"]


# --- instances


@pytest.fixture
def of_instances(balancing: Balancing) -> TargetGroup:
    vpc = balancing.client.describe_load_balancers()["LoadBalancers"][0]["VpcId"]
    (made,) = balancing.client.create_target_group(
        Name="instances", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="instance"
    )["TargetGroups"]
    group = TargetGroup(name="instances", arn=made["TargetGroupArn"])
    balancing.modify({"Type": "forward", "TargetGroupArn": group.arn})
    return group


def test_an_unknown_instance_is_refused(balancing: Balancing, of_instances: TargetGroup) -> None:
    with refused("InvalidTarget"):
        balancing.register(of_instances, {"Id": "i-0123456789abcdef0"})


def test_a_stopped_instance_is_unused(
    aws: Emulator, balancing: Balancing, of_instances: TargetGroup
) -> None:
    instances = aws.client("ec2")
    (started,) = instances.run_instances(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1)[
        "Instances"
    ]
    balancing.register(of_instances, {"Id": started["InstanceId"]})

    instances.stop_instances(InstanceIds=[started["InstanceId"]])

    assert balancing.health(of_instances) == [
        (started["InstanceId"], 80, "unused", "Target.InvalidState")
    ]
