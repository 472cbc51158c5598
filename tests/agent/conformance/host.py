"""A host for one conformance case: a directory with a root, a destination and bundles."""

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from agent import cli
from tests.agent.conformance.case import Case, Packed, Step, nested
from tests.agent.site import timeless
from tests.agent.trees import Node, directory, read, write

_ID = re.compile(r"d-[A-Z0-9]{9}-local")
_SECONDS = 60


class Sandbox:
    """Where the steps of one case happen.

    Attributes:
        said: What the last deployment printed, on both streams, without what varies.
    """

    def __init__(self, place: Path, case: Case) -> None:
        self._place = place
        self._case = case
        self._root = place / case.root
        self.destination = write(place / "destination", directory())
        self._bundle = place / "bundle"
        self.said = ""

    @property
    def tree(self) -> Node:
        """What is below the destination root."""
        return read(self.destination)

    @property
    def printed(self) -> tuple[str, ...]:
        """What scripts printed, a line each."""
        lines = self.said.splitlines()
        return tuple(line.removeprefix("  | ") for line in lines if line.startswith("  | "))

    @property
    def strays(self) -> set[str]:
        """What is neither the agent's root, nor the destination, nor the bundle."""
        ours = {self._case.root.split("/")[0], "destination", "bundle"}
        return {path.name for path in self._place.iterdir()} - ours

    def prepare(self, step: Step) -> None:
        """Do what happens before a step's deployment."""
        for path in step.removed:
            (self.destination / path).unlink()
        write(self.destination, nested(step.given))
        self._make_bundle(step)

    def deploy(self, step: Step) -> int:
        """Deploy as a step says and return the exit status."""
        command = [part.format_map(self._places) for part in self._command(step)]
        run = _run_process if self._case.is_process else _run_here
        status, said = run(command, self._bundle if self._bundle.is_dir() else self._place)
        self.said = self._normal(said)
        return status

    @property
    def _places(self) -> dict[str, str]:
        names = {"root": self._root, "destination": self.destination, "bundle": self._bundle}
        return {name: str(path.resolve()) for name, path in names.items()}

    def _command(self, step: Step) -> Sequence[str]:
        if step.whole_command is not None:
            return step.whole_command
        bundle = ("--bundle-location", "{bundle}", "--type", step.type)
        return (*bundle, "--root", "{root}", "--destination-root", "{destination}", *step.command)

    def _normal(self, said: str) -> str:
        for name, path in sorted(self._places.items(), key=lambda pair: -len(pair[1])):
            said = said.replace(path, f"{{{name}}}")
        return timeless(_ID.sub("d-ID", said))

    def _make_bundle(self, step: Step) -> None:
        if self._bundle.is_dir():
            shutil.rmtree(self._bundle)
        if step.type == "directory":
            write(self._bundle, nested(step.bundle))
        elif step.content is not None:
            self._bundle.write_text(step.content)
        else:
            self._bundle.write_bytes(self._archive(step))

    def _archive(self, step: Step) -> bytes:
        stream = io.BytesIO()
        if step.packed and step.type == "zip":
            _zip(step.packed, stream)
        elif step.packed:
            _tar(step.packed, stream)
        else:
            self._pack(step, stream)
        content = stream.getvalue()
        return content[: len(content) - step.cut]

    def _pack(self, step: Step, stream: io.BytesIO) -> None:
        source = write(self._place / "packing", nested(step.bundle))
        if step.type == "zip":
            with zipfile.ZipFile(stream, "w") as archive:
                for path in sorted(source.rglob("*")):
                    archive.write(path, path.relative_to(source))
        else:
            mode = "w:gz" if step.type == "tgz" else "w"
            with tarfile.open(fileobj=stream, mode=mode) as packed:  # type: ignore[call-overload]
                packed.add(source, ".")
        shutil.rmtree(source)


def _tar(members: Sequence[Packed], stream: io.BytesIO) -> None:
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for member in members:
            info = tarfile.TarInfo(member.name)
            info.mode = 0o755
            content = member.text.encode()
            if member.link is not None or member.hard_link is not None:
                info.type = tarfile.SYMTYPE if member.link is not None else tarfile.LNKTYPE
                info.linkname = member.link or member.hard_link or ""
                content = b""
            elif member.is_device:
                info.type = tarfile.CHRTYPE
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def _zip(members: Sequence[Packed], stream: io.BytesIO) -> None:
    with zipfile.ZipFile(stream, "w") as archive:
        for member in members:
            info = zipfile.ZipInfo(member.name)
            is_link = member.link is not None
            info.external_attr = (0o120777 if is_link else 0o100755) << 16
            archive.writestr(info, member.link or member.text)


def _run_here(command: Sequence[str], directory: Path) -> tuple[int, str]:
    said = io.StringIO()
    before = Path.cwd()
    os.chdir(directory)
    try:
        with redirect_stdout(said), redirect_stderr(said):
            status = cli.perform(["local", *command])
    except SystemExit as left:
        status = int(left.code or 0)
    finally:
        os.chdir(before)
    return status, said.getvalue()


def _run_process(command: Sequence[str], directory: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "agent.cli", "local", *command],
        cwd=directory,
        env={"PATH": os.environ["PATH"], "AWS_SECRET_ACCESS_KEY": "never to be seen"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout
