"""Instances: what an agent says of its host when it reports for duty."""

from collections.abc import Iterable

from codedeploy.application import Name
from codedeploy.wire import Model

INSTANCE_WORKFLOW = "InstanceWorkflow"
REGISTER = "register"


class Tag(Model):
    """A label by which deployment groups find instances."""

    key: str
    value: str = ""


def zone_of(tags: Iterable[Tag]) -> str:
    """Return the value of the tag `zone`, or an empty string."""
    return next((tag.value for tag in tags if tag.key == "zone"), "")


class InstanceRegistration(Model):
    """What an agent says of its host each time it starts.

    Attributes:
        tags: Replace those of the previous registration.
        platform: `linux`; AppSpecs for another platform are refused by the host.
        hostname: The machine's own name, for people.

    Differs from AWS: the agent brings its tags; CodeDeploy asks EC2, or takes them from
    AddTagsToOnPremisesInstances.
    """

    name: Name
    tags: tuple[Tag, ...] = ()
    agent_version: str = ""
    platform: str = "linux"
    hostname: str = ""

    @property
    def zone(self) -> str:
        """The zone its tags name, or an empty string."""
        return zone_of(self.tags)
