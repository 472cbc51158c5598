"""What a local deployment is to do: flags, and the configuration of this host's agent."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from agent.configuration import DEFAULT_CONFIGURATION, Configuration, read_configuration
from agent.limits import MOST_OUTPUT_BYTES
from agent.local.locations import name_of, revision_at
from agent.local.order import DEFAULT_EVENTS, read_events
from agent.local.places import absolute, directory_at, root_dir
from agent.settings import (
    CONFIGURATION_VARIABLE,
    DEFAULT_ROOT,
    DESTINATION_ROOT_VARIABLE,
    ROOT_VARIABLE,
    s3_variables,
    unpack_limits_of,
)
from agent.unpacking import UnpackLimits
from codedeploy.appspec import FileExistsBehavior
from codedeploy.errors import InvalidInput
from codedeploy.revision import BundleType, Revision, problem_of_appspec_filename

_LONGEST_GROUP = 200


@dataclass(frozen=True)
class LocalSettings:
    """What is deployed to this host, and how.

    Attributes:
        events: In the order in which they run.
        deployment_group: The group's id; each has its own installed files and history.
        root: Where the agent keeps what it must not forget.
        destination_root: Goes before every destination of the AppSpec.
        environment: Variables given to every script.
        s3_variables: What makes AWS programs find S3.
        unpack_limits: What a bundle may grow to.
        most_output_bytes: What a script prints beyond is not kept.
    """

    revision: Revision
    events: tuple[str, ...]
    file_exists_behavior: FileExistsBehavior
    deployment_group: str
    deployment_group_name: str
    application_name: str
    appspec_filename: str
    root: Path
    destination_root: Path
    environment: Mapping[str, str]
    s3_variables: Mapping[str, str]
    unpack_limits: UnpackLimits
    most_output_bytes: int


def local_settings_of(flags: argparse.Namespace, variables: Mapping[str, str]) -> LocalSettings:
    """Return the settings that `flags`, and the configuration of this host's agent, make.

    Raises:
        InvalidInput: A flag or a file it names is wrong.
    """
    configuration = _configuration(variables)
    bundle_type = BundleType(flags.type) if flags.type else None
    revision = revision_at(flags.bundle_location, bundle_type)
    return LocalSettings(
        revision=revision,
        events=DEFAULT_EVENTS if flags.events is None else read_events(flags.events),
        file_exists_behavior=FileExistsBehavior(flags.file_exists_behavior),
        deployment_group=_group(flags.deployment_group),
        deployment_group_name=_word(flags.deployment_group_name, "--deployment-group-name"),
        application_name=_word(flags.application_name or name_of(revision), "--application-name"),
        appspec_filename=_appspec_filename(flags.appspec_filename),
        root=directory_at(_root(flags, variables, configuration), "--root"),
        destination_root=directory_at(
            flags.destination_root
            or variables.get(DESTINATION_ROOT_VARIABLE)
            or configuration.destination_root
            or "/",
            "--destination-root",
        ),
        environment=configuration.env,
        s3_variables=s3_variables(configuration, variables),
        unpack_limits=unpack_limits_of(configuration),
        most_output_bytes=configuration.most_output_bytes or MOST_OUTPUT_BYTES,
    )


def _configuration(variables: Mapping[str, str]) -> Configuration:
    """Return what the agent of this host is configured to, so that both work the same way."""
    named = variables.get(CONFIGURATION_VARIABLE)
    return read_configuration(Path(named or DEFAULT_CONFIGURATION), must_exist=bool(named))


def _group(name: str) -> str:
    _word(name, "--deployment-group")
    if not name.strip() or len(quote(name, safe="")) > _LONGEST_GROUP:
        raise InvalidInput(
            f"--deployment-group: expected 1 to {_LONGEST_GROUP} characters, found {len(name)}."
        )
    return name


def _word(text: str, flag: str) -> str:
    """Return `text` if a script can find it in a variable, and a line can show it."""
    if not text.isprintable():
        raise InvalidInput(f"{flag}: {text!r} has characters that cannot be shown.")
    return text


def _appspec_filename(name: str) -> str:
    if problem := problem_of_appspec_filename(name):
        raise InvalidInput(f"--appspec-filename: {problem}.")
    return name


def _root(
    flags: argparse.Namespace, variables: Mapping[str, str], configuration: Configuration
) -> str:
    if flags.root:
        return str(flags.root)
    if flags.agent_configuration_file:
        return root_dir(absolute(flags.agent_configuration_file))
    return variables.get(ROOT_VARIABLE) or configuration.root or DEFAULT_ROOT
