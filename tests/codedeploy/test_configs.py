import pytest

from codedeploy.application import ComputePlatform
from codedeploy.config_rules import validate_custom, violations
from codedeploy.configs import (
    DEFAULT_CONFIG_NAME,
    PREDEFINED,
    DeploymentConfig,
    predefined,
)
from codedeploy.errors import (
    DeploymentConfigDoesNotExist,
    InvalidComputePlatform,
    InvalidDeploymentConfigName,
    InvalidInput,
    InvalidMinimumHealthyHostValue,
    InvalidTrafficRoutingConfiguration,
    InvalidZonalDeploymentConfiguration,
)

FLOORS = {
    "OneAtATime": ("MOST_CONCURRENCY", 1),
    "HalfAtATime": ("FLEET_PERCENT", 50),
    "AllAtOnce": ("FLEET_PERCENT", 0),
}
ROUTED = {
    "LambdaCanary10Percent5Minutes": ("TimeBasedCanary", 5),
    "LambdaCanary10Percent10Minutes": ("TimeBasedCanary", 10),
    "LambdaCanary10Percent15Minutes": ("TimeBasedCanary", 15),
    "LambdaCanary10Percent30Minutes": ("TimeBasedCanary", 30),
    "LambdaLinear10PercentEvery1Minute": ("TimeBasedLinear", 1),
    "LambdaLinear10PercentEvery2Minutes": ("TimeBasedLinear", 2),
    "LambdaLinear10PercentEvery3Minutes": ("TimeBasedLinear", 3),
    "LambdaLinear10PercentEvery10Minutes": ("TimeBasedLinear", 10),
    "LambdaAllAtOnce": ("AllAtOnce", None),
    "ECSCanary10Percent5Minutes": ("TimeBasedCanary", 5),
    "ECSCanary10Percent15Minutes": ("TimeBasedCanary", 15),
    "ECSLinear10PercentEvery1Minutes": ("TimeBasedLinear", 1),
    "ECSLinear10PercentEvery3Minutes": ("TimeBasedLinear", 3),
    "ECSAllAtOnce": ("AllAtOnce", None),
}
CANARY = {
    "type": "TimeBasedCanary",
    "timeBasedCanary": {"canaryPercentage": 10, "canaryInterval": 5},
}


def test_there_are_the_17_configurations_of_codedeploy() -> None:
    assert [name.removeprefix("CodeDeployDefault.") for name in PREDEFINED] == [*FLOORS, *ROUTED]


@pytest.mark.parametrize("name", FLOORS)
def test_a_predefined_floor(name: str) -> None:
    kind, value = FLOORS[name]

    assert predefined(f"CodeDeployDefault.{name}").model_dump(mode="json", exclude_none=True) == {
        "deploymentConfigName": f"CodeDeployDefault.{name}",
        "computePlatform": "Server",
        "minimumHealthyHosts": {"type": kind, "value": value},
    }


@pytest.mark.parametrize("name", ROUTED)
def test_a_predefined_routing(name: str) -> None:
    kind, minutes = ROUTED[name]
    word = kind.removeprefix("TimeBased").lower()
    member = {
        f"timeBased{word.capitalize()}": {f"{word}Percentage": 10, f"{word}Interval": minutes}
    }

    assert predefined(f"CodeDeployDefault.{name}").model_dump(mode="json", exclude_none=True) == {
        "deploymentConfigName": f"CodeDeployDefault.{name}",
        "computePlatform": "ECS" if name.startswith("ECS") else "Lambda",
        "trafficRoutingConfig": {"type": kind} | (member if minutes else {}),
    }


def test_another_predefined_name_is_unknown() -> None:
    with pytest.raises(DeploymentConfigDoesNotExist, match=r"'OneAtATime'(.|\n)*ECSAllAtOnce"):
        predefined("OneAtATime")


@pytest.mark.parametrize("platform", ComputePlatform)
def test_every_platform_has_a_default_of_its_own(platform: ComputePlatform) -> None:
    assert predefined(DEFAULT_CONFIG_NAME[platform]).compute_platform is platform


def server(**members: object) -> DeploymentConfig:
    floor = {"minimumHealthyHosts": {"type": "HOST_COUNT", "value": 1}}
    return DeploymentConfig.model_validate({"deploymentConfigName": "mine"} | floor | members)


def routed(**members: object) -> DeploymentConfig:
    routing = {"computePlatform": "Lambda", "trafficRoutingConfig": CANARY}
    return DeploymentConfig.model_validate({"deploymentConfigName": "mine"} | routing | members)


def floor(kind: str, value: int) -> dict[str, object]:
    return {"type": kind, "value": value}


def canary(percent: int, minutes: int) -> dict[str, object]:
    member = {"canaryPercentage": percent, "canaryInterval": minutes}
    return {"type": "TimeBasedCanary", "timeBasedCanary": member}


def linear(percent: int, minutes: int) -> dict[str, object]:
    member = {"linearPercentage": percent, "linearInterval": minutes}
    return {"type": "TimeBasedLinear", "timeBasedLinear": member}


