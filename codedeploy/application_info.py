"""What is known of an application."""

from codedeploy.application import Application
from codedeploy.revision import PinnedRevision
from codedeploy.wire import Model


class ApplicationInfo(Model):
    """An application with its groups and registered revisions, newest first."""

    application: Application
    deployment_groups: tuple[str, ...] = ()
    revisions: tuple[PinnedRevision, ...] = ()
