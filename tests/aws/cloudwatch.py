"""What moto lacks of CloudWatch's alarms: how they begin, and what they do when they change.

Nothing is evaluated here: a test sets the state. Alarms that follow metrics or other alarms are in
`ministack.py`.

Source: CloudWatch API Reference, PutMetricAlarm, SetAlarmState and MetricAlarm.
"""

import json
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.sns.models import sns_backends

from tests.aws.extension import Method, replace

BEGINNING = "INSUFFICIENT_DATA"
_KEPT_ON_UPDATE = (
    *("state_value", "state_reason", "state_reason_data"),
    *("state_updated_timestamp", "state_transitioned_timestamp"),
)


def install() -> None:
    """Add it to moto, in this process."""
    replace(Alarm, "__init__", _begin_without_data)
    replace(Alarm, "update_state", _note_transition)
    replace(CloudWatchBackend, "put_metric_alarm", _keep_state_on_update)
    replace(CloudWatchBackend, "set_alarm_state", _act_on_transition)


def _begin_without_data(original: Method) -> Method:
    def begin(alarm: Any, *arguments: Any, **named: Any) -> None:
        original(alarm, *arguments, **named)
        alarm.state_value = BEGINNING
        alarm.state_transitioned_timestamp = alarm.state_updated_timestamp

    return begin


def _note_transition(original: Method) -> Method:
    def update_state(alarm: Any, *arguments: Any) -> None:
        before = alarm.state_value
        original(alarm, *arguments)
        if alarm.state_value != before:
            alarm.state_transitioned_timestamp = alarm.state_updated_timestamp

    return update_state


def _keep_state_on_update(original: Method) -> Method:
    def put_metric_alarm(backend: CloudWatchBackend, **described: Any) -> Alarm:
        before = backend.alarms.get(described["name"])
        alarm: Alarm = original(backend, **described)
        for attribute in _KEPT_ON_UPDATE if before else ():
            setattr(alarm, attribute, getattr(before, attribute))
        return alarm

    return put_metric_alarm


def _act_on_transition(original: Method) -> Method:
    def set_alarm_state(backend: CloudWatchBackend, alarm_name: str, *arguments: Any) -> None:
        before = backend.alarms[alarm_name].state_value if alarm_name in backend.alarms else None
        original(backend, alarm_name, *arguments)
        alarm = backend.alarms[alarm_name]
        if alarm.state_value != before and alarm.actions_enabled:
            _act(backend, alarm, before)

    return set_alarm_state


def _act(backend: CloudWatchBackend, alarm: Alarm, before: str | None) -> None:
    """Publish the change to the topics that the alarm names for its new state."""
    actions = {
        "ALARM": alarm.alarm_actions,
        "OK": alarm.ok_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }
    message = json.dumps(_message(backend, alarm, before))
    subject = f'{alarm.state_value}: "{alarm.name}" in {backend.region_name}'
    for topic in actions[alarm.state_value] or []:
        region, account = topic.split(":")[3:5]
        sns_backends[account][region].publish(message, arn=topic, subject=subject)


def _message(backend: CloudWatchBackend, alarm: Alarm, before: str | None) -> dict[str, Any]:
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AlarmArn": alarm.alarm_arn,
        "AWSAccountId": backend.account_id,
        "Region": backend.region_name,
        "OldStateValue": before,
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": alarm.state_updated_timestamp.isoformat(),
    }
