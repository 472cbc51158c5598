"""Reading the files that people name on the command line, all of them before any is judged."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from codedeploy.application import Application
from codedeploy.configs import DeploymentConfig
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.document.reading import MOST_CHARACTERS
from codedeploy.errors import InvalidInput, ManifestInvalid
from codedeploy.manifest import Resource, parse_manifest

STANDARD_INPUT = "-"
SUFFIXES = (".yml", ".yaml", ".json")


@dataclass(frozen=True)
class SourceText:
    """The text of one file, by the name people know it by."""

    name: str
    text: str


class Unreadable(InvalidInput):
    """A file is missing, no text, too large, or a directory without manifests."""


def read_manifests(paths: Iterable[str]) -> tuple[Resource, ...]:
    """Return the resources of all files; a directory stands for the manifests in it.

    Raises:
        InvalidInput: With everything that is wrong in any of the files.
    """
    problems: list[str] = []
    found: list[tuple[str, Resource]] = []
    for path in files_of(paths, problems):
        try:
            source = read_text(path)
            resources = parse_manifest(source.text, document=source.name)
        except (Unreadable, ManifestInvalid) as error:
            problems.append(error.message)
        else:
            found += [(source.name, resource) for resource in resources]
    problems += _defined_twice(found)
    if problems:
        raise InvalidInput("\n".join(problems))
    return tuple(resource for _, resource in found)


def files_of(paths: Iterable[str], problems: list[str]) -> list[str]:
    """Return the files that `paths` stand for, each once, in order; add what is wrong."""
    files: dict[str, None] = {}
    for path in paths:
        if path != STANDARD_INPUT and Path(path).is_dir():
            inside = sorted(str(one) for one in Path(path).iterdir() if one.suffix in SUFFIXES)
            if not inside:
                problems.append(f"{path}: no file in it ends in {', '.join(SUFFIXES)}.")
            files |= dict.fromkeys(inside)
        else:
            files[path] = None
    return list(files)


def read_text(path: str) -> SourceText:
    """Return the text of `path`; `-` is standard input.

    Raises:
        Unreadable: It is missing, not to be read, too large, or no UTF-8 text.
    """
    name = "standard input" if path == STANDARD_INPUT else path
    try:
        content = _content(path)
    except OSError as error:
        raise Unreadable(f"{name}: {error.strerror or error}.") from error
    if len(content) > MOST_CHARACTERS:
        raise Unreadable(f"{name}: over {MOST_CHARACTERS:,} bytes; no document is that long.")
    try:
        return SourceText(name, content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Unreadable(f"{name}: no text in UTF-8 (byte {error.start}).") from error


def _content(path: str) -> bytes:
    """Return at most one byte more than a document may have."""
    if path == STANDARD_INPUT:
        return sys.stdin.buffer.read(MOST_CHARACTERS + 1)
    with open(path, "rb") as file:
        return file.read(MOST_CHARACTERS + 1)


def _defined_twice(found: Iterable[tuple[str, Resource]]) -> Iterator[str]:
    first: dict[str, str] = {}
    for name, resource in found:
        title = title_of(resource)
        if first.setdefault(title, name) != name:
            yield f"{name}: {title} is defined in {first[title]} as well; keep one."


def title_of(resource: Resource) -> str:
    """Return kind and name of `resource`: `deployment group shop/production`."""
    match resource:
        case DeploymentGroup():
            return f"deployment group {resource.full_name}"
        case DeploymentConfig():
            return f"deployment configuration {resource.deployment_config_name}"
        case Application():
            return f"application {resource.application_name}"
