from typing import Any

import pytest

from codedeploy.appspec import (
    AssignPublicIp,
    AwsvpcConfiguration,
    CapacityProvider,
    EcsAppSpec,
)
from codedeploy.ecs_rules import Expectation, judged, replacement_of
from codedeploy.ecs_service import (
    Action,
    EcsFacts,
    Listener,
    ListenerRule,
    Service,
    ServiceDescription,
    TargetGroup,
    TaskSet,
)
from codedeploy.errors import DeploymentFailure

NAMES = ("shop-blue", "shop-green")
ANYTHING = Expectation(NAMES, is_gradual=True)
BALANCER, OTHER_BALANCER = (f"arn:aws:elb:::loadbalancer/app/{n}/1" for n in ("shop", "other"))
NETWORK = AwsvpcConfiguration(
    subnets=("subnet-1",), security_groups=("sg-1",), assign_public_ip=AssignPublicIp.DISABLED
)
OTHER_NETWORK = NETWORK.model_copy(update={"subnets": ("subnet-2",)})
SPOT = CapacityProvider(capacity_provider="FARGATE_SPOT", weight=1)
MACHINES = CapacityProvider(capacity_provider="our-machines", weight=1)


def group(name: str, *balancers: str) -> TargetGroup:
    arn = f"arn:aws:elb:::targetgroup/{name}/1"
    return TargetGroup(name=name, arn=arn, load_balancer_arns=balancers)


BLUE, GREEN, STRANGE = group("shop-blue", BALANCER), group("shop-green"), group("strange")


def task_set(number: int, status: str = "PRIMARY", **more: Any) -> TaskSet:
    name = f"ecs-svc/{number}"
    return TaskSet(id=name, arn=f"arn:aws:ecs:::task-set/{name}", status=status, **more)


ORIGINAL = task_set(
    1,
    target_group_arns=(BLUE.arn,),
    launch_type="FARGATE",
    platform_version="1.4.0",
    network=NETWORK,
)


def service(*task_sets: TaskSet, **more: Any) -> Service:
    named = {"cluster_arn": "cluster-arn", "service_arn": "service-arn", "name": "web"}
    kept = {"cluster": "shop", "deployment_controller": "EXTERNAL"}
    return Service(task_sets=task_sets or (ORIGINAL,), **named | kept | more)


def listener(to: TargetGroup, **more: Any) -> Listener:
    forward = {"Type": "forward", "TargetGroupArn": to.arn}
    named = {"arn": "listener-arn", "load_balancer_arn": BALANCER}
    return Listener(**{"actions": (forward,)} | named | more)


def divided(*groups: TargetGroup) -> Action:
    weights = [{"TargetGroupArn": each.arn, "Weight": 1} for each in groups]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}


def rule(*actions: Action) -> ListenerRule:
    return ListenerRule(arn="rule-arn", actions=actions)


def found(**changed: Any) -> ServiceDescription:
    """Return the description of a service that can be deployed to, but for what is changed."""
    sound = {
        "service": service(),
        "target_groups": (GREEN, BLUE),
        "production": listener(BLUE),
        "test": listener(BLUE, arn="test-listener-arn"),
    }
    return ServiceDescription(**sound | changed)


def test_the_group_of_the_primary_task_set_is_blue_and_the_other_green() -> None:
    facts = judged(found(), ANYTHING)

    assert (facts.original, facts.blue, facts.green) == (ORIGINAL, BLUE, GREEN)


def test_blue_and_green_take_turns() -> None:
    original = ORIGINAL.model_copy(update={"target_group_arns": (GREEN.arn,)})
    green = group("shop-green", BALANCER)

    facts = judged(
        found(
            service=service(original),
            target_groups=(BLUE, green),
            production=listener(green),
        ),
        ANYTHING,
    )

    assert (facts.blue.name, facts.green.name) == ("shop-green", "shop-blue")


SERVICES = {
    "a service that is being deleted": (
        service(status="DRAINING"),
        "shop:web is DRAINING: expected ACTIVE",
    ),
    "a service that ECS deploys": (
        service(deployment_controller="ECS"),
        "deployment controller ECS: expected EXTERNAL",
    ),
    "a service that CodeDeploy deploys": (
        service(deployment_controller="CODE_DEPLOY"),
        "deployment controller CODE_DEPLOY: expected EXTERNAL",
    ),
    "a daemon": (service(scheduling_strategy="DAEMON"), "DAEMON: expected REPLICA"),
    "nothing to replace": (service(task_set(1, "ACTIVE")), "no PRIMARY task set"),
    "another deployment": (
        service(ORIGINAL, task_set(2, "ACTIVE", external_id="d-OTHER1234")),
        "ecs-svc/2 of d-OTHER1234",
    ),
    "somebody's experiment": (service(ORIGINAL, task_set(2, "ACTIVE")), "ecs-svc/2 of nobody"),
}


