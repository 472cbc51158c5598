"""The instances of a classic load balancer: they come into service, drain, and may be ill.

As in target groups, an instance is in registration when its health is first asked for, and for
`EMULATED_TARGET_SECONDS` from then on; after that it is as the tag `emulator:health` of the load
balancer says (`target_health.Checks`).

Source: Elastic Load Balancing API Reference (2012-06-01), InstanceState; Classic Load Balancers
guide, "Configure connection draining" and "Troubleshoot a Classic Load Balancer: health checks".
"""

import time
from collections.abc import Iterable
from typing import NamedTuple

from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance
from moto.elb.exceptions import ELBClientError
from moto.elb.models import LoadBalancer

from tests.aws.group_targets import INITIAL_SECONDS
from tests.aws.health_checks import check
from tests.aws.target_health import (
    DRAINING,
    HEALTH_TAG,
    HEALTHY,
    REGISTERING,
    Checks,
    Registrations,
    Target,
)

_CODES = "200"


class State(NamedTuple):
    """How an instance stands, as DescribeInstanceHealth tells it."""

    state: str
    reason_code: str = "N/A"
    description: str = "N/A"


IN_SERVICE = State("InService")
COMING = State("OutOfService", "ELB", "Instance registration is still in progress.")
LEAVING = State("InService", "N/A", "Instance deregistration currently in progress.")
STOPPED = State("OutOfService", "Instance", "Instance is in stopped state.")
ILL = State(
    "OutOfService",
    "Instance",
    "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.",
)


def add(balancer: LoadBalancer, instance_ids: Iterable[str]) -> None:
    """Register instances; one that drains is taken back, one that is there stays."""
    for one in instance_ids:
        _registrations(balancer).add(_key(one))


def drain(balancer: LoadBalancer, instance_ids: Iterable[str]) -> None:
    """Deregister instances; those that are not registered are passed over."""
    draining = balancer.attributes["connection_draining"]
    delay = float(draining["timeout"]) if draining["enabled"] else 0.0
    for one in instance_ids:
        _registrations(balancer).remove(_key(one), gone_at=time.monotonic() + delay)


def registered(balancer: LoadBalancer) -> list[str]:
    """Return the instances that are registered, those that drain left out; checks do not begin."""
    _remove_terminated(balancer)
    ids = [target.id for target in _registrations(balancer).targets()]
    return [one for one in ids if _before_checks(balancer, one) != DRAINING]


def known(balancer: LoadBalancer) -> list[str]:
    """Return the instances that are registered or drain, at present."""
    _remove_terminated(balancer)
    _registrations(balancer).look(time.monotonic(), in_use=True)
    return [target.id for target in _registrations(balancer).targets()]


def _remove_terminated(balancer: LoadBalancer) -> None:
    for target in _registrations(balancer).targets():
        instance = _instance(balancer, target.id)
        if instance is None or instance.state == "terminated":
            _registrations(balancer).remove(target, gone_at=0)


def state_of(balancer: LoadBalancer, instance_id: str) -> State:
    """Return how an instance stands now.

    Raises:
        ELBClientError: It is not registered, or not any more.
    """
    instance = _instance(balancer, instance_id)
    if instance is None or instance_id not in known(balancer):
        raise invalid(instance_id)
    early = _before_checks(balancer, instance_id)
    if early == DRAINING:
        return LEAVING
    if instance.state != "running":
        return STOPPED
    return COMING if early == REGISTERING else _checked(balancer, instance)


def invalid(instance_id: str) -> ELBClientError:
    """Return the refusal of an instance that is not there."""
    return ELBClientError("InvalidInstance", f"Could not find EC2 instance {instance_id}.")


def _registrations(balancer: LoadBalancer) -> Registrations:
    kept: Registrations = vars(balancer).setdefault("registrations", Registrations())
    return kept


def _key(instance_id: str) -> Target:
    """Return an instance as target; classic load balancers know it on one port only."""
    return Target(instance_id, 0)


def _before_checks(balancer: LoadBalancer, instance_id: str) -> object:
    early = time.monotonic() - INITIAL_SECONDS
    return _registrations(balancer).health_before_checks(_key(instance_id), checks_before=early)


def _instance(balancer: LoadBalancer, instance_id: str) -> Instance | None:
    region = vars(balancer)["region_name"]
    found: Instance | None = ec2_backends[balancer.account_id][region].get_instance_by_id(
        instance_id
    )
    return found


def _checked(balancer: LoadBalancer, instance: Instance) -> State:
    match balancer.tags.get(HEALTH_TAG, Checks.TIMED):
        case Checks.UNHEALTHY:
            return ILL
        case Checks.PROBED:
            return _probed(balancer, instance)
        case _:
            return IN_SERVICE


def _probed(balancer: LoadBalancer, instance: Instance) -> State:
    """Ask the instance as the health check says, such as `HTTP:8080/health`."""
    wanted = balancer.health_check.target if balancer.health_check else "HTTP:80/"
    port, slash, path = wanted.partition(":")[2].partition("/")
    target = Target(str(instance.private_ip), int(port))
    codes = _CODES if slash else "100-599"
    return IN_SERVICE if check(target, path=f"/{path}", codes=codes) == HEALTHY else ILL
