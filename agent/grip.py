"""Getting at what is to be changed on a host, whatever is put in its way meanwhile.

Between the look at a directory and a change in it, those who may write above it can put a link in
its place, and would lead an agent that is root to where they may not go. So the directories above
a path are opened one after the other, through no link that the plan does not follow, and the
change is made in the directory that is open then, whatever stands by now where it stood.
"""

import os
from collections.abc import Collection
from typing import Self

from agent.host_files import HostFiles
from agent.linux import path_of

_IN_THE_WAY = "a link or a file has taken a directory's place"
_OPENS = os.O_PATH | os.O_DIRECTORY


class Handle:
    """The name by which something can be changed as long as a block lasts.

    Errors in the block name it as people know it. A class, because contextlib takes four times as
    long and there may be 20,000 files.
    """

    __slots__ = ("_name", "_real")

    def __init__(self, name: str, real: str) -> None:
        self._name = name
        self._real = real

    def __enter__(self) -> str:
        return self._name

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if not isinstance(error, OSError):
            return
        if error.errno is None:
            raise OSError(f"{self._real}: {error}") from error
        if error.filename is None or _is_by_number(error.filename):
            raise OSError(error.errno, error.strerror, self._real) from error


def _is_by_number(name: object) -> bool:
    """Whether an error is about what is in an open directory, or that directory."""
    return not isinstance(name, str) or name.startswith("/proc/") or "/" not in name


class Grip:
    """Holds a directory of a host open, one at a time: changes go by directories.

    Args:
        host: Whose it is.
        followed: The links to directories that may be passed through.
    """

    def __init__(self, host: HostFiles, followed: Collection[str]) -> None:
        self._host = host
        self._followed = frozenset(followed)
        self._held = ""
        self._descriptor = os.open(host.root, _OPENS)
        self._here = path_of(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def on(self, path: str, *, makes: bool = False) -> Handle:
        """Return a handle on the file, directory or link itself that is at `path`.

        Args:
            path: A destination; no other may be asked for until the handle's block is left.
            makes: Make the directories that are missing above it.

        Raises:
            NotADirectoryError: A link, or a file, is where a directory was or was to be.
        """
        above, _, name = path.rpartition("/")
        self._hold(above, makes=makes)
        return Handle(f"{self._here}/{name}", self._host.real(path))

    def inside(self, directory: str, *, makes: bool = False) -> Handle:
        """Return a handle on a directory that is no link; otherwise as `on`."""
        self._hold(directory, makes=makes)
        return Handle(self._here, self._host.real(directory))

    def _hold(self, directory: str, *, makes: bool) -> None:
        if directory == self._held:
            return
        if not directory.startswith(f"{self._held}/"):
            self._take("", os.open(self._host.root, _OPENS))
        for name in directory[len(self._held) + 1 :].split("/") if directory else ():
            self._enter(name, makes=makes)

    def _enter(self, name: str, *, makes: bool) -> None:
        directory = f"{self._held}/{name}"
        flags = _OPENS if directory in self._followed else _OPENS | os.O_NOFOLLOW
        with Handle(name, self._host.real(directory)):
            try:
                entered = os.open(name, flags, dir_fd=self._descriptor)
            except FileNotFoundError:
                if not makes:
                    raise
                os.mkdir(name, dir_fd=self._descriptor)
                entered = os.open(name, flags, dir_fd=self._descriptor)
            except NotADirectoryError as error:
                raise NotADirectoryError(error.errno, _IN_THE_WAY, name) from error
        self._take(directory, entered)

    def _take(self, directory: str, descriptor: int) -> None:
        os.close(self._descriptor)
        self._held, self._descriptor = directory, descriptor
        self._here = path_of(descriptor)
