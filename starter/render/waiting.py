"""What a deployment waits for, and what a person can type about it."""

from rich.text import Text

from codedeploy.deployment import DeploymentInfo, Wait
from starter.render.canvas import Canvas
from starter.render.lines import line
from starter.render.statuses import HELD, QUIET


def waiting_lines(info: DeploymentInfo, canvas: Canvas) -> list[Text]:
    """Return what is waited for; after the verdict that is the end of the original alone."""
    if info.status.is_final and not keeps_original(info):
        return []
    if info.wait:
        sentence = wait_sentence(info.wait, canvas)
        if _is_ending(info, canvas):
            sentence = f"waiting for {info.wait.reason}, which is under way"
        return [line((f"{canvas.glyphs.waiting} {sentence}", HELD))]
    return [line((f"{canvas.glyphs.waiting} paused", HELD))] if info.is_paused else []


def keeps_original(info: DeploymentInfo) -> bool:
    """Whether the deployment has succeeded and its original still waits for its end."""
    is_waiting = info.instance_termination_wait_time_started and info.wait is not None
    return info.status.is_final and is_waiting


def _is_ending(info: DeploymentInfo, canvas: Canvas) -> bool:
    """Whether the original has been kept for its time, and is being removed."""
    until = info.wait.until if info.wait else None
    return keeps_original(info) and until is not None and until <= canvas.now


def wait_sentence(wait: Wait, canvas: Canvas) -> str:
    """Return what is waited for, until when, and what happens then."""
    reason = "somebody to reroute the traffic" if wait.is_ready_wait else wait.reason
    sentence = f"waiting for {reason}"
    if wait.until is None:
        return sentence
    deadline, left = canvas.clock(wait.until), canvas.until(wait.until)
    if wait.is_ready_wait:
        return f"{sentence}: continue by {deadline} else it stops ({left})"
    if wait.is_approval and wait.on_deadline:
        return f"{sentence}: approve by {deadline} else {wait.on_deadline} ({left})"
    return f"{sentence} until {deadline} ({left})"


def command_lines(info: DeploymentInfo, canvas: Canvas) -> list[Text]:
    """Return what can be typed now."""
    verbs = "" if _is_ending(info, canvas) else "|".join(_verbs(info))
    return [line((f"next: rollway {verbs} {info.deployment_id}", QUIET))] if verbs else []


def _verbs(info: DeploymentInfo) -> tuple[str, ...]:
    if info.status.is_final:
        return ("continue",) if keeps_original(info) else ()
    if info.wait and info.wait.is_approval:
        return ("approve", "reject")
    if info.wait and info.wait.is_ready_wait:
        return ("continue", "stop")
    if info.is_paused:
        return ("resume", "stop")
    return ("pause", "stop", "rollback")
