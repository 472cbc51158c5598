"""All deployments on this host: one segment at a time, each run once however often it is asked."""

import logging

from agent.hooks import Place
from agent.installer import Installer
from agent.layout import GroupDirectory
from agent.segment import Segment
from agent.turn import Turn
from codedeploy.commands import LifecycleCommand
from codedeploy.errors import RollwayError
from codedeploy.lifecycle import LifecycleEvent

logger = logging.getLogger(__name__)

_Key = tuple[str, tuple[LifecycleEvent, ...]]


class Host:
    """Takes commands up, and hands the same segment to every attempt at the same command.

    Differs from AWS: CodeDeploy's agent lets deployments of several groups run into one another.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._turn = Turn()
        self._segments: dict[_Key, Segment] = {}

    def recover(self) -> None:
        """Finish or take back installs in which an earlier agent died.

        One that cannot be recovered now is tried again when its group is next installed.
        """
        for group in self.place.layout.groups():
            if group.installation.is_dir():
                self._recover(group)

    def _recover(self, group: GroupDirectory) -> None:
        try:
            Installer(group.installation, self.place.destination_root).recover()
        except (RollwayError, OSError) as error:
            logger.warning("%s: %s: not recovered yet: %s", self.place.name, group.path, error)

    def take_up(self, command: LifecycleCommand) -> Segment:
        """Return the segment that runs `command`, started now or by an earlier attempt."""
        key = (command.deployment_id, command.events)
        running = self._segments.get(key)
        if running is not None and not running.task.done() and not running.is_leaving:
            return running
        segment = Segment(command, self.place, turn=self._turn)
        self._segments[key] = segment
        segment.task.add_done_callback(lambda _: self._forget(key, segment))
        return segment

    def _forget(self, key: _Key, segment: Segment) -> None:
        error = segment.task.exception()  # Looked at here: nobody may be watching any more.
        if error is not None:
            self._note(key[0], error)
        if self._segments.get(key) is segment:
            del self._segments[key]

    def _note(self, deployment_id: str, error: BaseException) -> None:
        """Log why a segment ended without an outcome; what nobody expected, with its traceback."""
        is_known = isinstance(error, RollwayError | OSError)
        logger.log(
            logging.INFO if is_known else logging.ERROR,
            "%s: %s: the agent cannot go on: %s",
            self.place.name,
            deployment_id,
            error,
            exc_info=None if is_known else error,
        )
