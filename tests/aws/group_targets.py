"""What moto lacks of target groups: targets that become healthy, drain, and may be ill.

A target is `initial` when it is first looked at in a group that is in use, and for
`EMULATED_TARGET_SECONDS` (0.2 by default) from then on; after that it is as its health checks say,
which the tag `emulator:health` of the group makes good, bad or real (`target_health.Checks`).

A target drains for the deregistration delay and, if the load balancer is made real and so is behind
(`data_plane`, `fleet_plane`), until that has heard of it: the tag `emulator:heard-until`.

Source: Elastic Load Balancing API Reference, RegisterTargets, DeregisterTargets and
DescribeTargetHealth.

Differs from AWS: an address need not be private or in the VPC's range, so that a process of this
machine can answer there. Terminated instances drain at once as if they had been deregistered.
"""

import math
import os
import time
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any

from moto.elbv2.exceptions import (
    InvalidTargetError,
    TargetGroupNotFoundError,
    TargetNotRunning,
    ValidationError,
)
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup, elbv2_backends

from tests.aws.extension import replace
from tests.aws.health_checks import check
from tests.aws.target_health import (
    FAILED,
    HEALTH_TAG,
    HEALTHY,
    HEARD_TAG,
    STOPPED,
    Checks,
    Health,
    Registrations,
    Target,
)

INITIAL_SECONDS = float(os.environ.get("EMULATED_TARGET_SECONDS", "0.2"))
_ANY = "100-599"
_DELAY = "deregistration_delay.timeout_seconds"

Described = Mapping[str, Any]
"""A target as requests write it: an `Id`, and perhaps a `Port`."""


def install() -> None:
    """Add it to moto, in this process."""
    replace(FakeTargetGroup, "register", lambda _: _register)
    replace(FakeTargetGroup, "deregister", lambda _: _deregister)
    replace(FakeTargetGroup, "deregister_terminated_instances", lambda _: _remove_instances)
    replace(ELBv2Backend, "describe_target_health", lambda _: _describe_target_health)


def add(group: FakeTargetGroup, targets: Iterable[Target]) -> None:
    """Register targets."""
    for target in targets:
        registrations(group).add(target)


def drain(group: FakeTargetGroup, targets: Iterable[Target]) -> None:
    """Deregister targets; those that are not registered are passed over."""
    # Only what receives traffic has anything to finish.
    delay = float(str(group.attributes[_DELAY])) if group.load_balancer_arns else 0
    now = time.monotonic()
    for target in targets:
        registrations(group).remove(target, gone_at=now + delay, left_at=now if delay else None)


def look(group: FakeTargetGroup) -> None:
    """Bring the targets of a group up to the present."""
    heard_until = float(_tags(group).get(HEARD_TAG, math.inf))
    registrations(group).look(
        time.monotonic(), in_use=bool(group.load_balancer_arns), heard_until=heard_until
    )


def health(group: FakeTargetGroup, target: Target) -> Health:
    """Return how a target stands now."""
    if _instance_state(group, target) == "stopped":
        return STOPPED
    early = time.monotonic() - INITIAL_SECONDS
    known = registrations(group).health_before_checks(target, checks_before=early)
    return known or _checked(group, target)


def registrations(group: FakeTargetGroup) -> Registrations:
    """Return the targets of a group."""
    kept: Registrations = vars(group).setdefault("registrations", Registrations())
    return kept


def _register(group: FakeTargetGroup, described: Iterable[Described]) -> None:
    """Register all of the targets or, if one is refused, none."""
    targets = [_target(group, one) for one in described]
    for target in targets:
        _refuse_strangers(group, target)
    add(group, targets)


def _deregister(group: FakeTargetGroup, described: Iterable[Described]) -> None:
    drain(group, _registered(group, described))


def _remove_instances(group: FakeTargetGroup, instance_ids: list[str]) -> None:
    _deregister(group, [{"Id": instance_id} for instance_id in instance_ids])


def _describe_target_health(
    backend: ELBv2Backend, target_group_arn: str, asked: list[Described]
) -> list[FakeHealthStatus]:
    group = backend.target_groups.get(target_group_arn)
    if group is None:
        raise TargetGroupNotFoundError
    look(group)
    targets = [_target(group, one) for one in asked if not _registered(group, [one])]
    targets += _registered(group, asked) if asked else registrations(group).targets()
    return [_described(group, target) for target in targets]


def _described(group: FakeTargetGroup, target: Target) -> FakeHealthStatus:
    checked_at = group.health_check_port
    port = str(target.port) if checked_at in (None, "traffic-port") else str(checked_at)
    return FakeHealthStatus(target.id, str(target.port), port, *health(group, target))


# --- targets as requests write them


def _target(group: FakeTargetGroup, described: Described) -> Target:
    """Return the target meant; the group's port is meant if none is said."""
    return Target(described["Id"], int(described.get("Port") or group.port or 0))


def _registered(group: FakeTargetGroup, described: Iterable[Described]) -> list[Target]:
    """Return the registrations meant; those on every port are meant if none is said."""
    found = []
    for one in described:
        named = registrations(group).named(one["Id"])
        found += [target for target in named if int(one.get("Port") or target.port) == target.port]
    return found


def _refuse_strangers(group: FakeTargetGroup, target: Target) -> None:
    """Refuse a target that is not there, or not of the group's type."""
    if group.target_type == "ip":
        try:
            ip_address(target.id)
        except ValueError:
            raise ValidationError(
                f"The IP address '{target.id}' is not a valid IPv4 address"
            ) from None
    elif group.target_type == "instance":
        state = _instance_state(group, target)
        if state is None:
            raise InvalidTargetError
        if state != "running":
            raise TargetNotRunning(target.id)


def _instance_state(group: FakeTargetGroup, target: Target) -> str | None:
    instance = group.ec2_backend.get_instance_by_id(target.id)
    return instance.state if instance else None


# --- health checks


def _checked(group: FakeTargetGroup, target: Target) -> Health:
    """Return what the health checks of a target say."""
    match _tags(group).get(HEALTH_TAG, Checks.TIMED):
        case Checks.TIMED:
            return HEALTHY
        case Checks.UNHEALTHY:
            return FAILED
        case Checks.PROBED:
            return _probed(group, target)
        case other:
            known = ", ".join(Checks)
            raise ValidationError(f"Tag {HEALTH_TAG} is '{other}'; it must be one of {known}")


def _tags(group: FakeTargetGroup) -> dict[str, str]:
    backend = elbv2_backends[group.account_id][group.region_name]
    tags: dict[str, str] = backend.tagging_service.get_tag_dict_for_resource(group.arn)
    return tags


def _probed(group: FakeTargetGroup, target: Target) -> Health:
    instance = group.ec2_backend.get_instance_by_id(target.id)
    address = str(instance.private_ip) if instance else target.id
    configured = group.health_check_port
    port = target.port if configured in (None, "traffic-port") else int(configured)
    matcher = vars(group).get("matcher") or {"HttpCode": _ANY}  # TCP groups have none
    return check(
        Target(address, port), path=group.health_check_path or "/", codes=matcher["HttpCode"]
    )
