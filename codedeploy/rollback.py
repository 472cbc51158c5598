"""Whether to roll back, to what, and which instances it concerns."""

from collections.abc import Collection

from codedeploy.deployment import Creator, DeploymentStatus
from codedeploy.deployment_group import AutoRollbackConfiguration, AutoRollbackEvent
from codedeploy.plan import Plan
from codedeploy.revision import PinnedRevision
from codedeploy.waves import Known
from codedeploy.wire import Model

IMPOSSIBLE = "Nothing to roll back to: no earlier deployment of this group succeeded."
NOTHING_TOUCHED = "Nothing to roll back: no instance was touched."
NEVER_TWICE = "A rollback is never rolled back: look at the hosts, then deploy again."
NOT_ASKED_FOR = "No rollback: neither the group's configuration nor the stop asks for one."


class RollbackDecision(Model):
    """What compensation is due.

    Attributes:
        revision: What to go back to; None if there is no rollback.
        targets: Whether each touched instance is in service now.
        message: Why there is no rollback; empty if there is one.
    """

    revision: PinnedRevision | None = None
    targets: dict[str, bool] = {}
    message: str = ""


def wants_rollback(
    status: DeploymentStatus,
    configuration: AutoRollbackConfiguration,
    asked: bool | None,
    *,
    is_alarm: bool = False,
) -> bool:
    """Whether a deployment that ends with `status` is to be taken back.

    Args:
        status: How the deployment ended.
        configuration: The deployment's own, or else its group's.
        asked: What the person who stopped it said; None follows the configuration.
        is_alarm: An alarm stopped it, not a person.
    """
    if asked is not None:
        return asked
    stopped = (
        AutoRollbackEvent.DEPLOYMENT_STOP_ON_ALARM
        if is_alarm
        else AutoRollbackEvent.DEPLOYMENT_STOP_ON_REQUEST
    )
    event = {
        DeploymentStatus.FAILED: AutoRollbackEvent.DEPLOYMENT_FAILURE,
        DeploymentStatus.STOPPED: stopped,
    }.get(status)
    return event is not None and configuration.answers(event)


def bystanders(plan: Plan, known: Known, *, touched: Collection[str]) -> int:
    """Return how many instances in service a rollback leaves alone.

    A host that failed untouched, because its agent was away, still serves what it served.

    Args:
        plan: What the deployment that is taken back set out to do.
        known: What was known of its instances when it started.
        touched: Those that it changed, and that the rollback therefore deploys to.
    """
    untouched = (target for target in plan.targets if target not in touched)
    return plan.bystanders + sum(map(known.in_service, untouched))


def decide(
    *, is_wanted: bool, creator: Creator, previous: PinnedRevision | None, targets: dict[str, bool]
) -> RollbackDecision:
    """Return the rollback that is due, or the reason why there is none."""
    if not is_wanted:
        return RollbackDecision(message=NOT_ASKED_FOR)
    if creator is Creator.ROLLBACK:
        return RollbackDecision(message=NEVER_TWICE)
    if not targets:
        return RollbackDecision(message=NOTHING_TOUCHED)
    if previous is None:
        return RollbackDecision(message=IMPOSSIBLE)
    return RollbackDecision(revision=previous, targets=targets)
