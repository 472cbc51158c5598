"""The revisions a host has unpacked, and which of them an event takes its scripts from."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from agent.host_age import Moment, now
from agent.layout import DeploymentDirectory, Layout, make_open, write_durably
from codedeploy.appspec import MOST_BYTES, Script, ServerAppSpec, parse_server
from codedeploy.commands import LifecycleCommand
from codedeploy.errors import InvalidRevision, RollwayError
from codedeploy.lifecycle import ScriptSource, script_source
from codedeploy.wire import Model

_BLUE_GREEN_ROLLBACK = ("BLUE_GREEN", "codeDeployRollback")
_APPSPEC_NAMES = ("appspec.yml", "appspec.yaml")


class DeploymentCard(Model):
    """Whose deployment a directory belongs to.

    Attributes:
        sha256: Digest of its bundle.
        time: When it came, for people; clocks jump.
        moment: When it came, on the host's own clock.
    """

    deployment_group_id: str
    label: str
    sha256: str
    appspec_filename: str
    time: datetime
    moment: Moment = Moment()

    @classmethod
    def of(cls, command: LifecycleCommand, moment: Moment) -> "DeploymentCard":
        """Return the card of the deployment that `command` belongs to, which comes at `moment`."""
        return cls(
            deployment_group_id=command.deployment_group_id,
            label=command.revision.label,
            sha256=command.revision.sha256,
            appspec_filename=command.revision.appspec_filename,
            time=datetime.now(UTC),
            moment=moment,
        )


def read_card(deployment: DeploymentDirectory) -> DeploymentCard | None:
    """Return the card of a deployment; None if it has none that can be read."""
    try:
        return DeploymentCard.model_validate_json(deployment.card.read_bytes())
    except (OSError, ValueError):
        return None


def write_card(layout: Layout, command: LifecycleCommand) -> None:
    """Make the directory of a deployment say whose it is."""
    deployment = layout.deployment(command.deployment_id)
    if not deployment.card.exists():
        cards = map(read_card, layout.deployments())
        moment = now(card.moment for card in cards if card is not None)
        make_open(deployment.path)
        write_durably(deployment.card, DeploymentCard.of(command, moment).model_dump_json())


@dataclass(frozen=True)
class Hooks:
    """The scripts of one event, and the revision they are part of.

    Attributes:
        remark: Why there are none although there should have been.
    """

    archive: Path
    scripts: tuple[Script, ...] = field(default=())
    remark: str = ""


def read_appspec(
    archive: Path, filename: str, *, custom_events: tuple[str, ...] = ()
) -> ServerAppSpec:
    """Return the AppSpec of an unpacked revision.

    Raises:
        RollwayError: There is none, or it breaks rules.
    """
    names = dict.fromkeys((filename, *_APPSPEC_NAMES))
    for path in (archive / name for name in names):
        if path.is_file() and path.resolve().is_relative_to(archive.resolve()):
            return _parsed(_text(path), path.name, custom_events)
    raise InvalidRevision(
        f"The revision has no AppSpec file: looked for {' and '.join(names)} at its root. "
        "Add one, or name it with --appspec-filename."
    )


def _text(path: Path) -> str:
    with path.open("rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise InvalidRevision(f"The revision's {path.name} is over a megabyte: no AppSpec is.")
    return content.decode("utf-8", "replace")


@lru_cache(maxsize=16)
def _parsed(text: str, filename: str, custom_events: tuple[str, ...]) -> ServerAppSpec:
    """Return what `text` says; every event of a deployment asks, and parsing takes milliseconds."""
    return parse_server(text, filename=filename, custom_events=custom_events)


def hooks_of(
    event: str,
    command: LifecycleCommand,
    *,
    layout: Layout,
    custom_events: tuple[str, ...] = (),
) -> Hooks:
    """Return the scripts that `event` runs: once the current revision is unpacked, always its own.

    Raises:
        RollwayError: The current revision's AppSpec is missing or breaks rules.

    Differs from AWS: an older revision that is gone is a remark, not a failure that blocks every
    later deployment of the group.
    """
    kind = (command.deployment_type, command.deployment_creator)
    source = script_source(event, is_blue_green_rollback=kind == _BLUE_GREEN_ROLLBACK)
    archive = layout.deployment(command.deployment_id).archive
    if source is not ScriptSource.CURRENT and not archive.is_dir():
        return _hooks_of_older(event, command, source=source, layout=layout)
    filename = command.revision.appspec_filename
    appspec = read_appspec(archive, filename, custom_events=custom_events)
    return Hooks(archive, appspec.scripts(event))


def _hooks_of_older(
    event: str, command: LifecycleCommand, *, source: ScriptSource, layout: Layout
) -> Hooks:
    older_id = layout.group(command.deployment_group_id).pointer(source)
    if older_id is None:
        return Hooks(layout.root)
    older = layout.deployment(older_id)
    card = read_card(older)
    try:
        appspec = read_appspec(older.archive, card.appspec_filename if card else _APPSPEC_NAMES[0])
    except (RollwayError, OSError) as error:
        remark = f"the {source} revision ({older_id}) cannot be read, so none of its scripts ran"
        return Hooks(older.archive, remark=f"{remark}: {error}")
    return Hooks(older.archive, appspec.scripts(event))
