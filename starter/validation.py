"""Judging AppSpec files, bundles and manifests where they lie, without a server."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from activities.bundle_contents import APPSPEC_NAMES, BundleContents
from codedeploy.application import ComputePlatform
from codedeploy.appspec import AppSpec, ServerAppSpec, parse, readings
from codedeploy.document import Findings, Node, read_all
from codedeploy.errors import InvalidInput, InvalidRevision, ManifestInvalid
from codedeploy.manifest import parse_manifest
from codedeploy.revision import bundle_type_of
from starter.documents_on_disk import (
    STANDARD_INPUT,
    SourceText,
    Unreadable,
    files_of,
    read_text,
    title_of,
)

_APPSPEC_KEYS = frozenset({"os", "files", "hooks", "permissions", "resources"})


@dataclass(frozen=True)
class Verdict:
    """What was found in one file.

    Attributes:
        holds: What it is, in words; empty if that could not be told.
        problems: Why it is refused; empty if it is valid.
        warnings: What it says in vain.
    """

    name: str
    holds: str = ""
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def validate_path(path: str, platform: ComputePlatform | None) -> list[Verdict]:
    """Return the verdicts on a file, `-`, a bundle's directory, an archive, or manifests.

    AppSpec files are read by the rules of `platform`; None guesses it from what they hold.
    """
    if path == STANDARD_INPUT or not Path(path).is_dir():
        return [_judged(path, platform)]
    appspec = next((Path(path, name) for name in APPSPEC_NAMES if Path(path, name).exists()), None)
    if appspec is not None:
        return [_judged(str(appspec), platform, bundle=Path(path))]
    problems: list[str] = []
    verdicts = [_judged(file, platform) for file in files_of([path], problems)]
    return verdicts or [Verdict(path, problems=(f"{problems[0]} Nor is there an appspec.yml.",))]


def _judged(path: str, platform: ComputePlatform | None, bundle: Path | None = None) -> Verdict:
    try:
        if path != STANDARD_INPUT and bundle_type_of(path):
            return _archive(path)
        source = read_text(path)
        root = read_all(source.text, Findings(source.name))[0]
        if _is_appspec(source, root):
            return _appspec(source, platform or guessed_platform(root), bundle)
        resources = parse_manifest(source.text, document=source.name)
    except ManifestInvalid as error:
        return Verdict(error.document, problems=error.problems)
    except (Unreadable, InvalidRevision) as error:
        return Verdict(path, problems=(error.message,))
    return Verdict(source.name, holds=", ".join(title_of(resource) for resource in resources))


def _archive(path: str) -> Verdict:
    form = bundle_type_of(path)
    if form is None or not Path(path).is_file():
        raise InvalidRevision(f"There is no file {path}.")
    filename, appspec = BundleContents(Path(path), form, label=path).appspec()
    return Verdict(path, holds=f"bundle with {filename}", warnings=appspec.warnings)


def _appspec(source: SourceText, platform: ComputePlatform, bundle: Path | None) -> Verdict:
    appspec = parse(source.text, platform, filename=source.name)
    missing = tuple(_missing(appspec, bundle)) if bundle else ()
    return Verdict(
        source.name,
        holds=f"AppSpec file for {platform}",
        problems=missing,
        warnings=appspec.warnings,
    )


def _missing(appspec: AppSpec, bundle: Path) -> Iterator[str]:
    """Yield what the AppSpec file names and the bundle lacks."""
    if not isinstance(appspec, ServerAppSpec):
        return
    for mapping in appspec.files:
        if not (bundle / mapping.path).exists():
            yield f"files: {mapping.source} is not in {bundle}"
    for event, scripts in appspec.hooks.items():
        for script in scripts:
            if not any((bundle / path).is_file() for path, _ in readings(script.location)):
                yield f"hooks: {event}: {script.location} is not in {bundle}"


def _is_appspec(source: SourceText, root: Node) -> bool:
    if Path(source.name).name.lower().startswith("appspec"):
        return True
    keys = _keys(root)
    return "version" in keys and bool(keys & _APPSPEC_KEYS)


def guessed_platform(root: Node) -> ComputePlatform:
    """Return whose AppSpec file `root` most probably is, by its resources."""
    if not isinstance(root.value, dict) or "resources" not in _keys(root):
        return ComputePlatform.SERVER
    kinds = _resource_types(root)
    return ComputePlatform.ECS if "AWS::ECS::Service" in kinds else ComputePlatform.LAMBDA


def _keys(node: Node) -> set[str]:
    return {key.lower() for key in node.value} if isinstance(node.value, dict) else set()


def _resource_types(root: Node) -> set[object]:
    """Return every `Type` below the resources, however they are nested."""
    entries = root.value if isinstance(root.value, dict) else {}
    resources = next((node for key, node in entries.items() if key.lower() == "resources"), root)
    return set(_types(resources))


def _types(node: Node) -> Iterator[object]:
    match node.value:
        case dict() as entries:
            for key, value in entries.items():
                if key.lower() == "type":
                    yield value.value
                yield from _types(value)
        case tuple() as items:
            for item in items:
                yield from _types(item)


def check_all(verdicts: list[Verdict]) -> None:
    """Pass if nothing is refused.

    Raises:
        InvalidInput: With the number of files that have problems.
    """
    refused = sum(bool(verdict.problems) for verdict in verdicts)
    if refused:
        raise InvalidInput(f"{refused} of {len(verdicts)} files must be corrected.")
