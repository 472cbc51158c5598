"""What the client answers that no workflow keeps in this shape."""

from datetime import datetime

from codedeploy.deployment import DeploymentStatus
from codedeploy.instance import InstanceRegistration
from codedeploy.wire import Model


class Applied(Model):
    """What `apply` did with one document: `created`, `updated` or `unchanged`."""

    kind: str
    name: str
    change: str


class InstanceInfo(Model):
    """A registered instance: its tags, whether its agent polls, and what it runs.

    Attributes:
        last_seen: When its agent last asked for work; None if not lately.
        runs: `application/group` -> label of the revision it runs.
    """

    registration: InstanceRegistration
    last_seen: datetime | None = None
    runs: dict[str, str] = {}


class DeploymentRow(Model):
    """One line of `rollway list`."""

    deployment_id: str
    application_name: str
    deployment_group_name: str
    status: DeploymentStatus
    revision_label: str = ""
    creator: str = ""
    create_time: datetime | None = None
    complete_time: datetime | None = None
