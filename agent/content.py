"""The content of files: copied, compared and recognized between descriptors, in bounded pieces."""

import errno
import hashlib
import os

from agent.linux import start_writing

MAKES_A_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL
# Should a pipe stand there, to open it must not wait for its other end.
READS = os.O_RDONLY | os.O_NONBLOCK
LARGE = 1 << 20
DIGESTED = 64 << 10
_COPIED_AT_ONCE = 16 << 20
_READ_AT_ONCE = 1 << 20
_SHORTER = "a file of the revision became shorter while it was installed"
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


def copy_content(reads: int, writes: int, size: int) -> bytes | None:
    """Copy so many bytes, and return them if they are few enough to be digested.

    Where the file system can, the copy of a large file shares its blocks with the source.

    Raises:
        OSError: The disk is full or fails, or there are fewer bytes.
    """
    if size > DIGESTED:
        _copy_large(reads, writes, size)
        return None
    content = os.read(reads, size)
    if len(content) < size:
        raise OSError(_SHORTER)
    write(writes, content)
    return content


def write(descriptor: int, content: bytes) -> None:
    """Write all of `content`."""
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def _copy_large(reads: int, writes: int, size: int) -> None:
    done = 0
    while done < size:
        copied = _copy_some(reads, writes, min(size - done, _COPIED_AT_ONCE))
        if not copied:
            raise OSError(_SHORTER)
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


def identity_of(content: bytes | None, size: int, mtime_ns: int) -> str:
    """Return by what a file is recognized: a digest, or size and time without its `content`.

    To digest a large file takes longer than to copy it. Who edits one changes its time; in whole
    seconds, because not every file system keeps more.
    """
    if content is None:
        return f"{size} bytes of {mtime_ns // 1_000_000_000}"
    return hashlib.sha256(content).hexdigest()


def digestible(descriptor: int, size: int) -> bytes | None:
    """Return the content of a file, or None if it is too large to be digested."""
    return None if size > DIGESTED else os.pread(descriptor, size, 0)
