"""What agents say while an event takes long, read from the heartbeats of a batch's activities.

A batch cannot see heartbeats; whoever asks Temporal about it can.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.common.v1 import Payloads
from temporalio.client import WorkflowHandle
from temporalio.converter import DataConverter

from codedeploy.commands import Progress
from codedeploy.target import TargetResult
from starter.connection import PATIENCE

SLOW_AFTER = timedelta(seconds=10)


def is_slow(result: TargetResult) -> bool:
    """Whether the host waits, or is busy with one thing, for so long that people wonder why."""
    since = result.busy_since
    return since is not None and datetime.now(UTC) - since > SLOW_AFTER


async def with_progress(
    results: Sequence[TargetResult], batch: WorkflowHandle[Any, Any], converter: DataConverter
) -> list[TargetResult]:
    """Return the results of `batch` with what the agents now at work last said."""
    description = await batch.describe(rpc_timeout=PATIENCE)
    said = {
        pending.activity_id.rpartition("/")[0]: await _decoded(pending.heartbeat_details, converter)
        for pending in description.raw_description.pending_activities
    }
    return [
        result.model_copy(update={"progress": said.get(result.target_id)}) for result in results
    ]


async def _decoded(details: Payloads, converter: DataConverter) -> Progress | None:
    """Return what a heartbeat says; None if the agent has not said anything that is understood."""
    if not details.payloads:
        return None
    try:
        (said,) = await converter.decode(details.payloads, [Progress])
    except (RuntimeError, ValueError):
        return None
    return said if isinstance(said, Progress) else None
