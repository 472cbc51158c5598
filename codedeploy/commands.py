"""What the control plane says to an agent, and what it answers.

The activity `run_lifecycle_events(LifecycleCommand) -> LifecycleReport` runs on the task queue
`host/<instance>`. It is idempotent by (deployment, event): a second call with the same command
returns what the first one did, and resumes at the event that was under way.

A failed event ends the activity with a non-retryable `ApplicationError` of type `LIFECYCLE_FAILED`
whose only detail is the `LifecycleReport` up to and including the failure. If the revision has
scripts for `DeploymentFailed`, they run before that, and their event is the report's last. A
cancelled activity stops the running script (TERM, and KILL five seconds later) and fails the same
way, with type `LIFECYCLE_STOPPED`. An agent that cannot keep its records fails the attempt, to be
tried again, with type `AGENT_ISSUE`.
"""

from pydantic import Field

from codedeploy.lifecycle import LifecycleEvent, LifecycleEventResult
from codedeploy.revision import PinnedRevision
from codedeploy.wire import Model

RUN_LIFECYCLE_EVENTS = "run_lifecycle_events"
READ_LOG = "read_log"
LIFECYCLE_FAILED = "LifecycleFailed"
LIFECYCLE_STOPPED = "LifecycleStopped"
AGENT_ISSUE = "AgentIssue"


def host_queue(instance: str) -> str:
    """Return the task queue that only the agent of `instance` polls."""
    return f"host/{instance}"


class LifecycleCommand(Model):
    """Consecutive host-side events of one deployment on one host.

    Attributes:
        events: Run in this order; the first failure ends the segment.
        completes_deployment: The segment's success makes the revision the last successful one.
        environment: Variables of the deployment group's manifest, given to every script.
    """

    deployment_id: str
    deployment_group_id: str
    deployment_group_name: str
    application_name: str
    deployment_creator: str = "user"
    deployment_type: str = "IN_PLACE"
    revision: PinnedRevision
    events: tuple[LifecycleEvent, ...]
    completes_deployment: bool = False
    file_exists_behavior: str = "DISALLOW"
    ignore_application_stop_failures: bool = False
    environment: dict[str, str] = {}


class LifecycleReport(Model):
    """What became of each event of a segment, in order; events not reached are `Skipped`.

    After a failure `DeploymentFailed` may follow, which no command names.
    """

    events: tuple[LifecycleEventResult, ...] = ()


class Progress(Model):
    """What a segment is doing: the detail of its activity's heartbeats.

    Attributes:
        event: The event under way; None before the first.
        last_output: The last line its script printed.
        waiting_behind: The deployment that has the host; empty once it is our turn.
    """

    event: LifecycleEvent | None = None
    last_output: str = ""
    waiting_behind: str = ""


class LogRequest(Model):
    """A piece of the whole log of one deployment on one host.

    Attributes:
        event: Only this event's output; None for the whole deployment's.
        offset: Byte to start at.
        timestamps: Put before each line that a script printed when it was there.
        wait_seconds: If there is nothing at `offset` yet, wait so long for something; at most 20.
    """

    deployment_id: str
    event: LifecycleEvent | None = None
    offset: int = 0
    timestamps: bool = False
    wait_seconds: float = Field(default=0, ge=0, le=20)


class LogPiece(Model):
    """At most a megabyte of log text.

    Attributes:
        next_offset: Where the next piece starts; timestamps do not count.
        is_end: Nothing is left to read now.
    """

    text: str
    next_offset: int
    is_end: bool
