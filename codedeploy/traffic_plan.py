"""The plan of a deployment that moves traffic: to a version of a function, or to new tasks."""

import hashlib
from datetime import timedelta
from typing import cast

from codedeploy.application import ComputePlatform
from codedeploy.appspec import EcsAppSpec, LambdaAppSpec
from codedeploy.ecs_service import EcsFacts
from codedeploy.lifecycle import ECS, LAMBDA, LifecycleEvent
from codedeploy.plan import Plan, differences
from codedeploy.revision import PinnedRevision, Revision
from codedeploy.traffic import Shift
from codedeploy.wire import Model

_TEST_TRAFFIC = (LifecycleEvent.ALLOW_TEST_TRAFFIC, LifecycleEvent.AFTER_ALLOW_TEST_TRAFFIC)


class AppSpecQuestion(Model):
    """An AppSpec file that is to be pinned and read by the rules of a platform."""

    revision: Revision
    platform: ComputePlatform


class PinnedAppSpec(Model):
    """An AppSpec file whose content can no longer change under us: exactly one is given."""

    pinned: PinnedRevision
    lambda_: LambdaAppSpec | None = None
    ecs: EcsAppSpec | None = None


def label_of(appspec: LambdaAppSpec | EcsAppSpec) -> str:
    """Return what people call the revision that `appspec` is: `checkout:5`, `web:42`."""
    if isinstance(appspec, LambdaAppSpec):
        return f"{appspec.function_name.rpartition(':')[2]}:{appspec.target_version}"
    return appspec.task_definition.rpartition("/")[2]


class TrafficPlan(Model):
    """What a deployment to a Lambda function or an ECS service is going to do, in order.

    Attributes:
        plan_id: Names the plan for `deploy --plan-id`; empty until it is stored.
        target: What is deployed to: `function:alias`, or `cluster:service`.
        original: What has the traffic now: a version, or a task definition.
        replacement: What gets it.
        appspec: As it was read.
        schedule: How traffic moves.
        ecs: Who plays which part, for ECS.
        no_op: Why nothing needs to be done; empty if something does.
        warnings: What a person should know before starting.
    """

    plan_id: str = ""
    application_name: str
    deployment_group_name: str
    deployment_config_name: str
    compute_platform: ComputePlatform
    revision: PinnedRevision
    previous_revision: PinnedRevision | None = None
    target: str
    original: str
    replacement: str
    appspec: PinnedAppSpec
    schedule: tuple[Shift, ...]
    ecs: EcsFacts | None = None
    ready_wait_minutes: int = 0
    termination_wait_minutes: int = 0
    no_op: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def events(self) -> tuple[LifecycleEvent, ...]:
        """The lifecycle events of the target, in order."""
        if self.compute_platform is ComputePlatform.LAMBDA:
            return LAMBDA
        has_test = self.ecs is not None and self.ecs.test is not None
        return tuple(event for event in ECS if has_test or event not in _TEST_TRAFFIC)

    @property
    def hooks(self) -> dict[LifecycleEvent, str]:
        """The function that is asked at each event that has one."""
        appspec = self.appspec.lambda_ or self.appspec.ecs
        assert appspec is not None
        return {event: name for event, name in appspec.hooks.items() if event in self.events}

    @property
    def shifting_time(self) -> timedelta:
        """How long it takes from the first shift to the last."""
        return sum((shift.wait for shift in self.schedule), timedelta())

    @property
    def fingerprint(self) -> str:
        """What must be equal for a stored plan to still hold.

        An original that the deployment before keeps is ended before this one begins, if it has not
        gone by itself: that is no change.
        """
        settled = self.model_copy(update={"ecs": self.ecs.settled if self.ecs else None})
        kept = settled.model_dump_json(
            exclude={"plan_id": True, "warnings": True, "ecs": {"service", "original"}}
        )
        return hashlib.sha256(kept.encode()).hexdigest()


AnyPlan = Plan | TrafficPlan

ANY_PLAN: type[AnyPlan] = cast("type[AnyPlan]", AnyPlan)
"""`AnyPlan` where a class is asked for: Temporal's converter takes unions, its types do not."""


def changes_between(old: AnyPlan, new: AnyPlan) -> tuple[str, ...]:
    """Return, in words, why `old` no longer holds; whatever the platform."""
    if isinstance(old, Plan) and isinstance(new, Plan):
        return differences(old, new)
    if isinstance(old, TrafficPlan) and isinstance(new, TrafficPlan):
        return changes_since(old, new)
    return ("the platform changed",)


def changes_since(old: TrafficPlan, new: TrafficPlan) -> tuple[str, ...]:
    """Return, in words, why `old` no longer holds."""
    found = [
        f"{what} was {before}, now {now}"
        for what, before, now in (
            ("the target", old.target, new.target),
            ("what has the traffic", old.original, new.original),
            ("what gets it", old.replacement, new.replacement),
            ("the configuration", old.deployment_config_name, new.deployment_config_name),
        )
        if before != now
    ]
    if old.revision.sha256 != new.revision.sha256:
        found.append(f"the content of {new.revision.label} changed")
    if not found and old.fingerprint != new.fingerprint:
        found.append("the service, its load balancer or the group's rules changed")
    return tuple(found)
