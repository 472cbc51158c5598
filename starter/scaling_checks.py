"""What `rollway doctor` looks at for deployment groups that have Auto Scaling groups."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from codedeploy.auto_scaling import HooksOrder
from codedeploy.errors import DeploymentGroupDoesNotExist, RollwayError
from codedeploy.group_info import DeploymentGroupInfo
from codedeploy.identifiers import group_workflow_id, scaling_watch_id
from codedeploy.lifecycle_hook import HEARTBEAT_SECONDS
from codedeploy.scaling_hooks import hooks_of
from starter.catalog import Catalog
from starter.connection import PATIENCE, in_words
from starter.findings import Check, broken, good, warning
from workflows.hooks_check import HooksCheckWorkflow
from workflows.options import CONTROL_QUEUE
from workflows.scaling_watch import ScalingWatchWorkflow

TITLE = "lifecycle hooks"

LONGEST_LOOK = timedelta(minutes=1)
"""How long all of them together are looked at."""

UNWATCHED = (
    "nothing watches its Auto Scaling groups: whatever they launch waits "
    f"{HEARTBEAT_SECONDS // 60} min and is given up."
)


async def check_auto_scaling(client: Client, *, limit: timedelta = LONGEST_LOOK) -> list[Check]:
    """Check the watch and the hooks of each deployment group that has Auto Scaling groups."""
    found: list[Check] = []
    try:
        async with asyncio.timeout(limit.total_seconds()):
            with in_words():
                async for info in _groups(client):
                    found += [await check_group(client, info)]
    except TimeoutError:
        looked_at = f"{len(found)} deployment groups were looked at in {limit.seconds} s"
        found.append(warning(TITLE, f"only {looked_at}", fix="Is the worker busy? Look again."))
    except RollwayError as error:
        found.append(warning(TITLE, error.message, fix="Look again."))
    return found


async def _groups(client: Client) -> AsyncIterator[DeploymentGroupInfo]:
    """Yield the deployment groups that have Auto Scaling groups now."""
    catalog = Catalog(client)
    for name in await catalog.groups():
        # Lists still have groups that have just been refused.
        with suppress(DeploymentGroupDoesNotExist):
            info = await catalog.group(*name.split("/"))
            if info.serving_group.auto_scaling_groups:
                yield info


async def check_group(client: Client, info: DeploymentGroupInfo) -> Check:
    """Check that a deployment group learns of what its Auto Scaling groups launch."""
    name = info.group.full_name
    apply = f"rollway get group {name} --manifest | rollway apply -f -"
    trouble = await _trouble(client, info)
    if trouble is None:
        return broken(TITLE, f"{name}: {UNWATCHED}", fix=apply)
    hooks = hooks_of(info.serving_group, info.deployment_group_id)
    # The watch stumbles over what is wrong with the hooks, too.
    found = (info.launches.complaint, *trouble, *await _drifts(client, hooks))
    wrong = dict.fromkeys(filter(None, found))
    if wrong:
        fix = f"The group's own hooks are put right within 10 min, or now by: {apply}"
        return warning(TITLE, f"{name}: {' '.join(wrong)}", fix=fix)
    return good(TITLE, f"{name}: in order in {', '.join(hooks.names)}")


async def _trouble(client: Client, info: DeploymentGroupInfo) -> tuple[str, ...] | None:
    """Return what the watch complains of; None if there is no watch."""
    group = group_workflow_id(info.group.application_name, info.group.deployment_group_name)
    watch = client.get_workflow_handle(scaling_watch_id(group))
    try:
        description = await watch.describe(rpc_timeout=PATIENCE)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    if description.status is not WorkflowExecutionStatus.RUNNING:
        return None
    try:
        with in_words():
            return await watch.query(ScalingWatchWorkflow.trouble, rpc_timeout=PATIENCE)
    except RollwayError as error:
        return (f"Its watch does not answer: {error.message}",)


async def _drifts(client: Client, hooks: HooksOrder) -> tuple[str, ...]:
    """Return a sentence for each hook that is not as it should be, or why that is not known."""
    try:
        with in_words():
            return await client.execute_workflow(
                HooksCheckWorkflow.run,
                hooks,
                id=f"hooks-check/{uuid4()}",
                task_queue=CONTROL_QUEUE,
                execution_timeout=PATIENCE,
                static_summary=f"Look at the lifecycle hooks of {hooks.deployment_group_name}",
            )
    except RollwayError as error:
        return (f"Its hooks could not be looked at. {error.message}",)
