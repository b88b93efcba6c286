"""One process at a time works on a folder; a process that dies leaves it free."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlcl.errors import RunError


@contextmanager
def alone_in(folder: Path, what: str) -> Iterator[int]:
    """Hold a folder, which must exist, against other processes of this package.

    The folder itself is locked, so nothing is left in it. File systems that lock no folders (some network ones) are
    not refused: there the caller is on its own.

    Args:
        folder: What is held.
        what: What the other process does with it, for the error: "is training into".

    Yields:
        The descriptor that holds the lock; a child that inherits it holds the folder too.

    Raises:
        RunError: If another process holds it.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise RunError(f"{folder}: another process {what} it; wait for it, or stop it") from None
        yield handle
    finally:
        os.close(handle)
