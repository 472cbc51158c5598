"""The language of tests of one script: a revision's directory, and a recording."""

from pathlib import Path

from agent.interruption import Interruption
from agent.invocation import Invocation, command_line
from agent.limits import Limits
from agent.recording import Recording, ScriptEnd
from agent.scripts import run_script
from codedeploy.appspec import Script

QUICK = Limits(timeout_seconds=30, grace_seconds=0.5)


class Stage:
    """A revision's directory and the recording of one of its scripts."""

    def __init__(self, directory: Path) -> None:
        self.archive = directory / "a revision"
        self.archive.mkdir()
        self.recording = Recording(directory / "its recording")
        self.recording.open("script.sh")

    def write(self, text: str, name: str = "script.sh", mode: int = 0o755) -> Path:
        path = self.archive / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
        path.chmod(mode)
        return path

    def invocation(self, location: str = "script.sh", **script: object) -> Invocation:
        hook = Script.model_validate({"location": location, **script})
        environment = {"PATH": "/usr/bin:/bin", "GIVEN": "yes"}
        return Invocation(location, command_line(self.archive, hook), self.archive, environment)

    async def run(
        self,
        location: str = "script.sh",
        limits: Limits = QUICK,
        interruption: Interruption | None = None,
    ) -> ScriptEnd:
        wish = interruption or Interruption()
        return await run_script(
            self.recording, lambda: self.invocation(location), limits=limits, interruption=wish
        )

    @property
    def output(self) -> str:
        return self.recording.output.read_bytes()[: self.recording.output_bytes].decode()
