"""The scripts of one lifecycle event, one after another until one fails."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agent.environment import script_environment, warnings
from agent.interruption import Interruption
from agent.invocation import Invocation, command_line, user_of
from agent.layout import Layout
from agent.limits import KILL_AFTER_SECONDS, MOST_OUTPUT_BYTES, Limits
from agent.output import last_line
from agent.recording import Recording, ScriptEnd
from agent.revisions import Hooks
from agent.scripts import run_script
from agent.unpacking import UnpackLimits
from codedeploy.appspec import Script
from codedeploy.commands import LifecycleCommand
from codedeploy.lifecycle import Diagnostics, LifecycleErrorCode


@dataclass(frozen=True)
class Place:
    """The host as a deployment finds it.

    Attributes:
        name: The instance's name.
        destination_root: Goes before every destination of an AppSpec.
        environment: Variables that the host gives to every script.
        custom_events: Names that an AppSpec's hooks may have besides those of lifecycle events; no
            command from the control plane runs them.
        grace_seconds: From TERM to KILL.
        unpack_limits: What a bundle may grow to.
        most_output_bytes: What a script prints beyond is not kept.
    """

    name: str
    layout: Layout
    destination_root: Path = Path("/")
    environment: Mapping[str, str] = field(default_factory=dict)
    custom_events: tuple[str, ...] = ()
    grace_seconds: float = KILL_AFTER_SECONDS
    unpack_limits: UnpackLimits = field(default_factory=UnpackLimits)
    most_output_bytes: int = MOST_OUTPUT_BYTES


class HookRun:
    """One event's scripts on this host.

    Args:
        event: The event that runs them.
        command: The deployment's command.
        place: The host.
        may_start: False if the host went down in this event: what then ran left no certain trace.
    """

    def __init__(
        self, event: str, command: LifecycleCommand, *, place: Place, may_start: bool
    ) -> None:
        self._event = event
        self._command = command
        self._place = place
        self._may_start = may_start
        self._deployment = place.layout.deployment(command.deployment_id)

    async def run(self, hooks: Hooks, interruption: Interruption) -> Diagnostics:
        """Run the scripts in order and say how it went.

        Raises:
            Interrupted: A wish was spoken; scripts that run go on running if it was to leave.
        """
        recording = None
        for number, script in enumerate(hooks.scripts, start=1):
            recording = Recording(self._deployment.script(self._event, number))
            end = await self._run_one(
                script, recording, archive=hooks.archive, interruption=interruption
            )
            if end.error_code is not LifecycleErrorCode.SUCCESS:
                return self._failure(script, end, ending=recording.tail)
        return self._success(hooks, recording)

    async def _run_one(
        self, script: Script, recording: Recording, *, archive: Path, interruption: Interruption
    ) -> ScriptEnd:
        recording.open(script.location)
        limits = Limits(
            script.timeout_seconds,
            self._place.grace_seconds,
            may_start=self._may_start,
            output_bytes=self._place.most_output_bytes,
        )
        return await run_script(
            recording,
            lambda: self._invocation(script, archive),
            limits=limits,
            interruption=interruption,
        )

    def _invocation(self, script: Script, archive: Path) -> Invocation:
        environment = script_environment(
            self._command, self._event, user=user_of(script), host=self._place.environment
        )
        command = command_line(archive, script)
        return Invocation(script.location, command, archive, environment)

    def _failure(self, script: Script, end: ScriptEnd, *, ending: str) -> Diagnostics:
        line = last_line(ending)
        said = f' Last output: "{line}".' if line else ""
        sentence = f"{script.location} ({self._event}) {end.phrase.rstrip('.')}."
        return Diagnostics(
            error_code=end.error_code,
            script_name=script.location,
            message=f"{sentence}{said}",
            log_tail=ending,
        )

    def _success(self, hooks: Hooks, last: Recording | None) -> Diagnostics:
        remarks = [hooks.remark] if hooks.remark else []
        if hooks.scripts:
            remarks += warnings(self._command)
        return Diagnostics(
            message="; ".join(("Succeeded", *remarks)), log_tail=last.tail if last else ""
        )
