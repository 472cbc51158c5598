"""What moto lacks of classic load balancers: instances that take time, and refusals.

How the instances live is in `balancer_instances`.

Source: Elastic Load Balancing API Reference (2012-06-01), RegisterInstancesWithLoadBalancer,
DeregisterInstancesFromLoadBalancer and DescribeInstanceHealth.

Differs from AWS: an instance that is not registered is `InvalidInstance`; AWS says of some that
were registered once that they are out of service. Nothing is evaluated for the thresholds.
"""

from collections.abc import Iterable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.elb.exceptions import NoActiveLoadBalancerFoundError
from moto.elb.models import ELBBackend, LoadBalancer
from moto.elb.responses import ELBResponse

from tests.aws import balancer_instances
from tests.aws.extension import Method, replace


def install() -> None:
    """Add it to moto, in this process."""
    replace(ELBBackend, "create_load_balancer", _note_region)
    replace(ELBBackend, "get_load_balancer", lambda _: balancer_of)
    replace(ELBBackend, "modify_load_balancer_attributes", _keep_what_was_said_of_draining)
    replace(ELBResponse, "register_instances_with_load_balancer", lambda _: _register)
    replace(ELBResponse, "deregister_instances_from_load_balancer", lambda _: _deregister)
    replace(ELBResponse, "describe_instance_health", lambda _: _describe_health)
    ids = property(lambda balancer: balancer_instances.registered(balancer))
    setattr(LoadBalancer, "instance_ids", ids)  # noqa: B010 - the class has it read-only


def balancer_of(backend: ELBBackend, name: str) -> LoadBalancer:
    """Return a load balancer by its name, or refuse."""
    if name not in backend.load_balancers:
        raise NoActiveLoadBalancerFoundError(name)
    return backend.load_balancers[name]


def _note_region(original: Method) -> Method:
    def create_load_balancer(backend: ELBBackend, *arguments: Any, **named: Any) -> LoadBalancer:
        made: LoadBalancer = original(backend, *arguments, **named)
        vars(made)["region_name"] = backend.region_name
        return made

    return create_load_balancer


def _keep_what_was_said_of_draining(original: Method) -> Method:
    """moto knows two spellings of each member, and overlooks the one that requests have."""

    def modify(backend: ELBBackend, *arguments: Any, **changes: Any) -> None:
        draining = changes.pop("connection_draining", None)
        if draining:
            said = {key.lower(): value for key, value in draining.items()}
            changes["connection_draining"] = said
        original(backend, *arguments, **changes)

    return modify


def _register(response: ELBResponse) -> ActionResult:
    """Register all of the instances or, if one is refused, none."""
    balancer, ids = _asked(response)
    account, region = response.current_account, response.region
    for one in ids:
        if ec2_backends[account][region].get_instance_by_id(one) is None:
            raise balancer_instances.invalid(one)
    balancer_instances.add(balancer, ids)
    return _instances(balancer_instances.registered(balancer))


def _deregister(response: ELBResponse) -> ActionResult:
    balancer, ids = _asked(response)
    registered = balancer_instances.registered(balancer)
    for one in ids:
        if one not in registered:
            raise balancer_instances.invalid(one)
    balancer_instances.drain(balancer, ids)
    return _instances(balancer_instances.registered(balancer))


def _describe_health(response: ELBResponse) -> ActionResult:
    balancer, ids = _asked(response)
    asked = ids or balancer_instances.known(balancer)
    states = [
        {
            "InstanceId": one,
            "State": state.state,
            "ReasonCode": state.reason_code,
            "Description": state.description,
        }
        for one in asked
        for state in [balancer_instances.state_of(balancer, one)]
    ]
    return ActionResult({"InstanceStates": states})


def _asked(response: ELBResponse) -> tuple[LoadBalancer, list[str]]:
    balancer = balancer_of(response.elb_backend, response._get_param("LoadBalancerName"))
    return balancer, [one["InstanceId"] for one in response._get_param("Instances", [])]


def _instances(ids: Iterable[str]) -> ActionResult:
    return ActionResult({"Instances": [{"InstanceId": one} for one in ids]})
