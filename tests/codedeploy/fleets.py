"""Fleets, plans and revisions as the tests of the core need them: one readable line each."""

from collections.abc import Iterable, Sequence

from codedeploy.configs import (
    DeploymentConfig,
    MinimumHealthyHosts,
    MinimumHealthyHostsType,
    ZonalConfig,
)
from codedeploy.instance import Tag
from codedeploy.instances import Host, InstanceHealth
from codedeploy.plan import Plan
from codedeploy.revision import BundleType, LocalLocation, PinnedRevision, Revision, RevisionType
from codedeploy.waves import Known, floor_for, rollback_waves, waves_of

NOW_INSTALLED = "ab" * 32
"""sha256 of the group's last successful revision."""


def floor(kind: str, value: int) -> MinimumHealthyHosts:
    """A minimum of healthy hosts."""
    return MinimumHealthyHosts(type=MinimumHealthyHostsType(kind), value=value)


def config(minimum: MinimumHealthyHosts, zonal: ZonalConfig | None = None) -> DeploymentConfig:
    """A configuration for servers."""
    return DeploymentConfig(
        deployment_config_name="custom", minimum_healthy_hosts=minimum, zonal_config=zonal
    )


def pinned(label: str = "v2", *, sha256: str | None = None) -> PinnedRevision:
    """A revision in the store; its digest is made of its label's characters."""
    local = LocalLocation(location=f"/srv/{label}")
    return PinnedRevision(
        revision=Revision(revision_type=RevisionType.LOCAL, local_location=local),
        label=label,
        location=f"file:///store/{label}",
        bundle_type=BundleType.TGZ,
        sha256=sha256 or label.encode().hex().ljust(64, "0"),
        size_bytes=10,
    )


def host(name: str, zone: str = "") -> Host:
    """An instance, in a zone or in none."""
    return Host(name=name, tags=(Tag(key="zone", value=zone),) if zone else ())


def hosts(count: int, *, zones: Sequence[str] = ("",)) -> tuple[Host, ...]:
    """So many instances, dealt out to the zones in turn."""
    return tuple(host(f"h{n:05}", zones[n % len(zones)]) for n in range(count))


CURRENT = InstanceHealth(installed=NOW_INSTALLED, is_healthy=True)
OLD = InstanceHealth(installed="cd" * 32, is_healthy=True)
UNKNOWN = InstanceHealth(is_healthy=True)
UNHEALTHY = InstanceHealth(installed=NOW_INSTALLED)


def known(health: dict[str, InstanceHealth]) -> Known:
    """What a group remembers of its instances."""
    return Known(health=health, last_successful=NOW_INSTALLED)


def all_healthy(members: Iterable[Host]) -> Known:
    """Every instance serves an old revision."""
    return known({member.name: OLD for member in members})


def plan(members: tuple[Host, ...], chosen: DeploymentConfig, remembered: Known) -> Plan:
    """The plan of a deployment to all of `members`."""
    minimum = floor_for(chosen, len(members))
    return Plan(
        application_name="shop",
        deployment_group_name="prod",
        deployment_config_name=chosen.deployment_config_name,
        revision=pinned(),
        size=len(members),
        minimum_healthy=minimum.minimum_healthy,
        arithmetic=minimum.arithmetic,
        waves=waves_of(members, remembered, chosen),
    )


def rollback_of(forward: Plan, touched: dict[str, bool], *, bystanders: int) -> Plan:
    """The plan that takes `touched` instances back, under the floor of `forward`."""
    waves = rollback_waves(touched, size=forward.size, minimum_healthy=forward.minimum_healthy)
    return forward.model_copy(update={"waves": waves, "bystanders": bystanders})
