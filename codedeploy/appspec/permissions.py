"""The `permissions` section of an AppSpec file for servers: owner, mode, ACL and SELinux context.

Source: CodeDeploy User Guide, AppSpec 'permissions' section.
"""

import re
from enum import StrEnum

from pydantic import Field

from codedeploy.appspec.section import Section, choice_of, text_of, texts_of
from codedeploy.appspec.security import ace_problem, range_problem
from codedeploy.document import Findings, Node
from codedeploy.wire import Model

EVERYTHING = "**"
_KEYS = ("object", "pattern", "except", "type", "owner", "group", "mode", "acls", "context")
_CONTEXT_KEYS = ("user", "name", "type", "range")
_MODE = re.compile(r"[0-7]{1,4}")
_OCTAL_TRAP = re.compile(r"0[0-7]+")
_ACCOUNT = re.compile(r"(?!-)[^:/]+")


class PermissionType(StrEnum):
    """What a permission applies to."""

    FILE = "file"
    DIRECTORY = "directory"


class SelinuxContext(Model):
    """The SELinux labels of an object."""

    user: str | None = None
    type: str
    range: str | None = None


class Permission(Model):
    """What is set on what an installation put below `object`.

    Attributes:
        object: A file or directory, absolute.
        pattern: Which names below it; `**` is every one, at any depth.
        excepts: Names that `pattern` covers and the permission does not.
        mode: Three or four octal digits.
        acls: Access control entries, as setfacl takes them.
    """

    object: str
    pattern: str = EVERYTHING
    excepts: tuple[str, ...] = Field(default=(), alias="except")
    types: tuple[PermissionType, ...] = Field(default=tuple(PermissionType), alias="type")
    owner: str | None = None
    group: str | None = None
    mode: str | None = None
    acls: tuple[str, ...] = ()
    context: SelinuxContext | None = None


def read_permission(node: Node, findings: Findings) -> Permission | None:
    """Return the permission at `node`; what is wrong becomes a finding."""
    section = Section.of(node, findings, keys=_KEYS)
    if section is None:
        return None
    types = _types(section)
    return Permission(
        object=_object(section),
        pattern=section.text("pattern") or EVERYTHING,
        excepts=texts_of(section.items("except", of="patterns"), findings),
        types=types,
        owner=account(section, "owner"),
        group=account(section, "group"),
        mode=_mode(section),
        acls=_acls(section, types),
        context=_context(section),
    )


def account(section: Section, key: str) -> str | None:
    """Return the user or group that `key` names; note a name that a command would misread."""
    entry = section.get(key)
    name = None if entry is None else text_of(entry, section.findings)
    if entry is not None and name is not None and not _ACCOUNT.fullmatch(name):
        section.findings.expected(entry, f"the name of a user or group for {key}")
    return name


def _object(section: Section) -> str:
    path = section.required_text("object")
    entry = section.get("object")
    if entry is not None and path and not path.startswith("/"):
        section.findings.expected(entry, "an absolute path")
    return path


def _types(section: Section) -> tuple[PermissionType, ...]:
    items = section.items("type", of="file, directory or both", hint="write: type: [file]")
    found = [choice_of(item, section.findings, tuple(PermissionType)) for item in items]
    kept = tuple(dict.fromkeys(PermissionType(name) for name in found if name is not None))
    return kept or tuple(PermissionType)


def _mode(section: Section) -> str | None:
    entry = section.get("mode")
    if entry is None:
        return None
    if isinstance(entry.value, int) and _OCTAL_TRAP.fullmatch(entry.written):
        section.findings.problem(
            entry,
            f"YAML reads {entry.written} without quotes as an octal number, which is "
            f'{entry.value}; write it in quotes: "{entry.written}"',
        )
        return None
    text = text_of(entry, section.findings)
    if text is not None and not _MODE.fullmatch(text):
        section.findings.expected(entry, "three or four octal digits such as 644 or 4755")
    return text and text.zfill(3)


def _acls(section: Section, types: tuple[PermissionType, ...]) -> tuple[str, ...]:
    may_be_default = PermissionType.DIRECTORY in types
    items = section.items("acls", of="access control entries")
    for item in items:
        text = text_of(item, section.findings)
        problem = text and ace_problem(text, may_be_default=may_be_default)
        if problem:
            section.findings.problem(item, problem)
    return texts_of(items, Findings(section.findings.document))


def _context(section: Section) -> SelinuxContext | None:
    entry = section.get("context")
    context = entry and Section.of(entry, section.findings, keys=_CONTEXT_KEYS)
    if not context:
        return None
    return SelinuxContext(
        user=_context_user(context), type=context.required_text("type"), range=_range(context)
    )


def _context_user(context: Section) -> str | None:
    """Return the SELinux user, which AWS's guide and its agent spell with different keys."""
    user, name = context.text("user"), context.text("name")
    if user and name:
        context.findings.problem(context.node, "user and name mean the same; keep one")
    return user or name


def _range(context: Section) -> str | None:
    entry = context.get("range")
    text = None if entry is None else text_of(entry, context.findings)
    problem = text and range_problem(text)
    if entry is not None and problem:
        context.findings.problem(entry, problem)
    return text
