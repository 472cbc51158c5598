"""Rules that a custom deployment configuration must keep, in CodeDeploy's error classes.

Predefined configurations are exempt: they use MOST_CONCURRENCY and the reserved prefix.

Source: CodeDeploy API Reference, CreateDeploymentConfig.
"""

from collections.abc import Iterator
from typing import NamedTuple

from codedeploy.application import ComputePlatform
from codedeploy.configs import (
    RESERVED_PREFIX,
    DeploymentConfig,
    MinimumHealthyHosts,
    MinimumHealthyHostsType,
    TrafficRoutingConfig,
    TrafficRoutingType,
    ZonalConfig,
)
from codedeploy.errors import (
    InvalidComputePlatform,
    InvalidDeploymentConfigName,
    InvalidInput,
    InvalidMinimumHealthyHostValue,
    InvalidTrafficRoutingConfiguration,
    InvalidZonalDeploymentConfiguration,
)

LONGEST_SHIFT_MINUTES = 2880
MOST_HEALTHY_PERCENT = 99


class Violation(NamedTuple):
    """One rule that a custom configuration breaks.

    Attributes:
        key: Where, in the names of the wire: `("minimumHealthyHosts", "value")`.
        error: CodeDeploy's error for it.
    """

    key: tuple[str, ...]
    error: InvalidInput


def violations(config: DeploymentConfig) -> Iterator[Violation]:
    """Yield every rule that `config` breaks as a custom configuration."""
    if config.deployment_config_name.casefold().startswith(RESERVED_PREFIX.casefold()):
        yield Violation(
            ("deploymentConfigName",),
            InvalidDeploymentConfigName(
                f"names starting with {RESERVED_PREFIX} are reserved, found "
                f"{config.deployment_config_name!r}; choose another name"
            ),
        )
    if config.compute_platform is ComputePlatform.SERVER:
        yield from _server_violations(config)
    else:
        yield from _traffic_violations(config)


def validate_custom(config: DeploymentConfig) -> None:
    """Refuse a custom configuration that breaks a rule.

    Raises:
        InvalidInput: The class that CodeDeploy names for the first violation.
    """
    for violation in violations(config):
        raise violation.error


def _server_violations(config: DeploymentConfig) -> Iterator[Violation]:
    if config.traffic_routing_config is not None:
        yield _does_not_fit("trafficRoutingConfig", config.compute_platform)
    if config.minimum_healthy_hosts is None:
        yield Violation(
            ("minimumHealthyHosts",),
            InvalidMinimumHealthyHostValue("a configuration for servers needs minimumHealthyHosts"),
        )
    else:
        yield from _floor_violations(config.minimum_healthy_hosts, ("minimumHealthyHosts",))
    if config.zonal_config is not None:
        yield from _zonal_violations(config.zonal_config)


def _traffic_violations(config: DeploymentConfig) -> Iterator[Violation]:
    platform = config.compute_platform
    if config.minimum_healthy_hosts is not None:
        yield _does_not_fit("minimumHealthyHosts", platform)
    if config.zonal_config is not None:
        error = InvalidZonalDeploymentConfiguration(f"zones exist for Server only, not {platform}")
        yield Violation(("zonalConfig",), error)
    if config.traffic_routing_config is None:
        yield _misrouted(f"a configuration for {platform} needs trafficRoutingConfig")
    else:
        yield from _routing_violations(config.traffic_routing_config)


def _does_not_fit(key: str, platform: ComputePlatform) -> Violation:
    return Violation((key,), InvalidComputePlatform(f"does not fit computePlatform {platform}"))


def _floor_violations(floor: MinimumHealthyHosts, key: tuple[str, ...]) -> Iterator[Violation]:
    def wrong(member: str, expected: str, found: object) -> Violation:
        message = f"expected {expected}, found {found}"
        return Violation((*key, member), InvalidMinimumHealthyHostValue(message))

    if floor.type is MinimumHealthyHostsType.MOST_CONCURRENCY:
        yield wrong("type", "HOST_COUNT or FLEET_PERCENT", floor.type)
    if floor.value < 0:
        yield wrong("value", "0 or more", floor.value)
    is_percent = floor.type is MinimumHealthyHostsType.FLEET_PERCENT
    if is_percent and floor.value > MOST_HEALTHY_PERCENT:
        yield wrong("value", f"0 to {MOST_HEALTHY_PERCENT} percent", floor.value)


def _zonal_violations(zonal: ZonalConfig) -> Iterator[Violation]:
    durations = {
        "firstZoneMonitorDurationInSeconds": zonal.first_zone_monitor_duration_in_seconds,
        "monitorDurationInSeconds": zonal.monitor_duration_in_seconds,
    }
    for member, seconds in durations.items():
        if seconds is not None and seconds < 0:
            error = InvalidZonalDeploymentConfiguration(f"expected 0 or more, found {seconds}")
            yield Violation(("zonalConfig", member), error)
    if zonal.minimum_healthy_hosts_per_zone is not None:
        key = ("zonalConfig", "minimumHealthyHostsPerZone")
        yield from _floor_violations(zonal.minimum_healthy_hosts_per_zone, key)


def _routing_violations(routing: TrafficRoutingConfig) -> Iterator[Violation]:
    yield from _member_violations(routing)
    if canary := routing.time_based_canary:
        yield from _percent_violations(
            canary.canary_percentage, "timeBasedCanary", "canaryPercentage"
        )
        yield from _interval_violations(canary.canary_interval, "timeBasedCanary", "canaryInterval")
    if linear := routing.time_based_linear:
        key = ("timeBasedLinear", "linearInterval")
        yield from _percent_violations(
            linear.linear_percentage, "timeBasedLinear", "linearPercentage"
        )
        intervals = linear.shift_count - 1 if linear.linear_percentage > 0 else 1
        yield from _interval_violations(linear.linear_interval, *key, count=intervals)


def _member_violations(routing: TrafficRoutingConfig) -> Iterator[Violation]:
    given = {
        TrafficRoutingType.TIME_BASED_CANARY: routing.time_based_canary is not None,
        TrafficRoutingType.TIME_BASED_LINEAR: routing.time_based_linear is not None,
    }
    for kind, is_given in given.items():
        member = kind[0].lower() + kind[1:]
        if kind is routing.type and not is_given:
            yield _misrouted(f"type {routing.type} needs {member}")
        if kind is not routing.type and is_given:
            yield _misrouted(f"does not fit type {routing.type}", member)


def _percent_violations(percent: int, *key: str) -> Iterator[Violation]:
    if not 1 <= percent <= 99:
        yield _misrouted(f"expected 1 to 99 percent, found {percent}", *key)


def _interval_violations(minutes: int, *key: str, count: int = 1) -> Iterator[Violation]:
    if minutes < 1:
        yield _misrouted(f"expected at least 1 minute, found {minutes}", *key)
    elif minutes * count > LONGEST_SHIFT_MINUTES:
        yield _misrouted(
            f"expected at most {LONGEST_SHIFT_MINUTES} minutes from the first shift to the last, "
            f"found {minutes * count}",
            *key,
        )


def _misrouted(message: str, *key: str) -> Violation:
    path = ("trafficRoutingConfig", *key)
    return Violation(path, InvalidTrafficRoutingConfiguration(message))
