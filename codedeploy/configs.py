"""Deployment configurations: how much may change at once, predefined and custom.

Source: CodeDeploy User Guide, Working with deployment configurations.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from codedeploy.application import ComputePlatform, Name
from codedeploy.errors import DeploymentConfigDoesNotExist
from codedeploy.wire import Model

RESERVED_PREFIX = "CodeDeployDefault."


class MinimumHealthyHostsType(StrEnum):
    """How the value of a floor is read."""

    HOST_COUNT = "HOST_COUNT"
    FLEET_PERCENT = "FLEET_PERCENT"
    MOST_CONCURRENCY = "MOST_CONCURRENCY"


class MinimumHealthyHosts(Model):
    """The number of instances that must stay in service throughout a deployment.

    Attributes:
        type: How `value` is read.
        value: Instances if HOST_COUNT; percent of the fleet, rounded up to whole instances, if
            FLEET_PERCENT; instances out of service at once if MOST_CONCURRENCY, which only
            predefined configurations use.

    Source: CodeDeploy API Reference, MinimumHealthyHosts.
    """

    type: MinimumHealthyHostsType
    value: int


class TrafficRoutingType(StrEnum):
    """The shape of a traffic shift."""

    TIME_BASED_CANARY = "TimeBasedCanary"
    TIME_BASED_LINEAR = "TimeBasedLinear"
    ALL_AT_ONCE = "AllAtOnce"


class TimeBasedCanary(Model):
    """Two shifts: `canary_percentage` first, the rest `canary_interval` minutes later."""

    canary_percentage: int
    canary_interval: int


class TimeBasedLinear(Model):
    """Equal shifts of `linear_percentage`, one every `linear_interval` minutes."""

    linear_percentage: int
    linear_interval: int

    @property
    def shift_count(self) -> int:
        """How many shifts of a positive percentage reach 100; the last one may be smaller."""
        return -(-100 // self.linear_percentage)


class TrafficRoutingConfig(Model):
    """How traffic moves to the new version of a Lambda function or ECS service.

    Source: CodeDeploy API Reference, TrafficRoutingConfig.
    """

    type: TrafficRoutingType
    time_based_canary: TimeBasedCanary | None = None
    time_based_linear: TimeBasedLinear | None = None


class ZonalConfig(Model):
    """Deploying to one zone after another.

    Attributes:
        first_zone_monitor_duration_in_seconds: The wait after the first zone; None takes
            `monitor_duration_in_seconds`.
        monitor_duration_in_seconds: The wait after each of the others; None does not wait.
        minimum_healthy_hosts_per_zone: The floor inside a zone; None is none.

    Source: CodeDeploy API Reference, ZonalConfig.
    """

    first_zone_monitor_duration_in_seconds: int | None = None
    monitor_duration_in_seconds: int | None = None
    minimum_healthy_hosts_per_zone: MinimumHealthyHosts | None = None


class DeploymentConfig(Model):
    """A named pace: a floor for servers, a traffic routing for Lambda and ECS.

    The model holds any combination, so that it can be read and then judged as a whole: see
    `codedeploy.config_rules`.

    Source: CodeDeploy API Reference, DeploymentConfigInfo and CreateDeploymentConfig.
    """

    deployment_config_name: Name
    compute_platform: ComputePlatform = ComputePlatform.SERVER
    minimum_healthy_hosts: MinimumHealthyHosts | None = None
    traffic_routing_config: TrafficRoutingConfig | None = None
    zonal_config: ZonalConfig | None = None


def _server(suffix: str, kind: MinimumHealthyHostsType, value: int) -> DeploymentConfig:
    return DeploymentConfig(
        deployment_config_name=RESERVED_PREFIX + suffix,
        minimum_healthy_hosts=MinimumHealthyHosts(type=kind, value=value),
    )


def _routed(
    platform: ComputePlatform, suffix: str, routing: TrafficRoutingConfig
) -> DeploymentConfig:
    return DeploymentConfig(
        deployment_config_name=f"{RESERVED_PREFIX}{platform}{suffix}",
        compute_platform=platform,
        traffic_routing_config=routing,
    )


def _canary(minutes: int) -> TrafficRoutingConfig:
    canary = TimeBasedCanary(canary_percentage=10, canary_interval=minutes)
    return TrafficRoutingConfig(type=TrafficRoutingType.TIME_BASED_CANARY, time_based_canary=canary)


def _linear(minutes: int) -> TrafficRoutingConfig:
    linear = TimeBasedLinear(linear_percentage=10, linear_interval=minutes)
    return TrafficRoutingConfig(type=TrafficRoutingType.TIME_BASED_LINEAR, time_based_linear=linear)


_ALL_AT_ONCE = TrafficRoutingConfig(type=TrafficRoutingType.ALL_AT_ONCE)
_LAMBDA = ComputePlatform.LAMBDA
_ECS = ComputePlatform.ECS


def _by_name(configs: Iterable[DeploymentConfig]) -> Mapping[str, DeploymentConfig]:
    return MappingProxyType({config.deployment_config_name: config for config in configs})


PREDEFINED = _by_name(
    (
        _server("OneAtATime", MinimumHealthyHostsType.MOST_CONCURRENCY, 1),
        _server("HalfAtATime", MinimumHealthyHostsType.FLEET_PERCENT, 50),
        _server("AllAtOnce", MinimumHealthyHostsType.FLEET_PERCENT, 0),
        *(_routed(_LAMBDA, f"Canary10Percent{n}Minutes", _canary(n)) for n in (5, 10, 15, 30)),
        _routed(_LAMBDA, "Linear10PercentEvery1Minute", _linear(1)),
        *(_routed(_LAMBDA, f"Linear10PercentEvery{n}Minutes", _linear(n)) for n in (2, 3, 10)),
        _routed(_LAMBDA, "AllAtOnce", _ALL_AT_ONCE),
        *(_routed(_ECS, f"Canary10Percent{n}Minutes", _canary(n)) for n in (5, 15)),
        *(_routed(_ECS, f"Linear10PercentEvery{n}Minutes", _linear(n)) for n in (1, 3)),
        _routed(_ECS, "AllAtOnce", _ALL_AT_ONCE),
    )
)
"""The configurations that always exist, by name.

Source: CodeDeploy User Guide, Predefined deployment configurations.
"""

DEFAULT_CONFIG_NAME: Mapping[ComputePlatform, str] = MappingProxyType(
    {
        ComputePlatform.SERVER: f"{RESERVED_PREFIX}OneAtATime",
        ComputePlatform.LAMBDA: f"{RESERVED_PREFIX}LambdaAllAtOnce",
        ComputePlatform.ECS: f"{RESERVED_PREFIX}ECSAllAtOnce",
    }
)
"""What a deployment group gets that names no configuration."""


def predefined(name: str) -> DeploymentConfig:
    """Return the predefined configuration of that name.

    Raises:
        DeploymentConfigDoesNotExist: None has it.
    """
    try:
        return PREDEFINED[name]
    except KeyError:
        known = "\n  ".join(PREDEFINED)
        raise DeploymentConfigDoesNotExist(
            f"No predefined deployment configuration is named {name!r}. There are:\n  {known}"
        ) from None
