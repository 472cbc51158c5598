"""System calls of Linux that Python does not offer.

Where the kernel, the C library or the file system does not know one, the caller is told, or does
without: none of them is needed for an install to be right.
"""

# Paths are strings here, and pathlib is left out, because there may be 20,000 of them.
# ruff: noqa: PTH104

import ctypes
import errno
import os
from functools import cache

_RELATIVE_TO_HERE = -100  # AT_FDCWD in <fcntl.h>
_ONLY_IF_FREE = 1  # RENAME_NOREPLACE in <linux/fs.h>
_EXCHANGE = 2  # RENAME_EXCHANGE in <linux/fs.h>
_START_WRITING = 2  # SYNC_FILE_RANGE_WRITE in <linux/fs.h>


def path_of(descriptor: int) -> str:
    """Return a path to an open file or directory, which also others of the same user can use.

    It leads there whatever has become of the name under which it was opened.
    """
    return f"/proc/{os.getpid()}/fd/{descriptor}"


def start_writing(descriptor: int, offset: int, length: int) -> None:
    """Have the disk begin on a stretch of a file, so that a sync later has little left to do."""
    stretch = ctypes.c_int64(offset), ctypes.c_int64(length)
    _libc().sync_file_range(descriptor, *stretch, ctypes.c_uint(_START_WRITING))


def sync_file_system(descriptor: int) -> None:
    """Return when everything written to the file system of `descriptor` is on the disk.

    Raises:
        OSError: Something could not be written since the descriptor was opened.
    """
    if _libc().syncfs(descriptor) == 0:
        return
    number = ctypes.get_errno()
    if number != errno.ENOSYS:
        raise OSError(number, f"the disk did not take what was written: {os.strerror(number)}")
    os.sync()


def exchange(one: str, other: str) -> bool:
    """Let two paths change places in one step; return whether they did."""
    return _rename(one, other, _EXCHANGE) == 0


def rename_to_free(path: str, free: str) -> None:
    """Rename a file or link to where nothing stands.

    Raises:
        FileExistsError: Something does.
    """
    number = _rename(path, free, _ONLY_IF_FREE)
    if number in (errno.EINVAL, errno.ENOSYS):
        # A file system that cannot: to look first is the best that is left.
        number = errno.EEXIST if os.path.lexists(free) else 0
        if not number:
            os.rename(path, free)
    if number:
        raise OSError(number, os.strerror(number), free)


def _rename(one: str, other: str, flags: int) -> int:
    """Return the number of the error, 0 if there was none."""
    paths = os.fsencode(one), os.fsencode(other)
    here = _RELATIVE_TO_HERE
    try:
        done = _libc().renameat2(here, paths[0], here, paths[1], flags)
    except AttributeError:
        return errno.ENOSYS  # A C library older than glibc 2.28.
    return ctypes.get_errno() if done else 0


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