@pytest.mark.parametrize(("wrong", "said"), SERVICES.values(), ids=SERVICES)
def test_a_service_that_cannot_be_deployed_to_is_refused(wrong: Service, said: str) -> None:
    with pytest.raises(DeploymentFailure, match=said) as refusal:
        judged(found(service=wrong), ANYTHING)

    assert refusal.value.code == "INVALID_ECS_SERVICE"


def cut_off(*, green: int) -> ServiceDescription:
    """Return a service whose last deployment was cut off with so much traffic on green."""
    left = task_set(2, "ACTIVE", target_group_arns=(GREEN.arn,))
    shares = [
        {"TargetGroupArn": BLUE.arn, "Weight": 100 - green},
        {"TargetGroupArn": GREEN.arn, "Weight": green},
    ]
    forward = {"Type": "forward", "ForwardConfig": {"TargetGroups": shares}}
    return found(service=service(ORIGINAL, left), production=listener(BLUE, actions=(forward,)))


def test_what_may_have_traffic_is_not_to_be_deleted_before_that_is_moved() -> None:
    with pytest.raises(DeploymentFailure) as refusal:
        judged(cut_off(green=50), ANYTHING)

    first, then = "first let listener-arn and its rules forward", "and then delete them with"
    assert 0 < refusal.value.message.index(first) < refusal.value.message.index(then)


def test_what_has_no_traffic_can_be_deleted() -> None:
    with pytest.raises(DeploymentFailure, match="was cut off: delete them with"):
        judged(cut_off(green=0), ANYTHING)


ELSEWHERE = service(ORIGINAL.model_copy(update={"target_group_arns": (STRANGE.arn,)}))
NETWORK_LISTENER = listener(BLUE, load_balancer_type="network")
BALANCERS: dict[str, tuple[dict[str, Any], str]] = {
    "a target group that is not there": (
        {"target_groups": (BLUE,)},
        "no target group shop-green",
    ),
    "tasks in a third group": ({"service": ELSEWHERE}, "is in the target group strange: expected"),
    "tasks in no group": ({"service": service(task_set(1))}, "is in the target group none"),
    "a listener that forwards elsewhere": (
        {"production": listener(STRANGE)},
        "must be behind the production listener listener-arn: it forwards to strange",
    ),
    "a listener that forwards nowhere": (
        {"production": listener(BLUE, actions=({"Type": "fixed-response"},))},
        "it forwards to no target group",
    ),
    "weights for a network load balancer": ({"production": NETWORK_LISTENER}, "ECSAllAtOnce"),
    "a test listener of another load balancer": (
        {"test": listener(BLUE, load_balancer_arn=OTHER_BALANCER)},
        "belongs to another load balancer",
    ),
    "a test listener that forwards elsewhere": (
        {"test": listener(STRANGE, arn="test-arn")},
        r"test-arn must forward to .* \(shop-blue or shop-green\), .*: it forwards to strange",
    ),
    "a third group beside the pair": (
        {"production": listener(BLUE, actions=(divided(BLUE, STRANGE),))},
        "listener-arn forwards to strange/1 beside .* expected shop-blue and shop-green only",
    ),
    "a third group in a rule of the test listener": (
        {"test": listener(BLUE, rules=(rule(divided(GREEN, BLUE, STRANGE)),))},
        "rule-arn forwards to strange/1 beside",
    ),
    "a green group that is shared": (
        {"target_groups": (BLUE, group("shop-green", OTHER_BALANCER))},
        "shop-green is attached to another load balancer as well: app/other/1",
    ),
}


@pytest.mark.parametrize(("changed", "said"), BALANCERS.values(), ids=BALANCERS)
def test_a_load_balancer_that_does_not_fit_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(DeploymentFailure, match=said) as refusal:
        judged(found(**changed), ANYTHING)

    assert refusal.value.code == "ELASTIC_LOAD_BALANCING_INVALID"


