"""Files and folders that appear whole or not at all, and never in the place of others."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mlcl.errors import DataError


def refuse_existing(path: Path) -> None:
    """Raise a DataError if there is anything at `path`."""
    if path.exists() or path.is_symlink():
        raise DataError("exists already; name another place, or remove it first", path=path)


@contextmanager
def placed_folder(path: Path) -> Iterator[Path]:
    """An empty folder to fill, which stands at `path` afterwards; after an error there is nothing.

    Raises:
        DataError: If there is anything at `path`.
    """
    refuse_existing(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        refuse_existing(path)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def placed_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to fill, which stands at `path` afterwards; after an error there is nothing. Raises as `placed_folder`."""
    refuse_existing(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with open(handle, "wb") as stream:  # noqa: PTH123 - a descriptor
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o666 & ~_umask())
        refuse_existing(path)
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
