"""What a deployment group knows of instances on their way into or out of its Auto Scaling groups.

Source: CodeDeploy User Guide, Integrating CodeDeploy with Amazon EC2 Auto Scaling.
"""

from collections.abc import Container
from enum import Enum, auto

from codedeploy.auto_scaling import HeldInstance, LifecycleActionResult, OwedAnswer
from codedeploy.failures import named
from codedeploy.wire import Model


class HeldDeployment(Model):
    """An instance that a lifecycle hook holds, and what is done about it.

    Attributes:
        deployment_id: The deployment to it; None if none is under way.
        owed: What its hook is told now, or could not be told; None if it is kept waiting, or
            deployed to.
    """

    instance: HeldInstance
    deployment_id: str | None = None
    owed: OwedAnswer | None = None


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

    def of(self, instance: HeldInstance) -> HeldDeployment | None:
        """Return what is done about an instance; None if it is not known to be held."""
        return next((one for one in self.held if one.instance == instance), None)

    @property
    def kept(self) -> tuple[HeldInstance, ...]:
        """Those that wait until a deployment to the group has succeeded."""
        return tuple(
            one.instance for one in self.held if one.deployment_id is None and one.owed is None
        )

    @property
    def unanswered(self) -> tuple[HeldInstance, ...]:
        """Those whose hook could not be told what becomes of them."""
        return tuple(one.instance for one in self.held if one.owed is not None and one.owed.why)

    @property
    def complaint(self) -> str:
        """Who waits for an answer of the hook, and why there is none; empty if nobody does."""
        if not self.unanswered:
            return ""
        names = named([instance.name for instance in self.unanswered])
        whys = (one.owed.why for one in self.held if one.owed and one.owed.why)
        return (
            f"Waiting for an answer that could not be given to lifecycle hooks: {names}. It is "
            f"tried again every minute. {next(whys)}"
        )

    def is_due(self, instance: HeldInstance) -> bool:
        """Whether something is to be done about an instance, and nothing is under way."""
        return instance not in self.known or instance in self.unanswered


class Step(Enum):
    """What is done about an instance that is held."""

    DEPLOY = auto()
    LET_GO = auto()
    ABANDON = auto()
    KEEP = auto()


def step_for(
    book: LaunchBook, instance: HeldInstance, *, is_current: bool | None, failure_limit: int
) -> Step:
    """Return what is done about an instance that is held.

    A revision that failed on so many instances in a row is not tried on another one, which would
    be given up, and launched again, without end: the instance is kept instead. One that has been
    deployed to while it waited is not deployed to again.

    Args:
        book: What is known of it, and of the launches before.
        instance: The one that is held.
        is_current: Whether it runs the group's last good revision; None if there is none.
        failure_limit: How many launches in a row may fail.
    """
    held = book.of(instance)
    if held is not None and held.owed and held.owed.result is LifecycleActionResult.ABANDON:
        return Step.ABANDON
    is_done = held is not None and (is_current or not instance.is_launching)
    if is_done or is_current is None:
        return Step.LET_GO
    if instance.is_launching and book.failures >= failure_limit:
        return Step.KEEP
    return Step.DEPLOY


def with_held(book: LaunchBook, instance: HeldInstance, deployment_id: str | None) -> LaunchBook:
    """Return `book` with an instance that is held, and its deployment; None keeps it waiting."""
    return _with(book, HeldDeployment(instance=instance, deployment_id=deployment_id))


def owing(book: LaunchBook, instance: HeldInstance, owed: OwedAnswer) -> LaunchBook:
    """Return `book` with an instance whose hook is to be told something."""
    return _with(book, HeldDeployment(instance=instance, owed=owed))


def _with(book: LaunchBook, held: HeldDeployment) -> LaunchBook:
    return book.model_copy(update={"held": (*without(book, held.instance).held, held)})


def without(book: LaunchBook, instance: HeldInstance) -> LaunchBook:
    """Return `book` without an instance that is held no more."""
    held = tuple(one for one in book.held if one.instance != instance)
    return book.model_copy(update={"held": held})


def only_of(book: LaunchBook, groups: Container[str]) -> LaunchBook:
    """Return `book` without those whom nobody holds, as their Auto Scaling groups have no hooks.

    Whoever is deployed to stays until that is over.
    """
    held = tuple(
        one
        for one in book.held
        if one.deployment_id is not None or one.instance.auto_scaling_group in groups
    )
    return book.model_copy(update={"held": held})


def succeeded(book: LaunchBook, instance: HeldInstance, *, may_be_outdated: bool) -> LaunchBook:
    """Return `book` after a launch that ended well."""
    outdated = (*book.outdated, instance.name) if may_be_outdated else book.outdated
    return without(closed(book), instance).model_copy(update={"outdated": outdated})


def closed(book: LaunchBook) -> LaunchBook:
    """Return `book` with the failures before forgiven: instances are tried again."""
    return book.model_copy(update={"failures": 0, "last_failed": ""})


def failed(book: LaunchBook, instance: HeldInstance, deployment_id: str) -> LaunchBook:
    """Return `book` after a launch that failed."""
    changes: dict[str, object] = {"failures": book.failures + 1, "last_failed": deployment_id}
    return without(book, instance).model_copy(update=changes)


def unanswered(
    book: LaunchBook, instance: HeldInstance, owed: OwedAnswer, deployment_id: str
) -> LaunchBook:
    """Return `book` after a deployment whose hook could not be told how it ended.

    However well it went, such a launch counts as failed: the instance does not serve.
    """
    counted = failed(book, instance, deployment_id) if instance.is_launching else book
    return owing(counted, instance, owed)
