"""Deployments as tests need them: one readable line each."""

from datetime import UTC, datetime, timedelta
from typing import Any

from codedeploy.deployment import (
    BatchStatus,
    BatchSummary,
    Creator,
    DeploymentInfo,
    DeploymentOverview,
    DeploymentStatus,
    ErrorInformation,
    RollbackInfo,
    Wait,
)
from codedeploy.deployment_group import OnDeadline
from codedeploy.failures import group_failures
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.target import TargetFailure, TargetResult, TargetStatus
from starter.render.canvas import Canvas

START = datetime(2026, 3, 1, 14, 0, 0, tzinfo=UTC)
ID = "d-AAAAAAAAA"
ROLLBACK_ID = "d-BBBBBBBBB"


def at(minutes: float) -> datetime:
    """The moment so many minutes after the start."""
    return START + timedelta(minutes=minutes)


def canvas(minutes: float = 6, **members: Any) -> Canvas:
    """A canvas so many minutes after the start."""
    return Canvas(now=at(minutes), **members)


def info(**members: Any) -> DeploymentInfo:
    """A deployment of v2 over v1 to five hosts, of which one may be out of service."""
    known: dict[str, Any] = {
        "deployment_id": ID,
        "application_name": "shop",
        "deployment_group_name": "prod",
        "deployment_config_name": "CodeDeployDefault.OneAtATime",
        "status": DeploymentStatus.IN_PROGRESS,
        "create_time": START,
        "start_time": START,
        "revision_label": "v2",
        "previous_revision_label": "v1",
        "fleet_size": 5,
        "minimum_healthy": 4,
        "window": 1,
        "arithmetic": "max(0, 5 - 1) = 4 must stay",
        "planned_batches": 5,
        "deployment_overview": DeploymentOverview(pending=5),
    }
    return DeploymentInfo(**(known | members))


def batch(
    number: int, began: float, ended: float | None = None, *, phase: str = "", **counts: int
) -> BatchSummary:
    """A batch that began, and perhaps ended, so many minutes after the start."""
    return BatchSummary(
        number=number,
        phase=phase,
        status=BatchStatus.IN_PROGRESS if ended is None else BatchStatus.DONE,
        overview=DeploymentOverview(**counts),
        start_time=at(began),
        end_time=None if ended is None else at(ended),
    )


def failure(target: str = "web-2", **members: Any) -> TargetFailure:
    """ValidateService failed on one host."""
    known = {
        "event": LifecycleEvent.VALIDATE_SERVICE,
        "error_code": "ScriptFailed",
        "script_name": "check.sh",
        "message": f"{target}: check.sh (ValidateService) exited 1 after 4 s.",
        "last_output": "port 8080 in use",
    }
    return TargetFailure(target_id=target, **(known | members))


def running() -> DeploymentInfo:
    """One batch done, one failed, one under way, two to come."""
    return info(
        deployment_overview=DeploymentOverview(pending=2, in_progress=1, succeeded=1, failed=1),
        minimum_healthy=3,
        arithmetic="HOST_COUNT 3 must stay",
        batches=(
            batch(1, 0, 2, succeeded=1),
            batch(2, 2, 5, failed=1),
            batch(3, 5, in_progress=1),
        ),
        failures=(failure(),),
        failure_groups=group_failures([failure()]),
    )


def waiting() -> DeploymentInfo:
    """A deployment that waits for approval for an hour from its fifth minute."""
    return info(
        deployment_overview=DeploymentOverview(pending=4, succeeded=1),
        batches=(batch(1, 0, 5, succeeded=1),),
        wait=Wait(
            reason="approval after batch 1",
            until=at(65),
            on_deadline=OnDeadline.ROLLBACK,
            is_approval=True,
        ),
    )


def succeeded(**members: Any) -> DeploymentInfo:
    """All five hosts run v2."""
    known: dict[str, Any] = {
        "status": DeploymentStatus.SUCCEEDED,
        "complete_time": at(5),
        "deployment_overview": DeploymentOverview(succeeded=5),
        "batches": (batch(1, 0, 5, succeeded=5),),
        "planned_batches": 1,
    }
    return info(**(known | members))


def failed() -> DeploymentInfo:
    """The second host failed; a rollback took both touched hosts back."""
    return info(
        status=DeploymentStatus.FAILED,
        complete_time=at(5),
        deployment_overview=DeploymentOverview(succeeded=1, failed=1, skipped=3),
        batches=(batch(1, 0, 2, succeeded=1), batch(2, 2, 5, failed=1)),
        failures=(failure(),),
        failure_groups=group_failures([failure()]),
        error_information=ErrorInformation(
            code="HEALTH_CONSTRAINTS", message="1 of 5 instances failed."
        ),
        rollback_info=RollbackInfo(rollback_deployment_id=ROLLBACK_ID),
    )


def rollback() -> DeploymentInfo:
    """The rollback that `failed` set off."""
    return info(
        deployment_id=ROLLBACK_ID,
        status=DeploymentStatus.SUCCEEDED,
        creator=Creator.ROLLBACK,
        revision_label="v1",
        previous_revision_label="v2",
        start_time=at(5),
        complete_time=at(5.5),
        deployment_overview=DeploymentOverview(succeeded=2),
        target_count=2,
        bystanders=3,
        batches=(batch(1, 5, 5.5, succeeded=2),),
        planned_batches=1,
        rollback_info=RollbackInfo(rollback_triggering_deployment_id=ID),
    )


def targets_of_failed() -> tuple[TargetResult, ...]:
    """Where the hosts of `failed` stand."""
    return (
        TargetResult(target_id="web-1", status=TargetStatus.SUCCEEDED, is_touched=True),
        TargetResult(
            target_id="web-2", status=TargetStatus.FAILED, is_touched=True, failure=failure()
        ),
        TargetResult(target_id="web-3", status=TargetStatus.SKIPPED),
    )


def targets_of_rollback() -> tuple[TargetResult, ...]:
    """Where the hosts of `rollback` stand."""
    return (
        TargetResult(target_id="web-2", status=TargetStatus.SUCCEEDED, is_touched=True),
        TargetResult(target_id="web-1", status=TargetStatus.SUCCEEDED, is_touched=True),
    )