KEPT = {
    "no floor": server(minimumHealthyHosts=floor("HOST_COUNT", 0)),
    "highest percent": server(minimumHealthyHosts=floor("FLEET_PERCENT", 99)),
    "many hosts": server(minimumHealthyHosts=floor("HOST_COUNT", 5000)),
    "zones": server(
        zonalConfig={
            "firstZoneMonitorDurationInSeconds": 0,
            "monitorDurationInSeconds": 60,
            "minimumHealthyHostsPerZone": floor("FLEET_PERCENT", 50),
        }
    ),
    "empty zones": server(zonalConfig={}),
    "longest canary": routed(trafficRoutingConfig=canary(1, 2880)),
    "longest linear": routed(trafficRoutingConfig=linear(1, 29)),
    "uneven linear": routed(trafficRoutingConfig=linear(99, 2880)),
    "all at once": routed(computePlatform="ECS", trafficRoutingConfig={"type": "AllAtOnce"}),
}


@pytest.mark.parametrize("config", KEPT.values(), ids=KEPT)
def test_accepts_a_custom_configuration(config: DeploymentConfig) -> None:
    assert list(violations(config)) == []


HEALTHY = "minimumHealthyHosts"
ROUTING = "trafficRoutingConfig"
BROKEN = {
    "reserved name": (
        server(deploymentConfigName="codedeploydefault.Mine"),
        "deploymentConfigName",
        InvalidDeploymentConfigName,
    ),
    "no floor": (server(minimumHealthyHosts=None), HEALTHY, InvalidMinimumHealthyHostValue),
    "concurrency": (
        server(minimumHealthyHosts=floor("MOST_CONCURRENCY", 1)),
        f"{HEALTHY}.type",
        InvalidMinimumHealthyHostValue,
    ),
    "negative hosts": (
        server(minimumHealthyHosts=floor("HOST_COUNT", -1)),
        f"{HEALTHY}.value",
        InvalidMinimumHealthyHostValue,
    ),
    "whole fleet": (
        server(minimumHealthyHosts=floor("FLEET_PERCENT", 100)),
        f"{HEALTHY}.value",
        InvalidMinimumHealthyHostValue,
    ),
    "routed servers": (server(trafficRoutingConfig=CANARY), ROUTING, InvalidComputePlatform),
    "whole zone": (
        server(zonalConfig={"minimumHealthyHostsPerZone": floor("FLEET_PERCENT", 100)}),
        "zonalConfig.minimumHealthyHostsPerZone.value",
        InvalidMinimumHealthyHostValue,
    ),
    "negative wait": (
        server(zonalConfig={"firstZoneMonitorDurationInSeconds": -1}),
        "zonalConfig.firstZoneMonitorDurationInSeconds",
        InvalidZonalDeploymentConfiguration,
    ),
    "zones of Lambda": (routed(zonalConfig={}), "zonalConfig", InvalidZonalDeploymentConfiguration),
    "floor of Lambda": (
        routed(minimumHealthyHosts=floor("HOST_COUNT", 1)),
        HEALTHY,
        InvalidComputePlatform,
    ),
    "no routing": (
        routed(trafficRoutingConfig=None),
        ROUTING,
        InvalidTrafficRoutingConfiguration,
    ),
    "no member": (
        routed(trafficRoutingConfig={"type": "TimeBasedLinear"}),
        ROUTING,
        InvalidTrafficRoutingConfiguration,
    ),
    "other member": (
        routed(trafficRoutingConfig=canary(10, 5) | {"type": "AllAtOnce"}),
        f"{ROUTING}.timeBasedCanary",
        InvalidTrafficRoutingConfiguration,
    ),
    "no percent": (
        routed(trafficRoutingConfig=canary(0, 5)),
        f"{ROUTING}.timeBasedCanary.canaryPercentage",
        InvalidTrafficRoutingConfiguration,
    ),
    "no step": (
        routed(trafficRoutingConfig=linear(0, 5)),
        f"{ROUTING}.timeBasedLinear.linearPercentage",
        InvalidTrafficRoutingConfiguration,
    ),
    "all in one step": (
        routed(trafficRoutingConfig=linear(100, 5)),
        f"{ROUTING}.timeBasedLinear.linearPercentage",
        InvalidTrafficRoutingConfiguration,
    ),
    "no interval": (
        routed(trafficRoutingConfig=linear(10, 0)),
        f"{ROUTING}.timeBasedLinear.linearInterval",
        InvalidTrafficRoutingConfiguration,
    ),
    "canary too long": (
        routed(trafficRoutingConfig=canary(10, 2881)),
        f"{ROUTING}.timeBasedCanary.canaryInterval",
        InvalidTrafficRoutingConfiguration,
    ),
    "linear too long": (
        routed(trafficRoutingConfig=linear(1, 30)),
        f"{ROUTING}.timeBasedLinear.linearInterval",
        InvalidTrafficRoutingConfiguration,
    ),
}


@pytest.mark.parametrize(("config", "key", "error"), BROKEN.values(), ids=BROKEN)
def test_names_what_a_custom_configuration_breaks(
    config: DeploymentConfig, key: str, error: type[InvalidInput]
) -> None:
    (violation,) = violations(config)

    assert (".".join(violation.key), type(violation.error)) == (key, error)


def test_names_everything_that_is_broken() -> None:
    config = server(
        deploymentConfigName="CodeDeployDefault.Mine",
        minimumHealthyHosts=floor("MOST_CONCURRENCY", -1),
    )

    assert len(list(violations(config))) == 3


def test_validation_raises_the_first_violation() -> None:
    with pytest.raises(InvalidMinimumHealthyHostValue, match="expected 0 or more, found -1"):
        validate_custom(server(minimumHealthyHosts=floor("HOST_COUNT", -1)))


def test_predefined_configurations_are_no_custom_ones() -> None:
    for config in PREDEFINED.values():
        with pytest.raises(InvalidDeploymentConfigName):
            validate_custom(config)
