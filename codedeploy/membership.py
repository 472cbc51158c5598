"""Who belongs to a fleet: instances that registered, that AWS names, or that are held for it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from codedeploy.deployment_group import DeploymentGroup
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.failures import named
from codedeploy.instance import Tag
from codedeploy.instances import Host, ec2_lists, is_member, on_premises_lists


@dataclass(frozen=True)
class AwsMembers:
    """The members of a fleet that AWS names.

    Attributes:
        zones: The zone of each, by instance id.
        ec2_is_asked: Whether EC2 was asked whom the EC2 filters mean.
    """

    zones: Mapping[str, str] = field(default_factory=dict)
    ec2_is_asked: bool = False


def hosts_of(
    group: DeploymentGroup, registered: Iterable[Host], aws: AwsMembers, held: Iterable[str] = ()
) -> tuple[Host, ...]:
    """Return all members of a fleet, each once, by name; of their tags only the zone.

    Nobody is left out because no agent registered there.

    Args:
        group: Whose fleet it is.
        registered: All instances on which an agent ever registered, with all of their tags.
        aws: Whom AWS names.
        held: Names of instances that belong to it whatever anybody says.
    """
    own = {host.name: host for host in registered}
    members = {
        host.name for host in own.values() if is_member(group, host, ec2_is_asked=aws.ec2_is_asked)
    }
    known = {name: zone for name, zone in aws.zones.items() if zone}
    zones = {name: host.zone for name, host in own.items()} | known
    names = sorted(members.union(aws.zones, held))
    return tuple(_in_zone(name, zones.get(name, "")) for name in names)


def no_members(group: DeploymentGroup) -> DeploymentFailure:
    """Return why a fleet has nobody to deploy to, by what it names."""
    said = [*_no_scaling_members(group.auto_scaling_groups), *_no_tagged_members(group)]
    nothing = (
        "it names neither tag filters nor autoScalingGroups. Add what its instances have in common"
    )
    why = "; and ".join(said) or nothing
    return DeploymentFailure(ErrorCode.NO_INSTANCES, f"{group.full_name} has no instance: {why}.")


def _no_scaling_members(names: tuple[str, ...]) -> Iterator[str]:
    if names:
        yield (
            f"none in autoScalingGroups ({named(names)}) is healthy and InService. Look at what is "
            "launched: aws autoscaling describe-scaling-activities --auto-scaling-group-name "
            f"{names[0]}"
        )


def _no_tagged_members(group: DeploymentGroup) -> Iterator[str]:
    if ec2_lists(group) or on_premises_lists(group):
        yield (
            "none that is registered, or that EC2 knows, matches its tag filters. Compare them "
            "with the tags in: rollway get instances"
        )


def _in_zone(name: str, zone: str) -> Host:
    return Host(name=name, tags=(Tag(key="zone", value=zone),) if zone else ())
