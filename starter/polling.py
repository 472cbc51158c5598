"""Who asks a task queue for work."""

import asyncio
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from activities.directory import STILL_POLLING
from codedeploy.errors import Refused
from starter.connection import in_words
from workflows.options import CONTROL_QUEUE


async def workers(client: Client) -> list[str]:
    """Return the identities of the control plane's workers that ask for work."""
    question = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=CONTROL_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    with in_words():
        answer = await client.workflow_service.describe_task_queue(question, retry=True)
    oldest = datetime.now(UTC) - STILL_POLLING
    return [
        poller.identity
        for poller in answer.pollers
        if poller.last_access_time.ToDatetime(tzinfo=UTC) > oldest
    ]


async def until_a_worker_polls(client: Client, *, patience: timedelta) -> None:
    """Return when a worker of the control plane asks for work.

    Raises:
        Refused: None did within `patience`.
    """
    deadline = asyncio.get_running_loop().time() + patience.total_seconds()
    while not await workers(client):
        if asyncio.get_running_loop().time() > deadline:
            raise Refused(
                f"No worker asked for work within {patience.total_seconds():.0f} s. "
                "See worker.log for the reason."
            )
        await asyncio.sleep(0.1)