SOUND: dict[str, dict[str, Any]] = {
    "without a test listener": {"test": None},
    "with a task set that drains": {"service": service(ORIGINAL, task_set(2, "DRAINING"))},
    "with green behind the same load balancer": {
        "target_groups": (BLUE, group("shop-green", BALANCER))
    },
    "with blue in a rule only": {
        "production": listener(STRANGE, rules=(rule(*listener(BLUE).actions),))
    },
    "with green behind the test listener": {"test": listener(GREEN)},
    "with test traffic in a rule only": {
        "test": listener(STRANGE, rules=(rule(*listener(BLUE).actions),))
    },
    "with traffic divided between the two": {
        "production": listener(BLUE, actions=(divided(BLUE, GREEN),))
    },
    "with a third group in a rule of its own": {
        "production": listener(BLUE, rules=(rule(divided(STRANGE)),))
    },
}


@pytest.mark.parametrize("changed", SOUND.values(), ids=SOUND)
def test_a_service_can_be_deployed_to(changed: dict[str, Any]) -> None:
    assert judged(found(**changed), ANYTHING).original == ORIGINAL


def test_a_network_load_balancer_does_for_traffic_that_moves_at_once() -> None:
    at_once = Expectation(NAMES, is_gradual=False)

    facts = judged(found(production=NETWORK_LISTENER), at_once)

    assert facts.production == NETWORK_LISTENER


@pytest.mark.parametrize("name", ["id", "arn"])
def test_a_task_set_that_is_ended_first_is_in_nobodys_way(name: str) -> None:
    kept = task_set(2, "ACTIVE", external_id="d-BEFORE123")
    expected = Expectation(NAMES, is_gradual=True, ends_first=getattr(kept, name))

    facts = judged(found(service=service(ORIGINAL, kept)), expected)

    assert facts.original == ORIGINAL


# --- what replaces the original


def facts(**changed: Any) -> EcsFacts:
    original = ORIGINAL.model_copy(update=changed)
    return judged(found(service=service(original)), ANYTHING).model_copy(
        update={"role_arn": "role-arn"}
    )


def appspec(**more: Any) -> EcsAppSpec:
    wanted = {"task_definition": "web:2", "container_name": "web", "container_port": 8080}
    return EcsAppSpec(**wanted | more)


def test_a_replacement_is_of_the_deployment_and_in_the_green_group() -> None:
    order = replacement_of(facts(), appspec(), "d-ABCDEF123")

    assert order.external_id == "d-ABCDEF123"
    assert order.task_definition == "web:2"
    assert order.target_group_arn == GREEN.arn
    assert (order.container_name, order.container_port) == ("web", 8080)
    assert (order.cluster, order.service) == ("cluster-arn", "service-arn")
    assert order.role_arn == "role-arn"


def test_where_the_appspec_is_silent_the_original_is_carried_over() -> None:
    order = replacement_of(facts(), appspec(), "d-ABCDEF123")

    assert (order.launch_type, order.platform_version) == ("FARGATE", "1.4.0")
    assert order.network == NETWORK


def test_what_the_appspec_says_counts() -> None:
    said = appspec(platform_version="LATEST", network=OTHER_NETWORK)

    order = replacement_of(facts(), said, "d-ABCDEF123")

    assert (order.platform_version, order.network) == ("LATEST", OTHER_NETWORK)


def test_a_capacity_provider_strategy_is_carried_over() -> None:
    original = facts(launch_type=None, capacity_provider_strategy=(SPOT,))

    order = replacement_of(original, appspec(), "d-ABCDEF123")

    assert order.capacity_provider_strategy == (SPOT,)
    assert (order.launch_type, order.platform_version) == (None, "1.4.0")


def test_a_strategy_takes_the_place_of_a_launch_type() -> None:
    said = appspec(capacity_provider_strategy=(SPOT,))

    order = replacement_of(facts(), said, "d-ABCDEF123")

    assert (order.launch_type, order.capacity_provider_strategy) == (None, (SPOT,))


def test_a_platform_version_of_fargate_is_not_carried_over_to_machines() -> None:
    said = appspec(capacity_provider_strategy=(MACHINES,))

    order = replacement_of(facts(), said, "d-ABCDEF123")

    assert order.platform_version is None


def test_a_platform_version_that_the_appspec_names_is_for_ecs_to_judge() -> None:
    said = appspec(capacity_provider_strategy=(MACHINES,), platform_version="1.4.0")

    order = replacement_of(facts(), said, "d-ABCDEF123")

    assert order.platform_version == "1.4.0"


def test_tasks_on_machines_have_no_platform_version() -> None:
    original = facts(launch_type="EC2", platform_version="", network=None)

    order = replacement_of(original, appspec(), "d-ABCDEF123")

    assert (order.platform_version, order.network) == (None, None)
