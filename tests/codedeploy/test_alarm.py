from typing import Any

import pytest
from pydantic import ValidationError

from codedeploy.alarm import AlarmConfiguration, AlarmReport


def alarms(*names: str, **members: Any) -> AlarmConfiguration:
    return AlarmConfiguration.model_validate(
        {"enabled": True, "alarms": [{"name": name} for name in names]} | members
    )


def test_alarms_that_are_switched_off_are_not_watched() -> None:
    assert alarms("5xx", enabled=False).watched == ()
    assert alarms("5xx", "latency").watched == ("5xx", "latency")


@pytest.mark.parametrize(
    ("names", "problem"), [((), "names no alarm"), (("a", "b", "a"), "a is named twice")]
)
def test_enabled_alarms_are_named_and_named_once(names: tuple[str, ...], problem: str) -> None:
    with pytest.raises(ValidationError, match=f"InvalidAlarmConfigException: .*{problem}"):
        alarms(*names)


def test_any_alarm_stops_a_deployment_with_its_reason() -> None:
    report = AlarmReport(firing={"5xx": "Threshold crossed"})

    assert report.stops(alarms("5xx", ignorePollAlarmFailure=True))
    assert report.sentence == "in ALARM: 5xx (Threshold crossed)"


def test_an_unreadable_alarm_stops_unless_that_is_to_be_ignored() -> None:
    report = AlarmReport(unreadable="cloudwatch:DescribeAlarms was refused")

    assert report.stops(alarms("5xx"))
    assert not report.stops(alarms("5xx", ignorePollAlarmFailure=True))


def test_quiet_alarms_stop_nothing() -> None:
    assert not AlarmReport().stops(alarms("5xx"))
