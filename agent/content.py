"""The content of files: copied, compared and digested in pieces of bounded size."""

import errno
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

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


def copy_content(reads: int, writes: int, size: int) -> str:
    """Copy a file of so many bytes and return their digest.

    Where the file system can, the copy of a large file shares its blocks with the source.

    Raises:
        OSError: The disk is full or fails, or there are fewer bytes.
    """
    if size <= LARGE:
        return _copy_small(reads, writes, size)
    # Beside the copying, which leaves a processor idle while the disk works.
    with ThreadPoolExecutor(max_workers=1) as beside:
        digest = beside.submit(digest_of, reads, size)
        _copy_large(reads, writes, size)
        return digest.result()


def _copy_small(reads: int, writes: int, size: int) -> str:
    content = os.read(reads, size)
    if len(content) < size:
        raise _shorter()
    left = memoryview(content)
    while left:
        left = left[os.write(writes, left) :]
    return hashlib.sha256(content).hexdigest()


def _copy_large(reads: int, writes: int, size: int) -> None:
    done = 0
    while done < size:
        copied = _copy_some(reads, writes, min(size - done, _COPIED_AT_ONCE))
        if not copied:
            raise _shorter()
        start_writing(writes, done, copied)
        done += copied


def _shorter() -> OSError:
    return OSError("a file of the revision became shorter while it was installed")


def _copy_some(reads: int, writes: int, count: int) -> int:
    try:
        copied = os.copy_file_range(reads, writes, count)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        copied = 0
    # Some file systems say "nothing left" where they mean that they cannot.
    return copied or os.sendfile(writes, reads, None, count)


def digest_of(descriptor: int, size: int) -> str:
    """Return the digest of a file's first `size` bytes; where it is read next stays the same."""
    digest = hashlib.sha256()
    done = 0
    while done < size and (chunk := os.pread(descriptor, min(size - done, _READ_AT_ONCE), done)):
        digest.update(chunk)
        done += len(chunk)
    return digest.hexdigest()


def digest_of_same(one: int, other: int, size: int) -> str | None:
    """Return the digest of two files' next `size` bytes if they agree in them, otherwise None."""
    digest = hashlib.sha256()
    while size:
        chunk = os.read(one, min(size, _READ_AT_ONCE))
        if not chunk or os.read(other, len(chunk)) != chunk:
            return None
        digest.update(chunk)
        size -= len(chunk)
    return digest.hexdigest()
