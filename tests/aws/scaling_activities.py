"""What an Auto Scaling group has done, and is doing, as DescribeScalingActivities tells it.

Source: Amazon EC2 Auto Scaling API Reference, Activity and DescribeScalingActivities.
"""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult

from tests.aws.extension import replace
from tests.aws.lifecycle_actions import WHEN_ASKED_TAG

UNDER_WAY, HELD, SUCCESSFUL = "InProgress", "MidLifecycleAction", "Successful"
CANCELLED, FAILED = "Cancelled", "Failed"
_PAGE = 100


def install() -> None:
    """Add it to moto, in this process."""
    replace(AutoScalingResponse, "describe_scaling_activities", lambda _: _answer)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(kw_only=True)
class ScalingActivity:
    """One activity, with the members that AWS shows."""

    auto_scaling_group_name: str
    auto_scaling_group_arn: str
    description: str
    cause: str
    activity_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    start_time: datetime = field(default_factory=_now)
    end_time: datetime | None = None
    status_code: str = UNDER_WAY
    status_message: str | None = None
    progress: int = 0
    details: str = "{}"

    def hold(self) -> None:
        """Say that a lifecycle action is waited for."""
        self.status_code, self.progress = HELD, 60

    def end(self, status: str = SUCCESSFUL, message: str | None = None) -> None:
        """Say that it is over, and how it went."""
        self.status_code, self.status_message = status, message
        self.end_time, self.progress = _now(), 100


def begin(group: FakeAutoScalingGroup, description: str, cause: str) -> ScalingActivity:
    """Note that a group begins something."""
    activity = ScalingActivity(
        auto_scaling_group_name=group.name,
        auto_scaling_group_arn=group.arn,
        description=description,
        cause=f"At {_now():%Y-%m-%dT%H:%M:%SZ} {cause}",
    )
    _kept(group.autoscaling_backend).append(activity)
    return activity


def may_launch(group: FakeAutoScalingGroup) -> bool:
    """Whether what a group launches may come up."""
    must_be_asked = any(tag["Key"] == WHEN_ASKED_TAG for tag in group.tags)
    return not must_be_asked or "is_asked" in vars(group)


def are_under_way(group: FakeAutoScalingGroup) -> bool:
    """Whether a group has something that is not over."""
    kept = _kept(group.autoscaling_backend)
    return any(one.end_time is None for one in kept if one.auto_scaling_group_arn == group.arn)


def _kept(backend: AutoScalingBackend) -> list[ScalingActivity]:
    kept: list[ScalingActivity] = vars(backend).setdefault("scaling_activities", [])
    return kept


def _answer(response: AutoScalingResponse) -> ActionResult:
    """Answer with the newest first; those of deleted groups only if they are asked for."""
    name, ids = response._get_param("AutoScalingGroupName"), response._get_param("ActivityIds")
    groups = response.autoscaling_backend.autoscaling_groups
    arns = {group.arn for group in groups.values()}
    if name in groups:
        vars(groups[name])["is_asked"] = True
    with_deleted = response._get_bool_param("IncludeDeletedGroups", False)
    found = [
        one
        for one in reversed(_kept(response.autoscaling_backend))
        if name in (None, one.auto_scaling_group_name)
        and (not ids or one.activity_id in ids)
        and (with_deleted or one.auto_scaling_group_arn in arns)
    ]
    start = int(response._get_param("NextToken", 0))
    end = start + response._get_int_param("MaxRecords", _PAGE)
    token = str(end) if end < len(found) else None
    return ActionResult({"Activities": found[start:end], "NextToken": token})
