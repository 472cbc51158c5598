"""What Auto Scaling groups have besides instances, and moto mixes up or forgets.

moto keeps policies and scheduled actions by their names alone, so that a copy of a group takes away
those of the original; here they are kept by group and name.

Source: Amazon EC2 Auto Scaling API Reference, PutScalingPolicy, DeletePolicy, ExecutePolicy,
PutScheduledUpdateGroupAction, DeleteScheduledAction, EnableMetricsCollection,
DisableMetricsCollection and SuspendProcesses.
"""

from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import (
    AutoScalingBackend,
    FakeScalingPolicy,
    FakeScheduledAction,
)
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import EmptyResult

from tests.aws.extension import Method, add, replace
from tests.aws.group_members import group_of

PROCESSES = (
    *("AZRebalance", "AddToLoadBalancer", "AlarmNotification", "HealthCheck", "InstanceRefresh"),
    *("Launch", "ReplaceUnhealthy", "ScheduledActions", "Terminate"),
)
_METRICS = tuple(
    f"Group{what}"
    for what in (
        *("MinSize", "MaxSize", "DesiredCapacity", "InServiceInstances", "PendingInstances"),
        *("StandbyInstances", "TerminatingInstances", "TotalInstances", "InServiceCapacity"),
        *("PendingCapacity", "StandbyCapacity", "TerminatingCapacity", "TotalCapacity"),
    )
)


def install() -> None:
    """Add it to moto, in this process."""
    backend, response = AutoScalingBackend, AutoScalingResponse
    replace(backend, "put_scaling_policy", _keep_policy_by_group)
    replace(backend, "put_scheduled_update_group_action", _keep_action_by_group)
    replace(backend, "delete_scheduled_action", lambda _: _delete_action)
    replace(backend, "suspend_processes", lambda _: _suspend)
    replace(backend, "resume_processes", lambda _: _resume)
    replace(response, "delete_policy", lambda _: _delete_policy)
    replace(response, "execute_policy", lambda _: _execute_policy)
    replace(response, "enable_metrics_collection", lambda _: _enable_metrics)
    add(response, "disable_metrics_collection", _disable_metrics)


# --- policies


def _keep_policy_by_group(original: Method) -> Method:
    def put_scaling_policy(backend: AutoScalingBackend, **described: Any) -> FakeScalingPolicy:
        policy: FakeScalingPolicy = original(backend, **described)
        del backend.policies[policy.name]
        backend.policies[_key(policy.auto_scaling_group_name, policy.name)] = policy
        return policy

    return put_scaling_policy


def _delete_policy(response: AutoScalingResponse) -> EmptyResult:
    policy = _policy(response)
    key = _key(policy.auto_scaling_group_name, policy.name)
    del response.autoscaling_backend.policies[key]
    return EmptyResult()


def _execute_policy(response: AutoScalingResponse) -> EmptyResult:
    _policy(response).execute()
    return EmptyResult()


def _policy(response: AutoScalingResponse) -> FakeScalingPolicy:
    """Return a policy by its ARN or, within a group, its name."""
    asked = response._get_param("PolicyName")
    group = response._get_param("AutoScalingGroupName")
    for policy in response.autoscaling_backend.policies.values():
        if asked == policy.arn or (asked, group) == (policy.name, policy.auto_scaling_group_name):
            return policy
    raise ValidationError(f"PolicyName not found: {asked}")


# --- scheduled actions


def _keep_action_by_group(original: Method) -> Method:
    def put(backend: AutoScalingBackend, **described: Any) -> FakeScheduledAction:
        action: FakeScheduledAction = original(backend, **described)
        name = action.scheduled_action_name
        del backend.scheduled_actions[name]
        backend.scheduled_actions[_key(action.auto_scaling_group_name, name)] = action
        return action

    return put


def _delete_action(
    backend: AutoScalingBackend, auto_scaling_group_name: str, scheduled_action_name: str
) -> None:
    if not backend.scheduled_actions.pop(
        _key(auto_scaling_group_name, scheduled_action_name), None
    ):
        raise ValidationError("Scheduled action name not found")


def _key(group_name: str, name: str) -> str:
    return f"{group_name}/{name}"


# --- metrics and processes


def _enable_metrics(response: AutoScalingResponse) -> EmptyResult:
    asked = response._get_param("Metrics") or _METRICS
    group = group_of(response)
    group.metrics = sorted({*group.metrics, *asked})
    return EmptyResult()


def _disable_metrics(response: AutoScalingResponse) -> EmptyResult:
    group = group_of(response)
    asked = response._get_param("Metrics") or group.metrics
    group.metrics = [one for one in group.metrics if one not in asked]
    return EmptyResult()


def _suspend(backend: AutoScalingBackend, group_name: str, scaling_processes: list[str]) -> None:
    group = backend.autoscaling_groups[group_name]
    asked = _processes(scaling_processes)
    group._suspended_processes = sorted({*group._suspended_processes, *asked})


def _resume(backend: AutoScalingBackend, group_name: str, scaling_processes: list[str]) -> None:
    group = backend.autoscaling_groups[group_name]
    asked = _processes(scaling_processes)
    group._suspended_processes = sorted({*group._suspended_processes} - asked)


def _processes(asked: list[str]) -> set[str]:
    if unknown := set(asked) - set(PROCESSES):
        raise ValidationError(
            f"{', '.join(sorted(unknown))} must be among the processes {', '.join(PROCESSES)}"
        )
    return set(asked or PROCESSES)
