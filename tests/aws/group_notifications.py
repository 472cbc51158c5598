"""What Auto Scaling groups tell topics of: instances launched and terminated.

Source: Amazon EC2 Auto Scaling API Reference, PutNotificationConfiguration,
DescribeNotificationConfigurations and DeleteNotificationConfiguration.
"""

from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

from tests.aws.deliveries import UndeliverableError, deliver
from tests.aws.extension import add
from tests.aws.group_members import group_of
from tests.aws.scaling_activities import ScalingActivity

LAUNCHED, TERMINATED = "autoscaling:EC2_INSTANCE_LAUNCH", "autoscaling:EC2_INSTANCE_TERMINATE"
LAUNCH_FAILED = "autoscaling:EC2_INSTANCE_LAUNCH_ERROR"
TEST = "autoscaling:TEST_NOTIFICATION"

_TYPES = (LAUNCHED, LAUNCH_FAILED, TERMINATED, "autoscaling:EC2_INSTANCE_TERMINATE_ERROR", TEST)

Configurations = dict[tuple[str, str], list[str]]
"""Types of notifications, by group and topic."""


def install() -> None:
    """Add it to moto, in this process."""
    add(AutoScalingResponse, "put_notification_configuration", _put)
    add(AutoScalingResponse, "describe_notification_configurations", _describe)
    add(AutoScalingResponse, "delete_notification_configuration", _delete)


def announce(group: FakeAutoScalingGroup, event: str, activity: ScalingActivity) -> None:
    """Tell the topics that want to hear of it."""
    message = {
        "Service": "AWS Auto Scaling",
        "Event": event,
        "AccountId": group.account_id,
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "ActivityId": activity.activity_id,
        "Description": activity.description,
        "Cause": activity.cause,
        "StatusCode": activity.status_code,
        "StatusMessage": activity.status_message or "",
    }
    for (name, topic), types in list(_kept(group.autoscaling_backend).items()):
        if name == group.name and event in types:
            _publish(topic, message)


def forget(group: FakeAutoScalingGroup) -> None:
    """Forget what a group that is gone told."""
    kept = _kept(group.autoscaling_backend)
    for key in [key for key in kept if key[0] == group.name]:
        del kept[key]


def _put(response: AutoScalingResponse) -> EmptyResult:
    name, topic = response._get_param("AutoScalingGroupName"), response._get_param("TopicARN")
    types = response._get_param("NotificationTypes", [])
    if not set(types) <= set(_TYPES):
        raise ValidationError(f"Notification types must be among {', '.join(_TYPES)}")
    group = group_of(response)
    _kept(response.autoscaling_backend)[name, topic] = list(types)
    _publish(topic, {"Event": TEST, "AutoScalingGroupName": name, "AutoScalingGroupARN": group.arn})
    return EmptyResult()


def _describe(response: AutoScalingResponse) -> ActionResult:
    names = response._get_param("AutoScalingGroupNames", [])
    found = [
        {"AutoScalingGroupName": name, "TopicARN": topic, "NotificationType": one}
        for (name, topic), types in _kept(response.autoscaling_backend).items()
        for one in types
        if not names or name in names
    ]
    return ActionResult({"NotificationConfigurations": found})


def _delete(response: AutoScalingResponse) -> EmptyResult:
    key = (response._get_param("AutoScalingGroupName"), response._get_param("TopicARN"))
    _kept(response.autoscaling_backend).pop(key, None)
    return EmptyResult()


def _kept(backend: AutoScalingBackend) -> Configurations:
    kept: Configurations = vars(backend).setdefault("notification_configurations", {})
    return kept


def _publish(topic: str, message: dict[str, Any]) -> None:
    # A topic that is not there any more is nobody's failure.
    try:
        deliver(topic, message)
    except UndeliverableError:
        return
