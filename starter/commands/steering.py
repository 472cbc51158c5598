"""`rollway stop`, `pause`, `resume`, `approve` and `reject`: speaking to a running deployment."""

import getpass
from typing import Annotated

import typer

from codedeploy.deployment import InterventionRequest
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
    """Stop a deployment: nothing more is started, running scripts are ended."""
    await intervene(session, deployment_id, Verb.STOP, reason=reason, rollback=rollback)


@connected
async def pause(session: Session, deployment_id: DeploymentId, *, reason: Reason = "") -> None:
    """Pause a deployment after the batches under way."""
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
