"""The AppSpec's `permissions`, granted to what an install copies or creates.

Source: CodeDeploy User Guide, AppSpec 'permissions' section.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from codedeploy.appspec import Permission, PermissionType
from codedeploy.installation.operations import (
    Access,
    Host,
    Kind,
    MakeDirectory,
    Operation,
    Place,
)
from codedeploy.installation.patterns import EVERYTHING, fits
from codedeploy.installation.placement import absolute


class Grants:
    """Permissions of an AppSpec, applied one after the other to the operations of a plan.

    Only files that are copied and directories that are created or taken over get permissions:
    never a symbolic link, a kept file or a directory of somebody else.

    Attributes:
        operations: The plan's operations, with what was granted so far.
        problems: Combinations that cannot be right, and what the host objects to.
        warnings: Permissions that fit nothing.
    """

    def __init__(self, operations: Sequence[Operation], host: Host) -> None:
        self.operations = list(operations)
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self._host = host
        self._index = {
            operation.path: number
            for number, operation in enumerate(operations)
            if isinstance(operation, MakeDirectory)
            or (isinstance(operation, Place) and operation.entry.kind is Kind.FILE)
        }
        self._granted: dict[str, set[str]] = defaultdict(set)

    def grant(self, permission: Permission) -> None:
        """Grant one permission to all it fits; a later one wins over an earlier one."""
        paths = [path for path in self._index if self._fits(permission, path)]
        problems = [*self._host.objections(permission), *self._misuse(permission, paths)]
        self.problems += [f"permissions for {permission.object}: {each}" for each in problems]
        if not paths and not problems:
            self.warnings.append(
                f"permissions for {permission.object}: nothing that this revision installs fits "
                f"pattern {permission.pattern!r}; nothing was changed."
            )
        for path in paths:
            self._give(self._index[path], permission)

    def _misuse(self, permission: Permission, paths: Sequence[str]) -> list[str]:
        target = absolute(permission.object)
        found = []
        granted = self._granted[target]
        if twice := next((path for path in paths if path in granted), None):
            found.append(
                f"given twice, and both fit {twice}; join the two entries, or part them by type, "
                "pattern or except."
            )
        granted.update(paths)
        if self._is_file(target) and not _is_for_one_file(permission):
            found.append(
                "this object is a file, so pattern must be '**', except must be empty, type must "
                "include file, and no acl may be a default."
            )
        return found

    def _is_file(self, path: str) -> bool:
        number = self._index.get(path)
        return number is not None and isinstance(self.operations[number], Place)

    def _fits(self, permission: Permission, path: str) -> bool:
        target = absolute(permission.object)
        if path == target:
            return self._is_file(path)
        if not path.startswith(f"{target.rstrip('/')}/"):
            return False
        kind = PermissionType.FILE if self._is_file(path) else PermissionType.DIRECTORY
        name = path[len(target.rstrip("/")) + 1 :]
        return (
            kind in permission.types
            and fits(permission.pattern, name)
            and not any(fits(pattern, name) for pattern in permission.excepts)
        )

    def _give(self, number: int, permission: Permission) -> None:
        operation = self.operations[number]
        assert isinstance(operation, MakeDirectory | Place)
        access = _joined(operation.access, permission, is_file=isinstance(operation, Place))
        self.operations[number] = replace(operation, access=access)


def _joined(earlier: Access, permission: Permission, *, is_file: bool) -> Access:
    acls = [acl for acl in permission.acls if not (is_file and _is_default(acl))]
    return Access(
        mode=earlier.mode if permission.mode is None else int(permission.mode, 8),
        owner=permission.owner or earlier.owner,
        group=permission.group or earlier.group,
        acls=(*earlier.acls, *acls),
        context=_label(permission) or earlier.context,
    )


def _label(permission: Permission) -> str | None:
    context = permission.context
    if context is None:
        return None
    return f"{context.user or 'system_u'}:object_r:{context.type}:{context.range or 's0'}"


def _is_for_one_file(permission: Permission) -> bool:
    return (
        permission.pattern == EVERYTHING
        and not permission.excepts
        and PermissionType.FILE in permission.types
        and not any(_is_default(acl) for acl in permission.acls)
    )


def _is_default(acl: str) -> bool:
    return acl.split(":")[0] in ("d", "default")
