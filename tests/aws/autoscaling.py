"""What moto lacks of Auto Scaling: groups that live, hooks that hold, and refusals.

How instances come and go is in `group_scheduler`. One request is answered after the other, and the
thread of the scheduler waits for none to be under way.

Source: Amazon EC2 Auto Scaling API Reference.

Differs from AWS: `AZRebalance`, `InstanceRefresh`, `ScheduledActions` and `AlarmNotification` can
be suspended, but nothing does them; scheduled actions, policies and warm pools are only kept.
`Pending:Proceed` and `Terminating:Proceed` are over before anybody sees them.
"""

from typing import Any

from moto.autoscaling.models import AutoScalingBackend
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult
from moto.moto_api._internal.models import MotoAPIBackend

from tests.aws import (
    autoscaling_groups,
    group_instances,
    group_notifications,
    group_records,
    group_scheduler,
    hook_requests,
    scaling_activities,
    traffic_sources,
)
from tests.aws.extension import Method, replace
from tests.aws.group_members import group_of
from tests.aws.group_scheduler import alone

_PARTS = (
    autoscaling_groups,
    group_instances,
    group_notifications,
    group_records,
    hook_requests,
    scaling_activities,
    traffic_sources,
)
_OF_A_GROUP = (
    *("update_auto_scaling_group", "delete_auto_scaling_group", "set_desired_capacity"),
    *("attach_instances", "detach_instances", "enter_standby", "exit_standby"),
    *("suspend_processes", "resume_processes", "set_instance_protection"),
    *("put_lifecycle_hook", "describe_lifecycle_hooks", "delete_lifecycle_hook"),
    *("complete_lifecycle_action", "record_lifecycle_action_heartbeat"),
    *("attach_load_balancer_target_groups", "detach_load_balancer_target_groups"),
    *("attach_load_balancers", "detach_load_balancers", "describe_load_balancers"),
    *("attach_traffic_sources", "detach_traffic_sources", "describe_traffic_sources"),
    *("describe_load_balancer_target_groups", "put_scaling_policy"),
    *("put_scheduled_update_group_action", "batch_put_scheduled_update_group_action"),
    *("put_notification_configuration", "delete_notification_configuration"),
    *("enable_metrics_collection", "disable_metrics_collection"),
    *("put_warm_pool", "describe_warm_pool", "delete_warm_pool"),
)
"""Operations that are refused if there is no group of that name."""


def install() -> None:
    """Add it to moto, in this process, and let time pass."""
    for part in _PARTS:
        part.install()
    for operation in _OF_A_GROUP:
        replace(AutoScalingResponse, operation, _of_a_group)
    replace(AutoScalingResponse, "call_action", _alone)
    replace(AutoScalingBackend, "notify_terminate_instances", lambda _: _leave_it_to_the_scheduler)
    replace(AutoScalingBackend, "update_attached_elbs", lambda _: _leave_it_to_the_scheduler)
    replace(
        AutoScalingBackend, "update_attached_target_groups", lambda _: _leave_it_to_the_scheduler
    )
    # A group whose instances are forgotten already cannot be brought up to the present.
    replace(MotoAPIBackend, "reset", _alone)
    group_scheduler.start()


def _of_a_group(original: Method) -> Method:
    def answer(response: AutoScalingResponse) -> ActionResult:
        group_of(response)
        result: ActionResult = original(response)
        return result

    return answer


def _alone(original: Method) -> Method:
    def in_turn(*arguments: Any) -> Any:
        with alone:
            return original(*arguments)

    return in_turn


def _leave_it_to_the_scheduler(*_: Any) -> None:
    """It sees for itself."""
