"""Deployments that move traffic, as tests need them."""

from typing import Any

from codedeploy.application import ComputePlatform
from codedeploy.configs import predefined
from codedeploy.deployment import (
    DeploymentInfo,
    DeploymentOverview,
    DeploymentStatus,
    ECSTaskSet,
    ErrorInformation,
    LambdaFunctionInfo,
    RollbackInfo,
    Wait,
)
from codedeploy.lifecycle import LifecycleEvent, LifecycleEventResult, LifecycleEventStatus
from codedeploy.target import TargetFailure, TargetLabel, TargetResult, TargetStatus
from codedeploy.traffic import Shift, TrafficMove, TrafficProgress, schedule
from tests.starter import deployments as given_

E = LifecycleEvent
LINEAR = "CodeDeployDefault.LambdaLinear10PercentEvery1Minute"
CANARY = "CodeDeployDefault.ECSCanary10Percent5Minutes"


def shifts(config: str) -> tuple[Shift, ...]:
    """The schedule of a predefined configuration."""
    routing = predefined(config).traffic_routing_config
    assert routing is not None
    return schedule(routing)


def progress(
    *moves: tuple[float, int], config: str = LINEAR, next_at: float | None = None
) -> TrafficProgress:
    """Traffic that was moved so many minutes after the start, each time to so many percent."""
    return TrafficProgress(
        schedule=shifts(config),
        moves=tuple(TrafficMove(time=given_.at(when), percent=percent) for when, percent in moves),
        next_at=None if next_at is None else given_.at(next_at),
    )


def event(
    name: E, began: float, ended: float | None = None, **members: Any
) -> LifecycleEventResult:
    """An event that began, and perhaps ended well, so many minutes after the start."""
    status = LifecycleEventStatus.IN_PROGRESS if ended is None else LifecycleEventStatus.SUCCEEDED
    known = {
        "status": status,
        "start_time": given_.at(began),
        "end_time": None if ended is None else given_.at(ended),
    }
    return LifecycleEventResult(lifecycle_event_name=name, **(known | members))


def target(
    *events: LifecycleEventResult, name: str = "checkout:live", **members: Any
) -> TargetResult:
    """The alias `live` of the function `checkout`."""
    return TargetResult(
        target_id=name, **({"status": TargetStatus.IN_PROGRESS, "events": events} | members)
    )


def function(**members: Any) -> DeploymentInfo:
    """A linear deployment of version 5 over version 4: two of ten shifts are done."""
    known: dict[str, Any] = {
        "deployment_id": given_.ID,
        "application_name": "checkout",
        "deployment_group_name": "live",
        "deployment_config_name": LINEAR,
        "compute_platform": ComputePlatform.LAMBDA,
        "status": DeploymentStatus.IN_PROGRESS,
        "create_time": given_.START,
        "start_time": given_.START,
        "revision_label": "checkout:5",
        "previous_revision_label": "checkout:4",
        "deployment_overview": DeploymentOverview(in_progress=1),
        "target": target(event(E.BEFORE_ALLOW_TRAFFIC, 0, 0.1), event(E.ALLOW_TRAFFIC, 4.5)),
        "lambda_function_info": LambdaFunctionInfo(
            function_name="checkout",
            function_alias="live",
            current_version="4",
            target_version="5",
            target_version_weight=20,
        ),
        "traffic": progress((4.5, 10), (5.5, 20), next_at=6.5),
    }
    return DeploymentInfo(**(known | members))


