"""One host of the demo: a directory that an agent takes for a whole machine."""

import http.client
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from starter.demo.janitor import MARK
from starter.processes import Program
from starter.server import NAMESPACE

APPLICATION = Path(__file__).with_name("application")
_ASK_SECONDS = 5


@dataclass(frozen=True)
class DemoHost:
    """A host with a port and a file system of its own.

    Attributes:
        number: Counted from 1.
        home: The demo's directory.
        port: Where its shop listens.
    """

    number: int
    home: Path
    port: int

    @property
    def name(self) -> str:
        """The instance's name."""
        return f"web-{self.number}"

    @property
    def url(self) -> str:
        """Where a browser finds its shop."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def _file_system(self) -> Path:
        return self.home / self.name / "root"

    @property
    def _shop(self) -> Path:
        return self._file_system / "srv" / "shop"

    def furnish(self) -> None:
        """Give the host what was there before any deployment: its catalog.

        The second host's is older than the others' and has no prices.
        """
        catalog = "catalog-before-prices.json" if self.number == 2 else "catalog.json"
        self._shop.mkdir(parents=True)
        shutil.copy(APPLICATION / catalog, self._shop / "catalog.json")

    def agent(self, address: str) -> Program:
        """Return the host's agent, which connects to the Temporal server at `address`."""
        command = (
            *(sys.executable, "-P", "-m", "agent.cli", "run", "--name", self.name),
            *("--tag", "role=web", "--tag", f"zone={'ab'[self.number % 2 - 1]}"),
            *("--root", str(self.home / self.name / "agent")),
            *("--destination-root", str(self._file_system)),
            *("--env", f"SHOP_HOME={self._shop}", "--env", f"PORT={self.port}"),
            *("--env", f"PYTHON={sys.executable}", "--env", f"{MARK}={self.home}"),
            *("--address", address, "--namespace", NAMESPACE),
        )
        log = self.home / "logs" / f"{self.name}.log"
        return Program(f"agent of {self.name}", command, log)

    def ask(self, path: str) -> str:
        """Return what the host's shop answers to a GET of `path`, or why it does not."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_ASK_SECONDS)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            return f"no answer ({error})"
        finally:
            connection.close()
        return text if answer.status == http.client.OK else f"{answer.status}: {text}"


def bundle(version: str, home: Path) -> Path:
    """Return a directory with the revision `version` of the shop, ready to be deployed."""
    revision = home / "revisions" / version
    shutil.copytree(APPLICATION / "common", revision, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(APPLICATION / "versions" / version, revision, dirs_exist_ok=True)
    return revision
