"""What each lifecycle event does on a host."""

from agent.download import download_bundle
from agent.hooks import HookRun, Place
from agent.installer import Installer
from agent.interruption import Interruption, on_thread
from agent.revisions import hooks_of, read_appspec
from codedeploy.appspec import FileExistsBehavior
from codedeploy.commands import LifecycleCommand
from codedeploy.errors import InvalidInput, RollwayError
from codedeploy.lifecycle import RESERVED, Diagnostics, LifecycleErrorCode, LifecycleEvent


class Events:
    """The lifecycle events of one deployment on this host."""

    def __init__(
        self, command: LifecycleCommand, place: Place, *, interruption: Interruption
    ) -> None:
        self._command = command
        self._place = place
        self._interruption = interruption

    async def perform(self, event: LifecycleEvent, *, may_start: bool) -> Diagnostics:
        """Do what `event` means and say how it went; a second call picks up where one was left.

        Args:
            event: Which one.
            may_start: False if the host went down in this event.

        Raises:
            Interrupted: A wish was spoken meanwhile.
        """
        try:
            return await self._perform(event, may_start=may_start)
        except (RollwayError, OSError) as error:
            return Diagnostics(error_code=LifecycleErrorCode.UNKNOWN_ERROR, message=str(error))

    async def _perform(self, event: LifecycleEvent, *, may_start: bool) -> Diagnostics:
        if event is LifecycleEvent.DOWNLOAD_BUNDLE:
            await on_thread(lambda: download_bundle(self._command, self._place.layout))
            return Diagnostics()
        if event is LifecycleEvent.INSTALL:
            return _with_warnings(await on_thread(self._install))
        if event in RESERVED:
            raise InvalidInput(f"{event} is no event of a host: the control plane carries it out.")
        hooks = hooks_of(event, self._command, layout=self._place.layout)
        run = HookRun(event, self._command, place=self._place, may_start=may_start)
        return await run.run(hooks, self._interruption)

    def _install(self) -> tuple[str, ...]:
        """Install the revision, as its AppSpec or else the deployment wants existing files treated.

        Source: CodeDeploy User Guide, AppSpec 'files' section (file_exists_behavior).
        """
        deployment = self._place.layout.deployment(self._command.deployment_id)
        group = self._place.layout.group(self._command.deployment_group_id)
        appspec = read_appspec(deployment.archive, self._command.revision.appspec_filename)
        behavior = appspec.file_exists_behavior or _behavior(self._command.file_exists_behavior)
        for directory in (group.installation, self._place.destination_root):
            directory.mkdir(parents=True, exist_ok=True)
        return Installer(group.installation, self._place.destination_root).install(
            deployment.archive,
            appspec,
            deployment_id=self._command.deployment_id,
            file_exists_behavior=behavior,
        )


def _behavior(value: str) -> FileExistsBehavior:
    try:
        return FileExistsBehavior(value.upper())
    except ValueError as error:
        allowed = ", ".join(FileExistsBehavior)
        raise InvalidInput(
            f"fileExistsBehavior is {value!r}; expected one of {allowed}."
        ) from error


def _with_warnings(warnings: tuple[str, ...]) -> Diagnostics:
    return Diagnostics(message="; ".join(("Succeeded", *warnings)))
