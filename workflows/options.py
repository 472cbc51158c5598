"""Timeouts and retries, named once.

A host's script may run for an hour while its agent restarts twice; only the heartbeat says whether
anybody is still working. Failures of scripts are never retried; failures of machinery are.
"""

from datetime import timedelta
from typing import TypedDict

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType

CONTROL_QUEUE = "rollway"
"""The task queue of the control plane's worker."""

HEARTBEAT_LIMIT = timedelta(seconds=10)
MARGIN = timedelta(minutes=10)
RETRY_SECONDS = 2
FEWEST_ATTEMPTS = 10
LONGEST_TURN = timedelta(days=1)
"""How long a segment may stand in its host's queue behind other deployments."""


class QuickOptions(TypedDict):
    """Options of an activity that answers in seconds."""

    start_to_close_timeout: timedelta
    retry_policy: RetryPolicy


class PinOptions(QuickOptions):
    """Options of an activity that may take minutes and says meanwhile that it is alive."""

    heartbeat_timeout: timedelta


class ChangeOptions(QuickOptions):
    """Options of an activity that changes something, or puts it back.

    It is repeated, but not for ever; whoever cancels it learns what came of it.
    """

    schedule_to_close_timeout: timedelta
    cancellation_type: ActivityCancellationType


class LookOptions(QuickOptions):
    """Options of a look at AWS: what is silent for minutes is not where it was sought."""

    schedule_to_close_timeout: timedelta


class WaitOptions(TypedDict):
    """Options of an activity that waits for something to come true and says that it is alive."""

    schedule_to_close_timeout: timedelta
    heartbeat_timeout: timedelta
    retry_policy: RetryPolicy


class LongChangeOptions(ChangeOptions):
    """Options of an activity that changes much, or removes something and waits until it is gone."""

    heartbeat_timeout: timedelta


class UnbrokenWaitOptions(WaitOptions):
    """Options of a watch that also changes something, and whose end a stop waits for."""

    cancellation_type: ActivityCancellationType


class HostOptions(TypedDict):
    """Options of an activity on a host's own queue."""

    schedule_to_start_timeout: timedelta
    start_to_close_timeout: timedelta
    heartbeat_timeout: timedelta
    retry_policy: RetryPolicy
    cancellation_type: ActivityCancellationType


_PATIENT = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=1.5,
    maximum_interval=timedelta(seconds=15),
)

QUICK: QuickOptions = {
    "start_to_close_timeout": timedelta(seconds=30),
    "retry_policy": _PATIENT,
}

LOOK: LookOptions = {**QUICK, "schedule_to_close_timeout": timedelta(minutes=5)}

SEARCH: WaitOptions = {
    "schedule_to_close_timeout": timedelta(minutes=30),
    "heartbeat_timeout": timedelta(seconds=20),
    "retry_policy": _PATIENT,
}
"""For finding instances: ten thousand take a while, and AWS may not answer."""

CHANGE: ChangeOptions = {
    **QUICK,
    "start_to_close_timeout": timedelta(seconds=20),
    "schedule_to_close_timeout": timedelta(hours=1),
    "cancellation_type": ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
}

LOOK_UNDER_WAY: LookOptions = {
    **LOOK,
    "schedule_to_close_timeout": CHANGE["schedule_to_close_timeout"],
}
"""For a look between two changes: who has come so far must not fail because AWS is busy."""

BRIEF_CHANGE: ChangeOptions = {**CHANGE, "schedule_to_close_timeout": timedelta(seconds=30)}
"""For a change whose end somebody waits for, or that is asked for again later."""

UPKEEP: ChangeOptions = {**CHANGE, "schedule_to_close_timeout": timedelta(minutes=5)}
"""For a change that is asked for again and again: its trouble is told meanwhile."""

LONG_CHANGE: LongChangeOptions = {
    **CHANGE,
    "schedule_to_close_timeout": timedelta(hours=3),
    "start_to_close_timeout": timedelta(minutes=15),
    "heartbeat_timeout": timedelta(seconds=20),
}

LONGEST_WATCH = timedelta(days=14)
"""How long one activity watches alarms; a deployment that is paused may last for longer."""

PIN: PinOptions = {
    "start_to_close_timeout": timedelta(hours=2),
    "heartbeat_timeout": timedelta(seconds=30),
    "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5),
}


def on_host(*, agent_timeout_seconds: int, script_seconds: int) -> HostOptions:
    """Return the options of a segment that may run scripts for `script_seconds`.

    An agent that dies is noticed by its missing heartbeat and then has the rest of
    `agent_timeout_seconds` to come back and resume. One that cannot keep its records has about as
    long until it can. An agent takes a segment up at once and lets it wait for its turn there: a
    busy host is no absent agent.
    """
    heartbeat = min(HEARTBEAT_LIMIT, timedelta(seconds=agent_timeout_seconds / 2))
    return {
        "schedule_to_start_timeout": timedelta(seconds=agent_timeout_seconds) - heartbeat,
        "start_to_close_timeout": timedelta(seconds=script_seconds) + LONGEST_TURN + MARGIN,
        "heartbeat_timeout": heartbeat,
        "retry_policy": RetryPolicy(
            initial_interval=timedelta(milliseconds=200),
            maximum_interval=timedelta(seconds=RETRY_SECONDS),
            maximum_attempts=max(FEWEST_ATTEMPTS, agent_timeout_seconds // RETRY_SECONDS),
        ),
        "cancellation_type": ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    }


def at_load_balancers(limit_seconds: int) -> UnbrokenWaitOptions:
    """Return the options of a watch at load balancers, which ends by itself after its limit.

    What is put back after a stop must not be overtaken by a call that is still under way.
    """
    return {
        **awaiting(timedelta(seconds=limit_seconds) + MARGIN),
        "cancellation_type": ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    }


def awaiting(limit: timedelta) -> WaitOptions:
    """Return the options of an activity that watches for at most `limit`.

    A worker that dies is noticed by its missing heartbeat; another one goes on watching.
    """
    return {
        "schedule_to_close_timeout": limit,
        "heartbeat_timeout": timedelta(seconds=20),
        "retry_policy": _PATIENT,
    }
