"""When workers must die: decreed by tests, obeyed by workers.

A fate belongs to a deployment, or to a deployment group. The activity that it names kills its
worker, once: whoever comes there again passes.
"""

import asyncio
import os
import signal
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple


class Side(StrEnum):
    """Where an activity is struck: its work has not begun, or is done and not yet reported."""

    BEFORE = "before"
    AFTER = "after"


class Step(NamedTuple):
    """One activity of a deployment, or of a group.

    Attributes:
        key: Its id in its workflow: `7`, or `termination/1`. Equal deployments have equal keys.
    """

    key: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.key})"


class Fate(NamedTuple):
    """Where a deployment kills its worker."""

    side: Side
    key: str


def owner_and_key(workflow_id: str, activity_id: str, activity_type: str) -> tuple[str, str]:
    """Return the deployment, or deployment group, that an activity belongs to, and its key there.

    A deployment does the same things under the same ids. What a group does, and how often, depends
    on the time it takes: that goes by name.
    """
    if workflow_id.startswith("deployment-group/"):
        _, _, group, *part = workflow_id.split("/")
        return group, "/".join([*part, activity_type])
    deployment_id, _, key = f"{workflow_id}/{activity_id}".partition("/")
    return deployment_id, key


class Fates:
    """The fates of all deployments: a file each, and another one once it is met."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def decree(self, deployment_id: str, fate: Fate) -> None:
        """Let a deployment, which has not begun, kill its worker."""
        (self._directory / deployment_id).write_text(" ".join(fate))

    def of(self, deployment_id: str) -> Fate | None:
        """Return the fate of a deployment, if it has one."""
        with suppress(FileNotFoundError):
            side, key = (self._directory / deployment_id).read_text().split()
            return Fate(Side(side), key)
        return None

    def meet(self, deployment_id: str) -> None:
        """Kill this process, unless the deployment has killed one before."""
        with suppress(FileExistsError):
            self._met(deployment_id).touch(exist_ok=False)
            os.kill(os.getpid(), signal.SIGKILL)

    async def until_met(self, deployment_id: str) -> None:
        """Wait until a deployment has killed its worker."""
        while not self._met(deployment_id).exists():
            await asyncio.sleep(0.02)

    def _met(self, deployment_id: str) -> Path:
        return self._directory / f"{deployment_id}.met"
