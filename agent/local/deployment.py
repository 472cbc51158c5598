"""One local deployment, from its lock to its end."""

import asyncio
import secrets
import signal
import socket
import string
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO, TypeVar

from agent.events import Events
from agent.hooks import Place
from agent.interruption import Interrupted, Interruption, Wish, on_thread
from agent.journal import Journal
from agent.layout import Layout
from agent.lifecycle import Host
from agent.local.bundle import pin
from agent.local.locations import name_of
from agent.local.narration import Narrator
from agent.local.order import custom_events
from agent.local.settings import LocalSettings
from agent.lock import exclusive
from agent.segment import Segment, complete
from codedeploy.commands import LifecycleCommand
from codedeploy.errors import Refused
from codedeploy.lifecycle import Diagnostics, LifecycleErrorCode, LifecycleEvent

T = TypeVar("T")
Results = Sequence[tuple[str, Diagnostics]]

_ID_LETTERS = string.ascii_uppercase + string.digits
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_GLANCE_SECONDS = 0.05
_STOPPED = Diagnostics(
    error_code=LifecycleErrorCode.SCRIPT_FAILED, message="The deployment was stopped by request."
)


def deploy(settings: LocalSettings, out: TextIO) -> bool:
    """Deploy to this host, tell on `out` what happens, and return whether it succeeded.

    SIGINT, SIGTERM and SIGHUP end the running script and with it the deployment.

    Raises:
        RollwayError: The deployment cannot begin, or the agent cannot keep its records.
    """
    with exclusive(settings.root):
        try:
            narrator = Narrator(Layout(settings.root).deployment(_new_id()), out)
            command = _command(settings, narrator)  # Not in the loop: Ctrl-C ends a download.
            return asyncio.run(_deploy(command, settings, narrator))
        except KeyboardInterrupt:
            raise Refused("The deployment was stopped before it began.") from None
        except OSError as error:
            raise Refused(
                f"The deployment is unfinished, because {settings.root} does not take its records: "
                f"{error}. Remove the cause and deploy again."
            ) from error


def _new_id() -> str:
    letters = "".join(secrets.choice(_ID_LETTERS) for _ in range(9))
    return f"d-{letters}-local"


def _command(settings: LocalSettings, narrator: Narrator) -> LifecycleCommand:
    if settings.revision.local_location is None:
        narrator.say(f"Fetching {name_of(settings.revision)}")
    revision = pin(
        settings.revision,
        appspec_filename=settings.appspec_filename,
        layout=Layout(settings.root),
    )
    return LifecycleCommand(
        deployment_id=narrator.deployment_id,
        deployment_group_id=settings.deployment_group,
        deployment_group_name=settings.deployment_group_name,
        application_name=settings.application_name,
        revision=revision,
        events=(),
        file_exists_behavior=settings.file_exists_behavior,
    )


async def _deploy(command: LifecycleCommand, settings: LocalSettings, narrator: Narrator) -> bool:
    place = Place(
        name=socket.gethostname(),
        layout=Layout(settings.root),
        destination_root=settings.destination_root,
        environment=settings.environment,
        custom_events=custom_events(settings.events),
        unpack_limits=settings.unpack_limits,
        most_output_bytes=settings.most_output_bytes,
    )
    name = name_of(command.revision.revision)
    narrator.say(f"{command.deployment_id}: {name} to {settings.deployment_group}")
    deployment = LocalDeployment(command, place, narrator)
    with _stopped_by_signals(deployment):
        succeeded = await deployment.run(settings.events)
    verdict = "Succeeded" if succeeded else "Failed"
    narrator.say(f"{command.deployment_id}: {verdict}. Its records are in {narrator.records}")
    return succeeded


class LocalDeployment:
    """The events of one command, each a segment of the agent's own, told as they happen.

    Args:
        command: Its events are filled in one by one.
        place: The host.
        narrator: Tells what happens.
    """

    def __init__(self, command: LifecycleCommand, place: Place, narrator: Narrator) -> None:
        self._command = command
        self._place = place
        self._narrator = narrator
        self._host = Host(place)
        self._interruption = Interruption()
        self._segment: Segment | None = None

    def stop(self) -> None:
        """End the running script, and begin no other event."""
        self._interruption.speak(Wish.STOP)
        if self._segment is not None:
            self._segment.stop()

    async def run(self, events: Sequence[str]) -> bool:
        """Run `events` until one fails, and return whether none did.

        Success makes the revision the group's last successful one.
        """
        await on_thread(self._host.recover)
        for number, event in enumerate(events, start=1):
            if not await self._succeeds(event):
                if events[number:]:
                    self._narrator.say(f"Skipped: {', '.join(events[number:])}")
                return False
        layout = self._place.layout
        journal = Journal(layout.deployment(self._command.deployment_id).journal)
        complete(self._command, layout, journal)
        return True

    async def _succeeds(self, event: str) -> bool:
        results = await self._told(self._perform(event))
        for name, diagnostics in results:
            self._narrator.verdict(name, diagnostics)
        return _is_success(results[0][1])

    async def _told(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what `work` returns, printing meanwhile.

        Printing has a thread of its own: a reader who does not read must not hold up time limits.
        """
        task = asyncio.create_task(work)
        while not task.done():
            await asyncio.wait((task,), timeout=_GLANCE_SECONDS)
            await asyncio.to_thread(self._narrator.catch_up)
        return task.result()

    async def _perform(self, event: str) -> Results:
        """Return how `event` ended and, if it failed, how the revision's answer to that did."""
        if self._interruption.wish is not None:
            return [(event, _STOPPED)]
        if event in self._place.custom_events:
            return await self._perform_custom(event)
        command = self._command.model_copy(update={"events": (LifecycleEvent(event),)})
        self._segment = self._host.take_up(command)
        with self._segment.watched():
            outcome = await self._segment.task
        return [
            (result.lifecycle_event_name, result.diagnostics or _STOPPED)
            for result in outcome.report.events
        ]

    async def _perform_custom(self, event: str) -> Results:
        events = Events(self._command, self._place, interruption=self._interruption)
        try:
            ended = [(event, await events.perform(event, may_start=True))]
            if not _is_success(ended[0][1]) and events.answers_failures:
                self._interruption.check()
                answering = LifecycleEvent.DEPLOYMENT_FAILED
                answer = await events.perform(answering, may_start=True, after=event)
                ended.append((answering, answer))
        except Interrupted:
            return [(event, _STOPPED)]
        return ended


def _is_success(diagnostics: Diagnostics) -> bool:
    return diagnostics.error_code is LifecycleErrorCode.SUCCESS


@contextmanager
def _stopped_by_signals(deployment: LocalDeployment) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, deployment.stop)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
