"""The content of files: copied and compared between descriptors, in pieces of bounded size."""

import errno
import os

from agent.linux import start_writing

LARGE = 1 << 20
_COPIED_AT_ONCE = 16 << 20
_READ_AT_ONCE = 1 << 20
# Another file system, or one (or a kernel, or a sandbox) that does not know the call.
_CANNOT = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM)


class opened:  # noqa: N801  # as the built-in open
    """Open a file for the length of the block; a new one is its owner's alone.

    A class, because contextlib takes four times as long and there may be 40,000 files.
    """

    __slots__ = ("_descriptor",)

    def __init__(self, path: str, flags: int) -> None:
        self._descriptor = os.open(path, flags | os.O_NOFOLLOW, 0o600)

    def __enter__(self) -> int:
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def copy_content(reads: int, writes: int, size: int) -> None:
    """Copy so many bytes; where the file system can, the copy shares its blocks with the source.

    Raises:
        OSError: The disk is full or fails, or there are fewer bytes.
    """
    done = 0
    while done < size:
        copied = _copy_some(reads, writes, min(size - done, _COPIED_AT_ONCE))
        if not copied:
            raise OSError("a file of the revision became shorter while it was installed")
        if size > LARGE:
            start_writing(writes, done, copied)
        done += copied


def _copy_some(reads: int, writes: int, count: int) -> int:
    try:
        copied = os.copy_file_range(reads, writes, count)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        copied = 0
    # Some file systems say "nothing left" where they mean that they cannot.
    return copied or os.sendfile(writes, reads, None, count)


def is_same_content(one: int, other: int, size: int) -> bool:
    """Return whether two files agree in their next `size` bytes."""
    while size:
        chunk = os.read(one, min(size, _READ_AT_ONCE))
        if not chunk or os.read(other, len(chunk)) != chunk:
            return False
        size -= len(chunk)
    return True
