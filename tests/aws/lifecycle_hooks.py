"""The lifecycle hooks of Auto Scaling groups: how they are put, shown, told and deleted.

Source: Amazon EC2 Auto Scaling API Reference, PutLifecycleHook, DescribeLifecycleHooks,
DeleteLifecycleHook and LifecycleHookSpecification; User Guide, "Quotas" and "Route notifications
to Amazon SNS / SQS".

Differs from AWS: a heartbeat timeout may be shorter than 30 seconds. The role that publishes is
asked for, but not tried.
"""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup

from tests.aws.deliveries import UndeliverableError, deliver
from tests.aws.lifecycle_actions import RESULTS, TRANSITIONS, LifecycleAction, LifecycleHook

LIMIT = 50
_LONGEST_TIMEOUT = 7200
_MEMBERS = {
    "LifecycleTransition": "lifecycle_transition",
    "HeartbeatTimeout": "heartbeat_timeout",
    "DefaultResult": "default_result",
    "NotificationTargetARN": "notification_target_arn",
    "RoleARN": "role_arn",
    "NotificationMetadata": "notification_metadata",
}

Asked = Mapping[str, Any]
"""A hook as requests write it."""


def hooks_of(group: FakeAutoScalingGroup, transition: str | None = None) -> list[LifecycleHook]:
    """Return the hooks of a group, for one transition or both."""
    return [
        hook
        for hook in _hooks(group.autoscaling_backend).values()
        if hook.auto_scaling_group_name == group.name
        and transition in (None, hook.lifecycle_transition)
    ]


def hook_of(group: FakeAutoScalingGroup, name: str) -> LifecycleHook:
    """Return a hook by its name, or refuse."""
    for hook in hooks_of(group):
        if hook.lifecycle_hook_name == name:
            return hook
    raise ValidationError(
        f"No Lifecycle Hook found with name {name} for Auto Scaling group {group.name}"
    )


def put_all(group: FakeAutoScalingGroup, asked: list[Asked]) -> None:
    """Put several hooks on a group or, if one is refused, none."""
    wanted = [_wanted(group, one) for one in asked]
    if len({hook.lifecycle_hook_name for hook in [*hooks_of(group), *wanted]}) > LIMIT:
        raise AutoscalingClientError(
            "LimitExceeded",
            f"You may create up to {LIMIT} lifecycle hooks for Auto Scaling group {group.name}. "
            "Delete one to put another.",
        )
    for hook in wanted:
        _test_target(group, hook)
    for hook in wanted:
        _hooks(group.autoscaling_backend)[_key(group, hook.lifecycle_hook_name)] = hook


def forget(group: FakeAutoScalingGroup, hook: LifecycleHook) -> None:
    """Take a hook away; what waits for it is not told."""
    _hooks(group.autoscaling_backend).pop(_key(group, hook.lifecycle_hook_name), None)


def notify(group: FakeAutoScalingGroup, instance_id: str, action: LifecycleAction) -> None:
    """Tell the target of a hook, if it has one, that an instance waits."""
    hook = action.hook
    if hook.notification_target_arn is None:
        return
    message = _message(group) | {
        "LifecycleActionToken": action.token,
        "LifecycleHookName": hook.lifecycle_hook_name,
        "LifecycleTransition": hook.lifecycle_transition,
        "EC2InstanceId": instance_id,
        **_ends(hook),
    }
    if hook.notification_metadata is not None:
        message["NotificationMetadata"] = hook.notification_metadata
    # Whoever deletes a queue is not told of it by the group either.
    _deliver_if_there(hook.notification_target_arn, message)


def _ends(hook: LifecycleHook) -> dict[str, str]:
    launches = hook.lifecycle_transition == TRANSITIONS[0]
    ends = ["EC2", "AutoScalingGroup"]
    return dict(zip(["Origin", "Destination"], ends if launches else ends[::-1], strict=True))


def _hooks(backend: AutoScalingBackend) -> dict[str, Any]:
    hooks: dict[str, Any] = backend.lifecycle_hooks
    return hooks


def _key(group: FakeAutoScalingGroup, name: str) -> str:
    return f"{group.name}/{name}"


def _wanted(group: FakeAutoScalingGroup, asked: Asked) -> LifecycleHook:
    """Return the hook as it will be: what is not said stays, an empty target takes it away."""
    said = {member: asked[key] for key, member in _MEMBERS.items() if key in asked}
    name = asked["LifecycleHookName"]
    known = next((one for one in hooks_of(group) if one.lifecycle_hook_name == name), None)
    if known is not None:
        hook = replace(known, **said)
    elif "lifecycle_transition" not in said:
        raise ValidationError("1 validation error detected: LifecycleTransition is required")
    else:
        hook = LifecycleHook(lifecycle_hook_name=name, auto_scaling_group_name=group.name, **said)
    hook.notification_target_arn = hook.notification_target_arn or None
    _check(hook)
    return hook


def _check(hook: LifecycleHook) -> None:
    if hook.lifecycle_transition not in TRANSITIONS:
        raise ValidationError(f"Unknown Lifecycle Transition: {hook.lifecycle_transition}")
    if hook.default_result not in RESULTS:
        raise ValidationError(f"Default Result must be one of {', '.join(RESULTS)}")
    if not 1 <= int(hook.heartbeat_timeout) <= _LONGEST_TIMEOUT:
        raise ValidationError(f"Heartbeat Timeout must be between 30 and {_LONGEST_TIMEOUT}")


def _test_target(group: FakeAutoScalingGroup, hook: LifecycleHook) -> None:
    if hook.notification_target_arn is None:
        return
    message = _message(group) | {
        "AutoScalingGroupARN": group.arn,
        "Event": "autoscaling:TEST_NOTIFICATION",
    }
    try:
        if hook.role_arn is None:
            raise UndeliverableError(hook.notification_target_arn)
        deliver(hook.notification_target_arn, message)
    except UndeliverableError as error:
        raise ValidationError(
            f"Unable to publish test message to notification target {error} using IAM role "
            f"{hook.role_arn}. Please check your target and role configuration and try to put "
            "lifecycle hook again."
        ) from error


def _message(group: FakeAutoScalingGroup) -> dict[str, Any]:
    return {
        "AccountId": group.account_id,
        "RequestId": str(uuid.uuid4()),
        "AutoScalingGroupName": group.name,
        "Service": "AWS Auto Scaling",
        "Time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def _deliver_if_there(arn: str, message: dict[str, Any]) -> None:
    try:
        deliver(arn, message)
    except UndeliverableError:
        return
