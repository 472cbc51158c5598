"""Blue/green deployments to servers, and launches of Auto Scaling groups, as tests need them."""

from typing import Any

from codedeploy.deployment import (
    BatchSummary,
    Creator,
    DeploymentInfo,
    DeploymentOverview,
    DeploymentStatus,
    Wait,
)
from codedeploy.deployment_group import DeploymentStyle, DeploymentType
from codedeploy.handover import Handover
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.plan import Plan
from codedeploy.target import TargetLabel, TargetResult, TargetStatus
from tests.starter import deployments as given_
from tests.starter import traffic_deployments as events
from tests.starter.test_render_plan import plan

BLUE, GREEN = TargetLabel.BLUE, TargetLabel.GREEN


def batch(number: int, phase: str, **counts: int) -> BatchSummary:
    """A batch of a stage; it runs if anything of it is in progress."""
    ended = None if counts.get("in_progress") else number
    return given_.batch(number, number - 1, ended, phase=phase, **counts)


INSTALLED = (batch(1, "install", succeeded=1), batch(2, "install", succeeded=1))
REROUTED = (*INSTALLED, batch(3, "reroute", succeeded=1), batch(4, "reroute", succeeded=1))
HANDED_OVER = (*REROUTED, batch(5, "block original", succeeded=3))
PUT_BACK = (
    *REROUTED,
    batch(5, "block original", succeeded=2, failed=1),
    batch(6, "back to original", succeeded=3),
    batch(7, "block replacement", succeeded=2),
)


def handover(*batches: BatchSummary, **members: Any) -> DeploymentInfo:
    """Two hosts replace three, one at a time; so many batches have begun."""
    known: dict[str, Any] = {
        "deployment_style": DeploymentStyle(deployment_type=DeploymentType.BLUE_GREEN),
        "fleet_size": 3,
        "target_count": 2,
        "minimum_healthy": 1,
        "arithmetic": "max(0, 2 - 1) = 1 must stay",
        "planned_batches": 5,
        "deployment_overview": DeploymentOverview(pending=2),
        "batches": batches,
    }
    return given_.info(**(known | members))


def ready() -> DeploymentInfo:
    """The replacement is installed, and somebody must say when traffic moves."""
    return handover(
        *INSTALLED,
        status=DeploymentStatus.READY,
        deployment_overview=DeploymentOverview(ready=2),
        wait=Wait(reason="rollway continue", until=given_.at(65), is_ready_wait=True),
    )


def kept(*, minutes: int = 60) -> DeploymentInfo:
    """The deployment has succeeded; its original is kept for a while after that."""
    return handover(
        *HANDED_OVER,
        status=DeploymentStatus.SUCCEEDED,
        complete_time=given_.at(5),
        deployment_overview=DeploymentOverview(succeeded=2),
        deployment_status_messages=("The 3 original instances are terminated in 60 min.",),
        instance_termination_wait_time_started=True,
        wait=Wait(reason="the end of the original instances", until=given_.at(5 + minutes)),
    )


def put_back() -> DeploymentInfo:
    """An original did not leave service, so that all of them have the traffic again."""
    return handover(
        *PUT_BACK,
        status=DeploymentStatus.FAILED,
        complete_time=given_.at(7),
        deployment_overview=DeploymentOverview(succeeded=2),
        deployment_status_messages=("The original has the traffic again.",),
    )


def launch(**members: Any) -> DeploymentInfo:
    """A deployment to one instance, before it enters service."""
    known: dict[str, Any] = {
        "creator": Creator.AUTO_SCALING,
        "description": "i-1 of web",
        "fleet_size": 1,
        "target_count": 1,
        "minimum_healthy": 0,
        "arithmetic": "one instance that is not in service",
        "planned_batches": 1,
        "deployment_overview": DeploymentOverview(in_progress=1),
        "batches": (given_.batch(1, 5, in_progress=1),),
    }
    return given_.info(**(known | members))


def host(name: str, label: TargetLabel | None, *names: LifecycleEvent) -> TargetResult:
    """A host that has gone through these events."""
    return TargetResult(
        target_id=name,
        status=TargetStatus.SUCCEEDED,
        instance_label=label,
        events=tuple(events.event(event, 0, 1) for event in names),
        is_touched=True,
    )


def plan_of(**members: Any) -> Plan:
    """The plan of a handover from two hosts to three, of which one is worked on at a time."""
    known: dict[str, Any] = {
        "blue": ("b-1", "b-2"),
        "green": ("g-1", "g-2", "g-3"),
        "size": 3,
        "ready_wait_minutes": 60,
        "termination_wait_minutes": 90,
    }
    changes = {
        "handover": Handover(**(known | members)),
        "size": 3,
        "minimum_healthy": 2,
        "arithmetic": "max(0, 3 - 1) = 2 must stay",
    }
    return plan().model_copy(update=changes)
