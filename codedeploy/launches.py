"""What a deployment group knows of instances on their way into or out of its Auto Scaling groups.

Source: CodeDeploy User Guide, Integrating CodeDeploy with Amazon EC2 Auto Scaling.
"""

from enum import Enum, auto

from codedeploy.auto_scaling import HeldInstance
from codedeploy.wire import Model


class HeldDeployment(Model):
    """An instance that a lifecycle hook holds, and what is done about it.

    Attributes:
        deployment_id: The deployment to it; None if it is kept waiting.
    """

    instance: HeldInstance
    deployment_id: str | None = None


class LaunchBook(Model):
    """What is remembered of launches.

    Attributes:
        held: The instances that are held now.
        failures: Launches that failed in a row.
        last_failed: The deployment of the last one.
        outdated: Instances that were launched with a revision which is no longer the last good one,
            or will not be if the deployment under way succeeds.
    """

    held: tuple[HeldDeployment, ...] = ()
    failures: int = 0
    last_failed: str = ""
    outdated: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[HeldInstance, ...]:
        """The instances that are held now."""
        return tuple(one.instance for one in self.held)

    def by_deployment(self, deployment_id: str) -> HeldDeployment | None:
        """Return the held instance that a deployment is for."""
        return next((one for one in self.held if one.deployment_id == deployment_id), None)

    @property
    def kept(self) -> tuple[HeldInstance, ...]:
        """Those that wait until a deployment to the group has succeeded."""
        return tuple(one.instance for one in self.held if one.deployment_id is None)


class Step(Enum):
    """What is done about an instance that is held."""

    DEPLOY = auto()
    LET_GO = auto()
    KEEP = auto()


def step_for(
    book: LaunchBook, instance: HeldInstance, *, has_revision: bool, failure_limit: int
) -> Step:
    """Return what is done about an instance that has arrived.

    A revision that failed on so many instances in a row is not tried on another one, which would
    be given up, and launched again, without end: the instance is kept instead.
    """
    if not has_revision:
        return Step.LET_GO
    if instance.is_launching and book.failures >= failure_limit:
        return Step.KEEP
    return Step.DEPLOY


def with_held(book: LaunchBook, instance: HeldInstance, deployment_id: str | None) -> LaunchBook:
    """Return `book` with an instance that is held, and its deployment."""
    held = HeldDeployment(instance=instance, deployment_id=deployment_id)
    return book.model_copy(update={"held": (*without(book, instance).held, held)})


def without(book: LaunchBook, instance: HeldInstance) -> LaunchBook:
    """Return `book` without an instance that is held no more."""
    held = tuple(one for one in book.held if one.instance != instance)
    return book.model_copy(update={"held": held})


def succeeded(book: LaunchBook, instance: HeldInstance, *, may_be_outdated: bool) -> LaunchBook:
    """Return `book` after a launch that ended well."""
    outdated = (*book.outdated, instance.name) if may_be_outdated else book.outdated
    changes: dict[str, object] = {"failures": 0, "last_failed": "", "outdated": outdated}
    return without(book, instance).model_copy(update=changes)


def failed(book: LaunchBook, instance: HeldInstance, deployment_id: str) -> LaunchBook:
    """Return `book` after a launch that failed."""
    changes: dict[str, object] = {"failures": book.failures + 1, "last_failed": deployment_id}
    return without(book, instance).model_copy(update=changes)
