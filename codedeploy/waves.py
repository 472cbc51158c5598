"""The waves of a deployment to servers: who goes first, and with whom.

Waves are walked one after another. Instances that are out of service already come first, so that
the floor is never breached by starting with healthy ones; a zonal configuration makes waves of
zones. A wave is cut into batches.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby

from codedeploy.configs import DeploymentConfig, ZonalConfig
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.fleet import MOST_INSTANCES, Floor, batch_size, floor_of, in_batches
from codedeploy.instances import HealthClass, Host, InstanceHealth, health_class
from codedeploy.wire import Model

UNHEALTHY_FIRST = "unhealthy first"


class Wave(Model):
    """Instances that share a window; the next wave starts when this one has ended.

    Attributes:
        name: `unhealthy first`, `zone a`, or empty.
        zone: Waves of one zone share the zone's floor.
        zone_size: Instances of the zone (of the whole fleet if not zonal).
        zone_minimum_healthy: The zone's floor.
        is_in_service: Whether deploying to its instances takes healthy ones out of service.
        bake_seconds: How long the deployment watches after this wave before it goes on.
    """

    name: str = ""
    zone: str = ""
    targets: tuple[str, ...]
    batch_size: int
    zone_size: int
    zone_minimum_healthy: int
    is_in_service: bool = True
    bake_seconds: int = 0

    @property
    def batches(self) -> tuple[tuple[str, ...], ...]:
        """The targets in the batches that a deployment without failures forms."""
        return in_batches(self.targets, self.batch_size)


class Known(Model):
    """What the group remembers that decides the order of its instances."""

    health: dict[str, InstanceHealth] = {}
    last_successful: str | None = None

    def class_of(self, target: str) -> HealthClass:
        """Return where `target` stands in the order of deployment."""
        return health_class(self.health.get(target), self.last_successful)

    def in_service(self, target: str) -> bool:
        """Whether taking `target` out of service costs the fleet a healthy instance."""
        return self.class_of(target) is not HealthClass.UNHEALTHY


def waves_of(
    hosts: tuple[Host, ...],
    known: Known,
    config: DeploymentConfig,
    *,
    left_alone: Collection[str] = (),
) -> tuple[Wave, ...]:
    """Return the waves of a deployment to `hosts`, but for those that are left alone.

    The floors count these, too.

    Raises:
        DeploymentFailure: OVER_MAX_INSTANCES or HEALTH_CONSTRAINTS_INVALID.
    """
    _check_size(len(hosts))
    floor = floor_for(config, len(hosts))
    if config.zonal_config is None:
        waves = _waves_of_one_zone(_ordered(hosts, known), known, floor, fleet_size=len(hosts))
        return _without(waves, left_alone)
    waves = _zonal_waves(hosts, known, floor, config.zonal_config)
    return _with_bakes(_without(waves, left_alone), config.zonal_config)


def _without(waves: tuple[Wave, ...], left_alone: Collection[str]) -> tuple[Wave, ...]:
    rest = (
        (wave, tuple(name for name in wave.targets if name not in left_alone)) for wave in waves
    )
    return tuple(wave.model_copy(update={"targets": names}) for wave, names in rest if names)


def floor_for(config: DeploymentConfig, size: int) -> Floor:
    """Return the floor that a Server configuration means for `size` instances."""
    if config.minimum_healthy_hosts is None:
        raise DeploymentFailure(
            ErrorCode.HEALTH_CONSTRAINTS_INVALID,
            f"{config.deployment_config_name} has no minimumHealthyHosts: it is not for servers.",
        )
    return floor_of(config.minimum_healthy_hosts, size)


def _check_size(size: int) -> None:
    if size > MOST_INSTANCES:
        raise DeploymentFailure(
            ErrorCode.OVER_MAX_INSTANCES,
            f"{size} instances match, and one deployment takes at most {MOST_INSTANCES}. Split the "
            "group by tags.",
        )


def _ordered(hosts: tuple[Host, ...], known: Known) -> tuple[str, ...]:
    """Return the names: unhealthy, unknown, old, current; by name inside a class."""
    names = sorted(host.name for host in hosts)
    return tuple(sorted(names, key=known.class_of))


def _waves_of_one_zone(
    targets: tuple[str, ...], known: Known, floor: Floor, *, fleet_size: int
) -> tuple[Wave, ...]:
    size = batch_size(fleet_size - floor.minimum_healthy, fleet_size)
    parts = [(key, tuple(part)) for key, part in groupby(targets, known.in_service)]
    return tuple(
        Wave(
            name=UNHEALTHY_FIRST if not in_service and len(parts) > 1 else "",
            targets=part,
            batch_size=size,
            zone_size=fleet_size,
            zone_minimum_healthy=floor.minimum_healthy,
            is_in_service=in_service,
        )
        for in_service, part in parts
    )


def _zonal_waves(
    hosts: tuple[Host, ...], known: Known, floor: Floor, zonal: ZonalConfig
) -> tuple[Wave, ...]:
    """Return the waves of each zone; those out of service come first, whatever their zone.

    The floor counts all zones: with the last zone out of service, the first one may not follow.
    """
    waves: list[Wave] = []
    for zone, members in sorted(_by_zone(hosts).items()):
        zone_floor = _zone_floor(zonal, zone, len(members))
        window = min(len(hosts) - floor.minimum_healthy, len(members) - zone_floor.minimum_healthy)
        parts = _waves_of_one_zone(
            _ordered(members, known), known, zone_floor, fleet_size=len(members)
        )
        waves += [_in_zone(part, zone, batch_size(window, len(hosts))) for part in parts]
    return tuple(sorted(waves, key=lambda wave: wave.is_in_service))


def _by_zone(hosts: tuple[Host, ...]) -> dict[str, tuple[Host, ...]]:
    zones: dict[str, list[Host]] = {}
    for host in hosts:
        zones.setdefault(host.zone, []).append(host)
    return {zone: tuple(members) for zone, members in zones.items()}


def _in_zone(wave: Wave, zone: str, size: int) -> Wave:
    label = f"zone {zone or '(none)'}"
    name = f"{label}, {wave.name}" if wave.name else label
    return wave.model_copy(update={"zone": zone, "name": name, "batch_size": size})


def _zone_floor(zonal: ZonalConfig, zone: str, size: int) -> Floor:
    minimum = zonal.minimum_healthy_hosts_per_zone
    if minimum is None:
        return Floor(minimum_healthy=0, arithmetic="0 must stay")
    try:
        return floor_of(minimum, size)
    except DeploymentFailure as error:
        raise DeploymentFailure(error.error_code, f"zone {zone}: {error.message}") from error


def _with_bakes(waves: Sequence[Wave], zonal: ZonalConfig) -> tuple[Wave, ...]:
    """Return `waves` with a watch where the last wave of a zone ends."""
    ends = sorted({wave.zone: index for index, wave in enumerate(waves)}.values())
    seconds = {
        index: _bake_seconds(zonal, is_first=index == ends[0], is_last=index == ends[-1])
        for index in ends
    }
    return tuple(
        wave.model_copy(update={"bake_seconds": seconds.get(index, 0)})
        for index, wave in enumerate(waves)
    )


def _bake_seconds(zonal: ZonalConfig, *, is_first: bool, is_last: bool) -> int:
    if is_last:
        return 0
    monitor = zonal.monitor_duration_in_seconds or 0
    if is_first and zonal.first_zone_monitor_duration_in_seconds is not None:
        return zonal.first_zone_monitor_duration_in_seconds
    return monitor


def rollback_waves(
    touched: Mapping[str, bool], *, size: int, minimum_healthy: int
) -> tuple[Wave, ...]:
    """Return the waves that take `touched` instances back: failed ones first, zones ignored.

    Args:
        touched: Whether each touched instance is in service now.
        size: Instances of the whole fleet.
        minimum_healthy: The floor of the failed deployment; it holds for its rollback too.
    """
    ordered = tuple(sorted(touched, key=lambda target: (touched[target], target)))
    per_batch = batch_size(size - minimum_healthy, size)
    return tuple(
        Wave(
            name=UNHEALTHY_FIRST if not in_service else "",
            targets=tuple(part),
            batch_size=per_batch,
            zone_size=size,
            zone_minimum_healthy=minimum_healthy,
            is_in_service=in_service,
        )
        for in_service, part in groupby(ordered, touched.__getitem__)
    )