def function_put_back() -> DeploymentInfo:
    """The alarm fired after the second shift."""
    failed = event(E.ALLOW_TRAFFIC, 4.5, 6, status=LifecycleEventStatus.FAILED)
    skipped = LifecycleEventResult(
        lifecycle_event_name=E.AFTER_ALLOW_TRAFFIC, status=LifecycleEventStatus.SKIPPED
    )
    return function(
        status=DeploymentStatus.STOPPED,
        complete_time=given_.at(6),
        traffic=progress((4.5, 10), (5.5, 20), (6, 0)),
        target=target(
            event(E.BEFORE_ALLOW_TRAFFIC, 0, 0.1), failed, skipped, status=TargetStatus.FAILED
        ),
        deployment_overview=DeploymentOverview(failed=1),
        deployment_status_messages=("checkout:live points to version 4 again.",),
        error_information=ErrorInformation(code="ALARM_ACTIVE", message="Stopped, in ALARM: 5xx"),
        rollback_info=RollbackInfo(rollback_message="checkout:live points to version 4 again."),
    )


def task_set(label: TargetLabel, weight: float, *, running: int = 3) -> ECSTaskSet:
    """One of the two task sets of the service."""
    return ECSTaskSet(
        identifer=f"ecs-svc/{1 if label is TargetLabel.BLUE else 2}",
        desired_count=3,
        running_count=running,
        pending_count=3 - running,
        status="PRIMARY" if label is TargetLabel.BLUE else "ACTIVE",
        traffic_weight=weight,
        target_group="web-blue" if label is TargetLabel.BLUE else "web-green",
        task_set_label=label,
    )


INSTALLED = (
    event(E.BEFORE_INSTALL, 0, 0),
    event(E.INSTALL, 0, 2),
    event(E.AFTER_INSTALL, 2, 2),
)


def service(**members: Any) -> DeploymentInfo:
    """A canary deployment of web:42 over web:41: the canary has its tenth."""
    known: dict[str, Any] = {
        "application_name": "web",
        "deployment_group_name": "prod",
        "deployment_config_name": CANARY,
        "compute_platform": ComputePlatform.ECS,
        "revision_label": "web:42",
        "previous_revision_label": "web:41",
        "lambda_function_info": None,
        "target": target(
            *INSTALLED,
            event(E.BEFORE_ALLOW_TRAFFIC, 2, 2),
            event(E.ALLOW_TRAFFIC, 3),
            name="prod:web",
        ),
        "traffic": progress((3, 10), config=CANARY, next_at=8),
        "task_sets_info": (task_set(TargetLabel.BLUE, 90), task_set(TargetLabel.GREEN, 10)),
    }
    return function(**(known | members))


def service_ready() -> DeploymentInfo:
    """The replacement is installed, and somebody must say when traffic moves."""
    return service(
        status=DeploymentStatus.READY,
        traffic=None,
        target=target(*INSTALLED, name="prod:web"),
        task_sets_info=(task_set(TargetLabel.BLUE, 100), task_set(TargetLabel.GREEN, 0)),
        wait=Wait(
            reason="rollway continue: the replacement is ready",
            until=given_.at(65),
            is_ready_wait=True,
        ),
    )


def service_kept(*, waits: bool = True) -> DeploymentInfo:
    """The deployment has succeeded; its original is kept for an hour, or was."""
    return service(
        status=DeploymentStatus.SUCCEEDED,
        complete_time=given_.at(5),
        traffic=progress((3, 10), (5, 100), config=CANARY),
        target=target(*INSTALLED, name="prod:web", status=TargetStatus.SUCCEEDED),
        task_sets_info=(task_set(TargetLabel.BLUE, 0), task_set(TargetLabel.GREEN, 100)),
        deployment_overview=DeploymentOverview(succeeded=1),
        deployment_status_messages=("The original task set ecs-svc/1 is deleted in 60 min.",),
        instance_termination_wait_time_started=True,
        wait=Wait(reason="the end of the original task set", until=given_.at(65))
        if waits
        else None,
    )


def hook_failure() -> TargetFailure:
    """A hook function said Failed."""
    return TargetFailure(
        target_id="checkout:live",
        event=E.BEFORE_ALLOW_TRAFFIC,
        error_code="HOOK_EXECUTION_FAILURE",
        message="The hook function check (BeforeAllowTraffic) said Failed.",
    )
