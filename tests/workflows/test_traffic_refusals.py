"""What cannot be right is refused before anything is changed, in CodeDeploy's words."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from codedeploy.errors import (
    DeploymentFailure,
    InvalidComputePlatform,
)
from tests.aws.ecs_site import Site
from tests.aws.emulator import Emulator
from tests.aws.site_parts import Parts, Plan
from tests.aws.waiting import until
from tests.traffic_scenario import (
    ALIAS,
    CANARY,
    EcsScenario,
    LambdaScenario,
    edited,
    inline,
)

Members = dict[str, Any]


# --- functions and aliases


ALIASES: dict[str, tuple[Members, str, str]] = {
    "no such function": ({"Name": "nobody"}, "INVALID_LAMBDA_FUNCTION", "function nobody"),
    "no such alias": ({"Alias": "nowhere"}, "INVALID_LAMBDA_FUNCTION", ":nowhere"),
    "no such target": ({"TargetVersion": 7}, "INVALID_LAMBDA_FUNCTION", "has no version 7"),
    "no such current version": ({"CurrentVersion": 7}, "INVALID_LAMBDA_FUNCTION", "no version 7"),
    "another current version": (
        {"CurrentVersion": 2, "TargetVersion": 3},
        "INVALID_LAMBDA_CONFIGURATION",
        "points to version 1: expected CurrentVersion 2",
    ),
}


@pytest.mark.parametrize(("change", "code", "said"), ALIASES.values(), ids=ALIASES)
async def test_a_function_that_is_not_as_the_file_says_is_refused(
    checkout: LambdaScenario, change: Members, code: str, said: str
) -> None:
    content = json.dumps(edited(checkout.app_spec(2), change))

    found, message = await checkout.refused(revision=inline(content))

    assert found == code
    assert said in message


@pytest.fixture
def divided(checkout: LambdaScenario) -> Iterator[LambdaScenario]:
    alias = {"FunctionName": checkout.function, "Name": ALIAS}
    weights = {"AdditionalVersionWeights": {"3": 0.25}}
    checkout.functions.update_alias(**alias, RoutingConfig=weights)
    yield checkout
    checkout.functions.update_alias(**alias, RoutingConfig={"AdditionalVersionWeights": {}})


async def test_an_alias_that_is_divided_already_is_refused(divided: LambdaScenario) -> None:
    code, message = await divided.refused()

    assert code == "INVALID_LAMBDA_CONFIGURATION"
    assert "expected one version, found 75% to 1, 25% to 3" in message


# --- services and load balancers


async def refused_with(web: EcsScenario, **settings: Any) -> tuple[str, str]:
    """Deploy with other settings of the group; return why that fails."""
    altered = copy.copy(web)
    altered.settings = web.settings | settings
    await altered.apply()
    try:
        return await altered.refused(config=CANARY)
    finally:
        await web.apply()


def service(site: Site, name: str, *, cluster: str | None = None) -> Members:
    return {"ecsServices": [{"clusterName": cluster or site.cluster, "serviceName": name}]}


def pair(site: Site, **changes: Any) -> Members:
    (found,) = site.group["loadBalancerInfo"]["targetGroupPairInfoList"]
    return {"loadBalancerInfo": {"targetGroupPairInfoList": [found | changes]}}


async def test_a_service_that_does_not_exist_is_refused(web: EcsScenario) -> None:
    code, message = await refused_with(web, **service(web.site, "nobody"))

    assert code == "INVALID_ECS_SERVICE"
    assert f"There is no service nobody in the cluster {web.site.cluster}" in message


async def test_a_cluster_that_does_not_exist_is_refused(web: EcsScenario) -> None:
    code, message = await refused_with(web, **service(web.site, "web", cluster="nowhere"))

    assert code == "INVALID_ECS_SERVICE"
    assert "in the cluster nowhere" in message


@pytest.mark.parametrize(
    ("controller", "said"),
    [("ECS", "deployment controller ECS: expected EXTERNAL"), ("EXTERNAL", "no PRIMARY task set")],
    ids=["deployed by ECS", "with nothing to replace"],
)
async def test_a_service_that_cannot_be_deployed_to_is_refused(
    web: EcsScenario, account: Emulator, controller: str, said: str
) -> None:
    name = f"other-{controller}"
    account.client("ecs").create_service(
        cluster=web.site.cluster,
        serviceName=name,
        desiredCount=0,
        deploymentController={"type": controller},
        **({"taskDefinition": web.site.task_definitions[0]} if controller == "ECS" else {}),
    )

    code, message = await refused_with(web, **service(web.site, name))

    assert code == "INVALID_ECS_SERVICE"
    assert said in message


@pytest.fixture
def visited(web: EcsScenario) -> Iterator[EcsScenario]:
    stranger = web.site.create_task_set(2, web.site.blue, externalId="d-SOMEBODYS")
    until(lambda: web.site.is_steady(stranger["taskSetArn"]))
    yield web
    web.aws.client("ecs").delete_task_set(
        cluster=web.site.cluster,
        service=web.site.service,
        taskSet=stranger["taskSetArn"],
        force=True,
    )


async def test_a_service_with_a_task_set_of_somebody_else_is_refused(visited: EcsScenario) -> None:
    code, message = await visited.refused()

    assert code == "INVALID_ECS_SERVICE"
    assert "of d-SOMEBODYS" in message


NOBODY = "arn:aws:ecs:us-east-1:123456789012:task-definition/nobody:1"
TASKS: dict[str, tuple[Members, str]] = {
    "no such task definition": ({"TaskDefinition": NOBODY}, NOBODY),
    "no such container": (
        {"LoadBalancerInfo": {"ContainerName": "wep", "ContainerPort": 8080}},
        "has no container wep: expected one of web",
    ),
    "no such port": (
        {"LoadBalancerInfo": {"ContainerName": "web", "ContainerPort": 80}},
        "maps no port 80: found 8080",
    ),
}


@pytest.mark.parametrize(("change", "said"), TASKS.values(), ids=TASKS)
async def test_tasks_that_could_not_take_the_traffic_are_refused(
    web: EcsScenario, change: Members, said: str
) -> None:
    content = json.dumps(edited(web.app_spec(2), change))

    code, message = await web.refused(revision=inline(content))

    assert code == "INVALID_ECS_SERVICE"
    assert said in message


async def test_a_target_group_that_does_not_exist_is_refused(web: EcsScenario) -> None:
    names = [{"name": web.site.blue.name}, {"name": "nowhere"}]

    code, message = await refused_with(web, **pair(web.site, targetGroups=names))

    assert code == "ELASTIC_LOAD_BALANCING_INVALID"
    assert "no target group nowhere" in message


async def test_a_listener_that_does_not_exist_is_refused(web: EcsScenario) -> None:
    arn = f"{web.site.production_listener}0"

    code, message = await refused_with(
        web, **pair(web.site, prodTrafficRoute={"listenerArns": [arn]})
    )

    assert code == "ELASTIC_LOAD_BALANCING_INVALID"
    assert arn in message


@pytest.fixture(scope="module")
def elsewhere(account: Emulator) -> str:
    """A listener of another load balancer, which forwards to another target group."""
    parts = Parts(account, Plan(name="elsewhere"))
    return parts.listener(parts.load_balancer(), 80, parts.target_group("green"))


async def test_a_production_listener_that_forwards_elsewhere_is_refused(
    web: EcsScenario, elsewhere: str
) -> None:
    code, message = await refused_with(
        web, **pair(web.site, prodTrafficRoute={"listenerArns": [elsewhere]})
    )

    assert code == "ELASTIC_LOAD_BALANCING_INVALID"
    assert f"target group {web.site.blue.name} must be behind the production listener" in message


async def test_a_test_listener_of_another_load_balancer_is_refused(
    web: EcsScenario, elsewhere: str
) -> None:
    code, message = await refused_with(
        web, **pair(web.site, testTrafficRoute={"listenerArns": [elsewhere]})
    )

    assert code == "ELASTIC_LOAD_BALANCING_INVALID"
    assert "belongs to another load balancer" in message


async def test_a_network_load_balancer_cannot_divide_traffic(
    temporal: Client, control_plane: Path, account: Emulator
) -> None:
    plan = Plan(name="tcp", balancer="network", has_test_listener=False, desired_count=0)
    tcp = EcsScenario(temporal, account).of(plan)
    await tcp.apply()

    code, message = await tcp.refused(config=CANARY)

    assert code == "ELASTIC_LOAD_BALANCING_INVALID"
    assert "belongs to a network load balancer" in message
    assert "InvalidTrafficRoutingConfigurationException" in message
    assert "Use CodeDeployDefault.ECSAllAtOnce" in message


# --- configurations of another platform


@pytest.mark.parametrize(
    ("config", "platform"),
    [("OneAtATime", "Server"), ("ECSCanary10Percent5Minutes", "ECS")],
)
async def test_a_configuration_of_another_platform_is_refused(
    checkout: LambdaScenario, config: str, platform: str
) -> None:
    name = f"CodeDeployDefault.{config}"
    request = checkout.request(2, deploymentConfigName=name)

    with pytest.raises(InvalidComputePlatform, match=f"is on Lambda, and {name} is for {platform}"):
        await checkout.rollway.deploy(request)
    with pytest.raises(InvalidComputePlatform, match=f"is on Lambda, and {name} is for {platform}"):
        await checkout.rollway.plan(request)


async def test_a_plan_that_cannot_be_made_says_why(checkout: LambdaScenario) -> None:
    content = json.dumps(edited(checkout.app_spec(2), {"TargetVersion": 7}))

    with pytest.raises(DeploymentFailure, match="has no version 7") as refused:
        await checkout.rollway.plan(checkout.request(2, revision=inline(content)))

    assert refused.value.code == "INVALID_LAMBDA_FUNCTION"
