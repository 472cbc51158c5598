"""The plan of a deployment to servers: a value that is shown, stored, compared and walked."""

import hashlib

from codedeploy.deployment_group import DeploymentGroup
from codedeploy.failures import named
from codedeploy.fleet import Fleet, Floor, batch_size
from codedeploy.handover import Handover
from codedeploy.revision import PinnedRevision
from codedeploy.waves import Wave
from codedeploy.wire import Model


class Plan(Model):
    """What a deployment is going to do, in order.

    Attributes:
        plan_id: Names the plan for `deploy --plan-id`; empty until it is stored.
        arithmetic: How the floor was computed, in words.
        size: Instances that count towards the floor; more than the targets for a rollback.
        bystanders: Those of them that are in service and that this deployment leaves alone.
        handover: Which fleet replaces which; None deploys in place.
        no_op: Why nothing needs to be done; empty if something does.
        warnings: What a person should know before starting.
    """

    plan_id: str = ""
    application_name: str
    deployment_group_name: str
    deployment_config_name: str
    revision: PinnedRevision
    previous_revision: PinnedRevision | None = None
    size: int
    minimum_healthy: int
    arithmetic: str
    bystanders: int = 0
    waves: tuple[Wave, ...]
    handover: Handover | None = None
    no_op: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """All targets in the order of deployment."""
        return tuple(target for wave in self.waves for target in wave.targets)

    @property
    def termination_wait_minutes(self) -> int:
        """How long the original is kept after a success."""
        return self.handover.termination_wait_minutes if self.handover else 0

    @property
    def instances(self) -> tuple[str, ...]:
        """All instances that are known to take part, the replacement before the original."""
        if self.handover is None:
            return self.targets
        return (*self.handover.green, *self.handover.blue)

    @property
    def batch_count(self) -> int:
        """How many batches a deployment without failures forms."""
        return sum(len(wave.batches) for wave in self.waves)

    @property
    def missing(self) -> int:
        """How many instances are out of service and left alone."""
        return max(0, self.size - len(self.targets) - self.bystanders)

    @property
    def fleet(self) -> Fleet:
        """The fleet before anything has started."""
        return Fleet(size=self.size, minimum_healthy=self.minimum_healthy)

    @property
    def fingerprint(self) -> str:
        """What must be equal for a stored plan to still hold."""
        kept = self.model_dump_json(exclude={"plan_id", "warnings"})
        return hashlib.sha256(kept.encode()).hexdigest()


def resized(plan: Plan, floor: Floor, size: int) -> Plan:
    """Return the plan of a blue/green deployment whose replacement has turned out to be of `size`.

    Args:
        plan: As it was made before anything was provided.
        floor: That of as many instances.
        size: How many there are.
    """
    assert plan.handover is not None
    return plan.model_copy(
        update={
            "size": size,
            "minimum_healthy": floor.minimum_healthy,
            "arithmetic": floor.arithmetic,
            "handover": plan.handover.model_copy(update={"size": size}),
        }
    )


def walk_through(plan: Plan, targets: tuple[str, ...], *, minimum_healthy: int) -> Plan:
    """Return `plan` for one walk through instances of a fleet that has no traffic to lose."""
    wave = Wave(
        targets=targets,
        batch_size=batch_size(plan.size - minimum_healthy, plan.size),
        zone_size=plan.size,
        zone_minimum_healthy=minimum_healthy,
        is_in_service=False,
    )
    return plan.model_copy(update={"waves": (wave,), "minimum_healthy": minimum_healthy})


def walk_at_once(plan: Plan, targets: tuple[str, ...]) -> Plan:
    """Return `plan` for one walk through all of `targets` with nothing held back."""
    return walk_through(plan.model_copy(update={"size": len(targets)}), targets, minimum_healthy=0)


def plan_for_one(group: DeploymentGroup, revision: PinnedRevision, name: str) -> Plan:
    """Return the plan of a deployment to one instance that is not in service."""
    wave = Wave(
        targets=(name,), batch_size=1, zone_size=1, zone_minimum_healthy=0, is_in_service=False
    )
    return Plan(
        application_name=group.application_name,
        deployment_group_name=group.deployment_group_name,
        deployment_config_name=group.deployment_config_name,
        revision=revision,
        size=1,
        minimum_healthy=0,
        arithmetic="one instance that is not in service",
        waves=(wave,),
    )


def differences(old: Plan, new: Plan) -> tuple[str, ...]:
    """Return, in words, why `old` no longer holds."""
    found = []
    before, after = set(old.targets), set(new.targets)
    gone = [target for target in old.targets if target not in after]
    joined = [target for target in new.targets if target not in before]
    if gone:
        found.append(f"{named(gone)} left the fleet")
    if joined:
        found.append(f"{named(joined)} joined the fleet")
    if old.revision.sha256 != new.revision.sha256:
        found.append(f"the content of {new.revision.label} changed")
    if old.deployment_config_name != new.deployment_config_name:
        found.append(
            f"the configuration was {old.deployment_config_name}, now {new.deployment_config_name}"
        )
    if old.handover != new.handover:
        found.append("the original, the replacement or the group's rules changed")
    if old.arithmetic != new.arithmetic:
        found.append(f"the floor was {old.arithmetic}, now {new.arithmetic}")
    if not found and old.fingerprint != new.fingerprint:
        found.append("the order of the instances or the group's last good revision changed")
    return tuple(found)
