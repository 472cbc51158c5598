"""A fleet that a deployment names itself: the replacement of a blue/green deployment.

Source: CodeDeploy API Reference, TargetInstances.
"""

from typing import Self

from pydantic import Field, model_validator

from codedeploy.deployment_group import DeploymentGroup, EC2TagSet, TagFilter
from codedeploy.wire import Model

MOST_OF_EACH = 10


class TargetInstances(Model):
    """Instances by tags, by tag sets, or by the Auto Scaling groups they are members of.

    Differs from AWS: tags find on-premises instances too, by what these registered with.
    """

    tag_filters: tuple[TagFilter, ...] = Field(default=(), max_length=MOST_OF_EACH)
    auto_scaling_groups: tuple[str, ...] = Field(default=(), max_length=MOST_OF_EACH)
    ec2_tag_set: EC2TagSet | None = None

    @model_validator(mode="after")
    def _combines_no_rivals(self) -> Self:
        if self.tag_filters and self.ec2_tag_set:
            raise ValueError(
                "InvalidTargetInstancesException: tagFilters and ec2TagSet are both given; keep "
                "one of them"
            )
        return self

    @property
    def names_any(self) -> bool:
        """Whether it names anything."""
        return self != TargetInstances()

    def instead_of(self, group: DeploymentGroup) -> DeploymentGroup:
        """Return `group` with this fleet in the place of its own."""
        return group.model_copy(
            update={
                "ec2_tag_filters": self.tag_filters,
                "ec2_tag_set": self.ec2_tag_set,
                "auto_scaling_groups": self.auto_scaling_groups,
                "on_premises_instance_tag_filters": (),
                "on_premises_tag_set": None,
            }
        )


_FLEET = (
    "ec2_tag_filters",
    "ec2_tag_set",
    "auto_scaling_groups",
    "on_premises_instance_tag_filters",
    "on_premises_tag_set",
)


def fleet_of(group: DeploymentGroup) -> tuple[object, ...]:
    """Return all that decides which instances `group` means; equal values mean equal fleets."""
    return tuple(getattr(group, member) for member in _FLEET)


def with_fleet_of(other: DeploymentGroup, group: DeploymentGroup) -> DeploymentGroup:
    """Return `group` with the fleet of another."""
    fleet = dict(zip(_FLEET, fleet_of(other), strict=True))
    return group.model_copy(update=fleet)
