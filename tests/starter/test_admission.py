from typing import Any

import pytest

from codedeploy.application import Application, ComputePlatform
from codedeploy.application_info import ApplicationInfo
from codedeploy.configs import PREDEFINED, DeploymentConfig, TrafficRoutingConfig
from codedeploy.deployment_group import DeploymentGroup, ECSService
from codedeploy.errors import (
    ApplicationDoesNotExist,
    DeploymentConfigDoesNotExist,
    ECSServiceMappingLimitExceeded,
    InvalidComputePlatform,
    InvalidLoadBalancerInfo,
    InvalidTrafficRoutingConfiguration,
)
from codedeploy.group_info import DeploymentGroupInfo
from codedeploy.group_rules import BLUE_GREEN_STYLE
from codedeploy.load_balancing import (
    LoadBalancerInfo,
    TargetGroupInfo,
    TargetGroupPairInfo,
    TrafficRoute,
)
from starter.admission import admitted

SERVER = Application(application_name="shop")
LAMBDA = Application(application_name="checkout", compute_platform=ComputePlatform.LAMBDA)
ECS = Application(application_name="web", compute_platform=ComputePlatform.ECS)
PAIR = TargetGroupPairInfo(
    target_groups=(TargetGroupInfo(name="blue"), TargetGroupInfo(name="green")),
    prod_traffic_route=TrafficRoute(listener_arns=("arn:listener",)),
)


class Applied:
    """What was applied before."""

    def __init__(self, *documents: Application | DeploymentGroup) -> None:
        self._documents = documents

    async def application(self, name: str) -> ApplicationInfo:
        for one in self._documents:
            if isinstance(one, Application) and one.application_name == name:
                return ApplicationInfo(application=one)
        raise ApplicationDoesNotExist(f"There is no application {name}.")

    async def config(self, name: str) -> DeploymentConfig:
        if name not in PREDEFINED:
            raise DeploymentConfigDoesNotExist(f"There is no configuration {name}.")
        return PREDEFINED[name]

    async def groups(self, application: str | None = None) -> list[str]:
        return [one.full_name for one in self._documents if isinstance(one, DeploymentGroup)]

    async def group(self, application: str, group: str) -> DeploymentGroupInfo:
        (found,) = (
            one
            for one in self._documents
            if isinstance(one, DeploymentGroup) and one.full_name == f"{application}/{group}"
        )
        return DeploymentGroupInfo(group=found, deployment_group_id="g-1")


def group(application: str = "shop", name: str = "live", **members: Any) -> DeploymentGroup:
    return DeploymentGroup(application_name=application, deployment_group_name=name, **members)


def on_ecs(name: str = "live", service: str = "web", **members: Any) -> DeploymentGroup:
    return group(
        "web",
        name,
        ecs_services=(ECSService(service_name=service),),
        load_balancer_info=LoadBalancerInfo(target_group_pair_info_list=(PAIR,)),
        **members,
    )


async def admit(one: DeploymentGroup, *known: Application | DeploymentGroup) -> DeploymentGroup:
    (found,) = await admitted([one], Applied(*known))
    assert isinstance(found, DeploymentGroup)
    return found


@pytest.mark.parametrize(
    ("application", "config"),
    [
        (SERVER, "CodeDeployDefault.OneAtATime"),
        (LAMBDA, "CodeDeployDefault.LambdaAllAtOnce"),
    ],
    ids=["Server", "Lambda"],
)
async def test_a_group_that_names_no_configuration_gets_that_of_its_platform(
    application: Application, config: str
) -> None:
    found = await admit(group(application.application_name), application)

    assert found.compute_platform is application.compute_platform
    assert found.deployment_config_name == config


async def test_a_function_and_a_service_are_always_blue_green() -> None:
    assert (await admit(group("checkout"), LAMBDA)).deployment_style == BLUE_GREEN_STYLE
    assert (await admit(on_ecs(), ECS)).deployment_style == BLUE_GREEN_STYLE


async def test_documents_of_one_call_know_each_other_in_any_order() -> None:
    pace = DeploymentConfig(
        deployment_config_name="at-once",
        compute_platform=ComputePlatform.LAMBDA,
        traffic_routing_config=TrafficRoutingConfig(type="AllAtOnce"),
    )

    found = await admitted(
        [group("checkout", deployment_config_name="at-once"), pace, LAMBDA], Applied()
    )

    assert [type(one) for one in found] == [Application, DeploymentConfig, DeploymentGroup]


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        pytest.param(group("none"), ApplicationDoesNotExist, id="no application"),
        pytest.param(
            group(deployment_config_name="none"), DeploymentConfigDoesNotExist, id="no config"
        ),
        pytest.param(
            group("checkout", deployment_config_name="CodeDeployDefault.OneAtATime"),
            InvalidComputePlatform,
            id="config of another platform",
        ),
        pytest.param(
            group("checkout", compute_platform=ComputePlatform.ECS),
            InvalidComputePlatform,
            id="another platform than the application",
        ),
        pytest.param(
            group(
                "checkout",
                load_balancer_info=LoadBalancerInfo(target_group_pair_info_list=(PAIR,)),
            ),
            InvalidLoadBalancerInfo,
            id="a rule of the platform",
        ),
        pytest.param(
            DeploymentConfig(
                deployment_config_name="slow",
                compute_platform=ComputePlatform.LAMBDA,
                traffic_routing_config=TrafficRoutingConfig(
                    type="TimeBasedLinear",
                    time_based_linear={"linear_percentage": 0, "linear_interval": 1},
                ),
            ),
            InvalidTrafficRoutingConfiguration,
            id="a rule of configurations",
        ),
    ],
)
async def test_what_breaks_a_rule_is_refused_beside_what_does_not(
    refused: DeploymentGroup | DeploymentConfig, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await admitted([SERVER, refused], Applied(SERVER, LAMBDA))


async def test_a_service_that_another_group_deploys_to_is_refused() -> None:
    with pytest.raises(ECSServiceMappingLimitExceeded, match="web/staging deploys to"):
        await admit(on_ecs("live"), ECS, on_ecs("staging"))


async def test_two_groups_of_one_call_cannot_have_one_service() -> None:
    with pytest.raises(ECSServiceMappingLimitExceeded):
        await admitted([ECS, on_ecs("live"), on_ecs("staging")], Applied())


async def test_a_group_keeps_its_own_service() -> None:
    known = on_ecs("live")

    assert (await admit(on_ecs("live"), ECS, known)).ecs_services == known.ecs_services


async def test_a_service_that_a_group_gives_up_in_the_same_call_is_free() -> None:
    moved = on_ecs("staging", service="web-staging")

    found = await admitted([moved, on_ecs("live")], Applied(ECS, on_ecs("staging")))

    assert len(found) == 2
