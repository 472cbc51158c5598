"""`rollway stop`, `pause`, `continue` and the like: speaking to a running deployment."""

import getpass
from typing import Annotated

import typer

from codedeploy.deployment import InterventionRequest
from codedeploy.hook import HookReport, HookStatus
from codedeploy.steering import Verb
from starter.commands.options import DeploymentId, Reason
from starter.commands.session import Session, connected


@connected
async def stop(
    session: Session,
    deployment_id: DeploymentId,
    *,
    rollback: Annotated[
        bool | None,
        typer.Option(
            "--rollback/--no-rollback",
            help="Take touched hosts back, or leave them. [default: as the group says]",
        ),
    ] = None,
    reason: Reason = "",
) -> None:
    """Stop a deployment: nothing more is started, running scripts are ended.

    Traffic that was moved to a function's version or to new tasks is put back at once.
    """
    await intervene(session, deployment_id, Verb.STOP, reason=reason, rollback=rollback)


@connected
async def pause(session: Session, deployment_id: DeploymentId, *, reason: Reason = "") -> None:
    """Pause a deployment after the batches or the shift under way."""
    await intervene(session, deployment_id, Verb.PAUSE, reason=reason)


@connected
async def resume(session: Session, deployment_id: DeploymentId, *, reason: Reason = "") -> None:
    """Go on with a paused deployment."""
    await intervene(session, deployment_id, Verb.RESUME, reason=reason)


@connected
async def approve(session: Session, deployment_id: DeploymentId, *, reason: Reason = "") -> None:
    """Let a deployment that waits for approval go on."""
    await intervene(session, deployment_id, Verb.APPROVE, reason=reason)


@connected
async def reject(session: Session, deployment_id: DeploymentId, *, reason: Reason = "") -> None:
    """End a deployment that waits for approval, and roll it back."""
    await intervene(session, deployment_id, Verb.REJECT, reason=reason)


@connected
async def continue_(session: Session, deployment_id: DeploymentId, *, reason: Reason = "") -> None:
    """End a deployment's wait: reroute its traffic, or delete the tasks it replaced.

    A deployment to ECS that is ready moves its traffic. One that succeeded, and keeps its original
    task set for a while, deletes it now.
    """
    request = InterventionRequest(reason=reason, by=_who())
    rollway = await session.rollway()
    session.terminal.say(await rollway.continue_deployment(deployment_id, request))


@connected
async def hook_status(
    session: Session,
    deployment_id: DeploymentId,
    execution: Annotated[
        str, typer.Argument(metavar="EXECUTION", help="The LifecycleEventHookExecutionId.")
    ],
    verdict: Annotated[
        HookStatus,
        typer.Argument(metavar="VERDICT", case_sensitive=False, help="Succeeded or Failed."),
    ],
) -> None:
    """Say what a hook function found: its verdict, given once.

    The function was told both ids when it was called.
    """
    report = HookReport(lifecycle_event_hook_execution_id=execution, status=verdict.value)
    rollway = await session.rollway()
    answered = await rollway.hook_status(deployment_id, report)
    session.terminal.say(f"{answered}: {verdict.value}.")


async def intervene(
    session: Session,
    deployment_id: str,
    verb: Verb,
    *,
    reason: str = "",
    rollback: bool | None = None,
) -> None:
    """Tell the deployment `verb` in the name of the person at the keyboard; print its answer."""
    request = InterventionRequest(reason=reason, rollback=rollback, by=_who())
    rollway = await session.rollway()
    session.terminal.say(await rollway.intervene(deployment_id, verb, request))


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return ""
