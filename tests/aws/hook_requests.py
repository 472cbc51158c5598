"""Requests about lifecycle hooks, and about the instances that they hold.

Source: Amazon EC2 Auto Scaling API Reference, PutLifecycleHook, DescribeLifecycleHooks,
DeleteLifecycleHook, CompleteLifecycleAction and RecordLifecycleActionHeartbeat.
"""

import time

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

from tests.aws.extension import add, replace
from tests.aws.group_members import Member, group_of, members
from tests.aws.group_scheduler import settle
from tests.aws.lifecycle_actions import (
    ABANDON,
    CONTINUE,
    LAUNCHING,
    RESULTS,
    LifecycleAction,
    LifecycleHook,
)
from tests.aws.lifecycle_hooks import forget, hook_of, hooks_of, put_all


def install() -> None:
    """Add it to moto, in this process."""
    replace(AutoScalingResponse, "put_lifecycle_hook", lambda _: _put)
    replace(AutoScalingResponse, "describe_lifecycle_hooks", lambda _: _describe)
    replace(AutoScalingResponse, "delete_lifecycle_hook", lambda _: _delete)
    add(AutoScalingResponse, "complete_lifecycle_action", _complete)
    add(AutoScalingResponse, "record_lifecycle_action_heartbeat", _beat)


def _put(response: AutoScalingResponse) -> EmptyResult:
    put_all(group_of(response), [response._get_params()])
    return EmptyResult()


def _describe(response: AutoScalingResponse) -> ActionResult:
    names = response._get_param("LifecycleHookNames", [])
    hooks = hooks_of(group_of(response))
    found = [hook for hook in hooks if not names or hook.lifecycle_hook_name in names]
    return ActionResult({"LifecycleHooks": found})


def _delete(response: AutoScalingResponse) -> EmptyResult:
    """Whoever waits for the hook waits no more: launches are abandoned, terminations go on."""
    group = group_of(response)
    hook = hook_of(group, response._get_param("LifecycleHookName"))
    result = ABANDON if hook.lifecycle_transition == LAUNCHING else CONTINUE
    for member in members(group):
        action = member.actions.of(hook.lifecycle_hook_name)
        if action is not None:
            member.actions.complete(action, result)
    forget(group, hook)
    settle(group)
    return EmptyResult()


def _complete(response: AutoScalingResponse) -> EmptyResult:
    result = response._get_param("LifecycleActionResult")
    if result not in RESULTS:
        raise ValidationError(f"Lifecycle Action Result must be one of {', '.join(RESULTS)}")
    member, action = _held(response)
    member.actions.complete(action, result)
    settle(group_of(response))
    return EmptyResult()


def _beat(response: AutoScalingResponse) -> EmptyResult:
    _, action = _held(response)
    action.beat(time.monotonic())
    return EmptyResult()


def _held(response: AutoScalingResponse) -> tuple[Member, LifecycleAction]:
    """Return the action that a request is about, by instance or by token, or refuse."""
    group = group_of(response)
    hook: LifecycleHook = hook_of(group, response._get_param("LifecycleHookName"))
    instance_id = response._get_param("InstanceId")
    token = response._get_param("LifecycleActionToken")
    if instance_id is None and token is None:
        raise ValidationError("Either InstanceId or LifecycleActionToken must be specified")
    for member in members(group):
        action = member.actions.of(hook.lifecycle_hook_name, token)
        if action is not None and instance_id in (None, member.instance_id):
            return member, action
    named = f"token {token}" if instance_id is None else f"instance ID {instance_id}"
    raise ValidationError(f"No active Lifecycle Action found with {named}")
