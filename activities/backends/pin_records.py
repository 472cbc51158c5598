"""What was found in bundles that hosts fetch by themselves, so that each is looked into once."""

import hashlib
from pathlib import Path
from tempfile import NamedTemporaryFile

from codedeploy.wire import Model


class PinRecord(Model):
    """A bundle's digest and what its AppSpec says."""

    sha256: str
    size_bytes: int
    appspec_filename: str
    hook_timeout_seconds: dict[str, int]


class PinRecords:
    """Records by what identifies a bundle: its address and its version there.

    Removing the directory loses nothing but time.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def find(self, identity: str) -> PinRecord | None:
        """Return what is known of a bundle; an unreadable record is none."""
        try:
            return PinRecord.model_validate_json(self._place(identity).read_bytes())
        except (OSError, ValueError):
            return None

    def remember(self, identity: str, record: PinRecord) -> None:
        """Keep a record for the next time."""
        self._directory.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=self._directory, suffix=".new", delete=False) as stream:
            stream.write(record.model_dump_json())
        Path(stream.name).replace(self._place(identity))

    def _place(self, identity: str) -> Path:
        return self._directory / f"{hashlib.sha256(identity.encode()).hexdigest()}.json"
