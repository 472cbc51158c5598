"""Alarms that stop a deployment.

Source: CodeDeploy User Guide, Monitoring deployments with CloudWatch alarms.
"""

from typing import Self

from pydantic import Field, model_validator

from codedeploy.wire import Model

MOST_ALARMS = 50


class Alarm(Model):
    """A CloudWatch alarm, by its exact name."""

    name: str = Field(min_length=1, max_length=255)


class AlarmConfiguration(Model):
    """Which alarms stop the deployments of a group.

    Attributes:
        ignore_poll_alarm_failure: Go on while the state of an alarm cannot be read; else a
            deployment that does not know stops.

    Source: CodeDeploy API Reference, AlarmConfiguration.
    """

    enabled: bool = False
    ignore_poll_alarm_failure: bool = False
    alarms: tuple[Alarm, ...] = Field(default=(), max_length=MOST_ALARMS)

    @property
    def watched(self) -> tuple[str, ...]:
        """The names of the alarms to look at; none if alarms are switched off."""
        return tuple(alarm.name for alarm in self.alarms) if self.enabled else ()

    @model_validator(mode="after")
    def _names_each_alarm_once(self) -> Self:
        names = [alarm.name for alarm in self.alarms]
        if self.enabled and not names:
            raise ValueError(
                "InvalidAlarmConfigException: alarmConfiguration is enabled but names no alarm; "
                "name one, or set enabled to false"
            )
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"InvalidAlarmConfigException: the alarm {', '.join(twice)} is named twice"
            )
        return self


class AlarmReport(Model):
    """What a look at the alarms found.

    Attributes:
        firing: Alarms in the state ALARM, with the reason that CloudWatch gives, in the order in
            which the group names them.
        unreadable: Why the state of one or more cannot be read; empty if all can.
    """

    firing: dict[str, str] = {}
    unreadable: str = ""

    def stops(self, configuration: AlarmConfiguration) -> bool:
        """Whether a deployment may not go on after this."""
        is_blind = bool(self.unreadable) and not configuration.ignore_poll_alarm_failure
        return bool(self.firing) or is_blind

    @property
    def sentence(self) -> str:
        """What was found, for the person who must act."""
        if self.firing:
            said = (f"{name} ({why})" if why else name for name, why in self.firing.items())
            return f"in ALARM: {', '.join(said)}"
        return f"the state of the alarms cannot be read: {self.unreadable.rstrip('.')}"


class AlarmQuestion(Model):
    """Which alarms to look at, and how."""

    configuration: AlarmConfiguration
    role_arn: str | None = None
