"""Lifecycle events: their names, their order, and whose scripts they run.

Source: CodeDeploy User Guide, AppSpec 'hooks' section.
"""

from datetime import datetime
from enum import StrEnum

from codedeploy.wire import Model, Sayable


class LifecycleEvent(StrEnum):
    """One step of a deployment on one target.

    Attributes:
        DEPLOYMENT_FAILED: Runs on a host after another event has failed there, and never else.

    Differs from AWS: CodeDeploy has no `DeploymentFailed`; a host that fails is left as it is.
    """

    BEFORE_BLOCK_TRAFFIC = "BeforeBlockTraffic"
    BLOCK_TRAFFIC = "BlockTraffic"
    AFTER_BLOCK_TRAFFIC = "AfterBlockTraffic"
    APPLICATION_STOP = "ApplicationStop"
    DOWNLOAD_BUNDLE = "DownloadBundle"
    BEFORE_INSTALL = "BeforeInstall"
    INSTALL = "Install"
    AFTER_INSTALL = "AfterInstall"
    APPLICATION_START = "ApplicationStart"
    VALIDATE_SERVICE = "ValidateService"
    ALLOW_TEST_TRAFFIC = "AllowTestTraffic"
    AFTER_ALLOW_TEST_TRAFFIC = "AfterAllowTestTraffic"
    BEFORE_ALLOW_TRAFFIC = "BeforeAllowTraffic"
    ALLOW_TRAFFIC = "AllowTraffic"
    AFTER_ALLOW_TRAFFIC = "AfterAllowTraffic"
    DEPLOYMENT_FAILED = "DeploymentFailed"


class LifecycleEventStatus(StrEnum):
    """Where a lifecycle event stands."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    SKIPPED = "Skipped"
    UNKNOWN = "Unknown"


class LifecycleErrorCode(StrEnum):
    """What became of a lifecycle event's scripts."""

    SUCCESS = "Success"
    SCRIPT_MISSING = "ScriptMissing"
    SCRIPT_NOT_EXECUTABLE = "ScriptNotExecutable"
    SCRIPT_TIMED_OUT = "ScriptTimedOut"
    SCRIPT_FAILED = "ScriptFailed"
    UNKNOWN_ERROR = "UnknownError"


class Diagnostics(Model):
    """What a lifecycle event has to say for itself.

    Attributes:
        error_code: `Success`, or the kind of failure.
        script_name: `location` of the script that failed, as the AppSpec spells it.
        message: A sentence for the person who must act.
        log_tail: The last 4 KB of output; the end of a long line is kept.
    """

    error_code: LifecycleErrorCode = LifecycleErrorCode.SUCCESS
    script_name: Sayable = ""
    message: Sayable = "Succeeded"
    log_tail: Sayable = ""


class LifecycleEventResult(Model):
    """One lifecycle event on one target."""

    lifecycle_event_name: LifecycleEvent
    status: LifecycleEventStatus = LifecycleEventStatus.PENDING
    start_time: datetime | None = None
    end_time: datetime | None = None
    diagnostics: Diagnostics | None = None


class ScriptSource(StrEnum):
    """Which revision's scripts an event runs."""

    CURRENT = "current"
    LAST_SUCCESSFUL = "last-successful"
    MOST_RECENT = "most-recent"


_E = LifecycleEvent

IN_PLACE = (
    _E.APPLICATION_STOP,
    _E.DOWNLOAD_BUNDLE,
    _E.BEFORE_INSTALL,
    _E.INSTALL,
    _E.AFTER_INSTALL,
    _E.APPLICATION_START,
    _E.VALIDATE_SERVICE,
)
"""The seven events of an in-place deployment without a load balancer."""

BLOCK_TRAFFIC = (_E.BEFORE_BLOCK_TRAFFIC, _E.BLOCK_TRAFFIC, _E.AFTER_BLOCK_TRAFFIC)
ALLOW_TRAFFIC = (_E.BEFORE_ALLOW_TRAFFIC, _E.ALLOW_TRAFFIC, _E.AFTER_ALLOW_TRAFFIC)
LAMBDA = ALLOW_TRAFFIC
ECS = (
    _E.BEFORE_INSTALL,
    _E.INSTALL,
    _E.AFTER_INSTALL,
    _E.ALLOW_TEST_TRAFFIC,
    _E.AFTER_ALLOW_TEST_TRAFFIC,
    *ALLOW_TRAFFIC,
)

RESERVED = frozenset(
    {_E.DOWNLOAD_BUNDLE, _E.INSTALL, _E.BLOCK_TRAFFIC, _E.ALLOW_TRAFFIC, _E.ALLOW_TEST_TRAFFIC}
)
"""Events that run no script of the user's."""

IGNORABLE = frozenset({_E.APPLICATION_STOP, _E.BEFORE_BLOCK_TRAFFIC, _E.AFTER_BLOCK_TRAFFIC})
"""Events whose failure `ignoreApplicationStopFailures` forgives."""

SERVER_HOOKS = tuple(
    event for event in (*BLOCK_TRAFFIC, *IN_PLACE, *ALLOW_TRAFFIC) if event not in RESERVED
)
"""Events of CodeDeploy's to which an AppSpec for servers may attach scripts."""

LAMBDA_HOOKS = tuple(event for event in LAMBDA if event not in RESERVED)
ECS_HOOKS = tuple(event for event in ECS if event not in RESERVED)

_OLD_SCRIPTS = frozenset({_E.APPLICATION_STOP, _E.BEFORE_BLOCK_TRAFFIC, _E.AFTER_BLOCK_TRAFFIC})


def script_source(event: str, *, is_blue_green_rollback: bool = False) -> ScriptSource:
    """Return whose scripts `event` runs on a host.

    Source: CodeDeploy User Guide, AppSpec 'hooks' section, and the agent's hook executor.
    """
    if is_blue_green_rollback and event in BLOCK_TRAFFIC:
        return ScriptSource.MOST_RECENT
    if is_blue_green_rollback and event in ALLOW_TRAFFIC:
        return ScriptSource.LAST_SUCCESSFUL
    return ScriptSource.LAST_SUCCESSFUL if event in _OLD_SCRIPTS else ScriptSource.CURRENT


def in_place_flow(*, with_traffic_control: bool = False) -> tuple[LifecycleEvent, ...]:
    """Return the events of an in-place deployment, in order."""
    if with_traffic_control:
        return (*BLOCK_TRAFFIC, *IN_PLACE, *ALLOW_TRAFFIC)
    return IN_PLACE
