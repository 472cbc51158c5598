"""Alarms for tests: quiet at first, and then as a test wants them."""

from tests.aws.endpoint import Endpoint


def put_alarm(aws: Endpoint, name: str) -> None:
    """Create an alarm of that name, in the state OK."""
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="Tests",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    set_alarm(aws, name, "OK", "nothing happened")


def set_alarm(aws: Endpoint, name: str, state: str, reason: str) -> None:
    """Let an alarm be OK, ALARM or INSUFFICIENT_DATA."""
    aws.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue=state, StateReason=reason)
