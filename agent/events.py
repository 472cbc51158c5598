"""What each lifecycle event does on a host."""

import logging
from dataclasses import replace

from agent.download import download_bundle
from agent.environment import FAILED_EVENT
from agent.hooks import HookRun, Place
from agent.installer import Installer
from agent.interruption import Interrupted, Interruption, on_thread
from agent.revisions import Hooks, hooks_of, read_appspec
from codedeploy.appspec import FileExistsBehavior
from codedeploy.commands import LifecycleCommand
from codedeploy.errors import InvalidInput, RollwayError
from codedeploy.lifecycle import RESERVED, Diagnostics, LifecycleErrorCode, LifecycleEvent

logger = logging.getLogger(__name__)

_SHOWN_WARNINGS, _LONGEST_WARNING = 20, 300
"""The diagnostics are part of a deployment's history, which may not grow without bounds."""


class Events:
    """The lifecycle events of one deployment on this host."""

    def __init__(
        self, command: LifecycleCommand, place: Place, *, interruption: Interruption
    ) -> None:
        self._command = command
        self._place = place
        self._interruption = interruption

    @property
    def answers_failures(self) -> bool:
        """Whether the revision is on the host and has scripts for `DeploymentFailed`.

        Differs from AWS: an extension; CodeDeploy leaves a host on which an event failed as it is.
        """
        try:
            hooks = self._hooks_of(LifecycleEvent.DEPLOYMENT_FAILED)
        except Exception:  # Whatever is wrong with it, the failed event has said so.
            return False
        return bool(hooks.scripts)

    async def perform(
        self, event: str, *, may_start: bool, after: str | None = None
    ) -> Diagnostics:
        """Do what `event` means and say how it went; a second call picks up where one was left.

        Args:
            event: Which one: a lifecycle event, or one of the place's custom events.
            may_start: False if the host went down in this event.
            after: The event whose failure `DeploymentFailed` answers; its scripts are told.

        Raises:
            Interrupted: A wish was spoken meanwhile.
        """
        try:
            return await self._perform(event, may_start=may_start, after=after)
        except Interrupted:
            raise
        # Everything, because what a revision brings about in the agent must end its event. An
        # attempt that fails otherwise is made again, and would end in the same way each time.
        except Exception as error:
            return self._failure(event, error)

    def _failure(self, event: str, error: Exception) -> Diagnostics:
        if isinstance(error, RollwayError):
            return _failed(error.message)
        if isinstance(error, OSError):
            root = self._place.layout.root
            return _failed(
                f"The agent, which works in {root}, was let down by this host: {error}. "
                "Remove the cause and deploy again."
            )
        name = type(error).__name__
        logger.error("%s: %s: %s", self._command.deployment_id, event, name, exc_info=error)
        return _failed(
            f"The agent failed in {event}, by a fault of its own ({name}: {error}). Its log says "
            "where; report it, and deploy a revision that does not bring it about."
        )

    async def _perform(self, event: str, *, may_start: bool, after: str | None) -> Diagnostics:
        if event == LifecycleEvent.DOWNLOAD_BUNDLE:
            return _with_warnings(await on_thread(self._download))
        if event == LifecycleEvent.INSTALL:
            return _with_warnings(await on_thread(self._install))
        if event in RESERVED:
            raise InvalidInput(f"{event} is no event of a host: the control plane carries it out.")
        hooks = self._hooks_of(event)
        place = self._place if after is None else _telling(self._place, after)
        run = HookRun(event, self._command, place=place, may_start=may_start)
        return await run.run(hooks, self._interruption)

    def _hooks_of(self, event: str) -> Hooks:
        place = self._place
        return hooks_of(
            event, self._command, layout=place.layout, custom_events=place.custom_events
        )

    def _download(self) -> tuple[str, ...]:
        return download_bundle(self._command, self._place, self._interruption.check)

    def _install(self) -> tuple[str, ...]:
        """Install the revision, as its AppSpec or else the deployment wants existing files treated.

        Source: CodeDeploy User Guide, AppSpec 'files' section (file_exists_behavior).
        """
        deployment = self._place.layout.deployment(self._command.deployment_id)
        group = self._place.layout.group(self._command.deployment_group_id)
        filename = self._command.revision.appspec_filename
        events = self._place.custom_events
        appspec = read_appspec(deployment.archive, filename, custom_events=events)
        behavior = appspec.file_exists_behavior or _behavior(self._command.file_exists_behavior)
        for directory in (group.installation, self._place.destination_root):
            directory.mkdir(parents=True, exist_ok=True)
        installer = Installer(
            group.installation, self._place.destination_root, check=self._interruption.check
        )
        return installer.install(
            deployment.archive,
            appspec,
            deployment_id=self._command.deployment_id,
            file_exists_behavior=behavior,
        )


def _telling(place: Place, failed: str) -> Place:
    """Return `place` with a variable that tells scripts which event failed."""
    return replace(place, environment={**place.environment, FAILED_EVENT: str(failed)})


def _behavior(value: str) -> FileExistsBehavior:
    try:
        return FileExistsBehavior(value.upper())
    except ValueError as error:
        allowed = ", ".join(FileExistsBehavior)
        raise InvalidInput(
            f"fileExistsBehavior is {value!r}; expected one of {allowed}."
        ) from error


def _failed(message: str) -> Diagnostics:
    return Diagnostics(error_code=LifecycleErrorCode.UNKNOWN_ERROR, message=message)


def _with_warnings(warnings: tuple[str, ...]) -> Diagnostics:
    shown = [warning[:_LONGEST_WARNING] for warning in warnings[:_SHOWN_WARNINGS]]
    more = len(warnings) - len(shown)
    rest = [f"and {more} more"] if more else []
    return Diagnostics(message="; ".join(["Succeeded", *shown, *rest]))
