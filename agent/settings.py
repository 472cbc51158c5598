"""How one agent runs: its configuration file, then the environment, then flags; the last wins."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agent.configuration import DEFAULT_CONFIGURATION, Configuration, read_configuration
from agent.identity import Identity, identity_of
from agent.limits import MOST_OUTPUT_BYTES
from agent.unpacking import UnpackLimits
from codedeploy.application import check_name
from codedeploy.errors import InvalidInput
from codedeploy.instance import Tag

DEFAULT_ROOT = "/var/lib/rollway-agent"

CONFIGURATION_VARIABLE = "ROLLWAY_AGENT_CONFIG"
NAME_VARIABLE = "ROLLWAY_AGENT_NAME"
ROOT_VARIABLE = "ROLLWAY_AGENT_ROOT"
DESTINATION_ROOT_VARIABLE = "ROLLWAY_AGENT_DESTINATION_ROOT"


_ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


@dataclass(frozen=True)
class Settings:
    """How one agent runs.

    Attributes:
        name: The instance's name, by which deployments know it.
        root: Where the agent keeps what it must not forget.
        destination_root: Goes before every destination of an AppSpec.
        environment: Variables given to every script.
        address: Of the Temporal server; None leaves it to Temporal's own configuration.
        namespace: None leaves it to Temporal's own configuration.
        configuration: The configuration file, whose server counts if nobody names another.
        unpack_limits: What a bundle may grow to.
        most_output_bytes: What a script prints beyond is not kept.
    """

    name: str
    root: Path
    tags: tuple[Tag, ...] = ()
    destination_root: Path = Path("/")
    environment: Mapping[str, str] = field(default_factory=dict)
    address: str | None = None
    namespace: str | None = None
    configuration: Configuration = field(default_factory=Configuration)
    unpack_limits: UnpackLimits = field(default_factory=UnpackLimits)
    most_output_bytes: int = MOST_OUTPUT_BYTES


def settings_of(
    flags: argparse.Namespace,
    variables: Mapping[str, str],
    *,
    identify: Callable[[str | None], Identity] = identity_of,
) -> Settings:
    """Return the settings that `flags`, environment `variables` and the file they name make.

    Raises:
        RollwayError: The file or a variable is wrong, or the host cannot be identified.
    """
    configuration = _configuration(flags, variables)
    name = flags.name or _named(variables) or configuration.name
    identity = identify(name)
    tags = {**identity.tags, **configuration.tags, **dict(flags.tag)}
    return Settings(
        name=identity.name,
        root=_place(flags.root, variables.get(ROOT_VARIABLE), configuration.root or DEFAULT_ROOT),
        tags=tuple(Tag(key=key, value=value) for key, value in tags.items()),
        destination_root=_place(
            flags.destination_root,
            variables.get(DESTINATION_ROOT_VARIABLE),
            configuration.destination_root or "/",
        ),
        environment={**configuration.env, **dict(flags.env)},
        address=flags.address,
        namespace=flags.namespace,
        configuration=configuration,
        unpack_limits=unpack_limits_of(configuration),
        most_output_bytes=configuration.most_output_bytes or MOST_OUTPUT_BYTES,
    )


def s3_variables(configuration: Configuration, variables: Mapping[str, str]) -> dict[str, str]:
    """Return what makes AWS programs find S3 where the file says, if `variables` do not say it."""
    said = (
        (_ENDPOINT_VARIABLES, configuration.s3_endpoint),
        (_REGION_VARIABLES, configuration.s3_region),
    )
    return {
        names[0]: value
        for names, value in said
        if value is not None and not any(variables.get(name) for name in names)
    }


def unpack_limits_of(configuration: Configuration) -> UnpackLimits:
    """Return what a bundle may grow to."""
    default = UnpackLimits()
    return UnpackLimits(
        total_bytes=configuration.most_unpacked_bytes or default.total_bytes,
        members=configuration.most_unpacked_members or default.members,
    )


def _configuration(flags: argparse.Namespace, variables: Mapping[str, str]) -> Configuration:
    named = flags.config or variables.get(CONFIGURATION_VARIABLE)
    path = Path(named).absolute() if named else DEFAULT_CONFIGURATION
    return read_configuration(path, must_exist=bool(named))


def _named(variables: Mapping[str, str]) -> str | None:
    name = variables.get(NAME_VARIABLE)
    return check_name(name, of=NAME_VARIABLE) if name else None


def _place(flag: Path | None, variable: str | None, configured: str) -> Path:
    return flag or directory(variable or configured)


def directory(text: str) -> Path:
    """Return `text` as an absolute path; the directory is made later, when all else is right.

    Raises:
        InvalidInput: Something else is there.
    """
    path = Path(text).absolute()
    if path.exists() and not path.is_dir():
        raise InvalidInput(f"{path} is no directory")
    return path
