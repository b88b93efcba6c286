"""Files and folders: opened only where they are regular files, and written whole or not at all.

Errors of the system that are raised here name the file that the caller named, never a temporary one.
"""

import errno
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from mlcl.errors import DataError

_MAY_HAVE_HOLES = 2**30  # bytes; a smaller file is read in no time whatever it holds
_MOST_HOLES = 64  # a file system that packs files makes them smaller too, but not by so much


def open_regular(path: str | Path) -> BufferedReader:
    """Open a regular file for reading; a pipe or device, which could block for ever or never end, is an error.

    Raises:
        OSError: Naming the path: if there is no such file, it may not be read, it is no regular file, or nearly all of
            it are holes, which take no room and for ever to read.
    """
    stream = open(path, "rb", opener=_open_at_once)  # noqa: SIM115 - with an opener, and given to the caller
    status = os.fstat(stream.fileno())
    held = getattr(status, "st_blocks", status.st_size) * 512  # as POSIX counts; Windows does not say
    if not stat.S_ISREG(status.st_mode):
        reason = "is not a regular file; name a file that holds data"
    elif status.st_size > _MAY_HAVE_HOLES and status.st_size > _MOST_HOLES * held:
        reason = f"says that it has {status.st_size} bytes and holds {held}; get the file again"
    else:
        return stream
    stream.close()
    raise OSError(errno.EINVAL, reason, str(path))


def _open_at_once(name: str, flags: int) -> int:
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))  # a pipe would wait for a writer


def read_bytes(path: str | Path, most: int) -> bytes:
    """Read a regular file of at most so many bytes. Raises as `open_regular`, and if it has more."""
    with naming(path), open_regular(path) as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EOVERFLOW, f"has more than {most} bytes; is it the right file?", str(path))
    return content


def sha256(path: str | Path) -> str:
    """SHA-256 of a regular file. Raises as `open_regular`."""
    with naming(path), open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def naming(path: str | Path, *, instead_of: Path | None = None) -> Iterator[None]:
    """Give the path to errors of the system that name none, or the temporary file that stands for it."""
    try:
        yield
    except OSError as error:
        if error.filename is None or str(error.filename) == str(instead_of):
            error.strerror = error.strerror or str(error)
            error.filename = str(path)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically."""
    with replace_file(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON atomically; nan and infinities are an error."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def write_json_lines(path: Path, values: Iterable[Any]) -> None:
    """Write one JSON value a line, atomically."""
    write_text(path, "".join(json.dumps(value, allow_nan=False) + "\n" for value in values))


def write_yaml(path: Path, value: Any) -> None:
    """Write YAML atomically, keys in their order."""
    write_text(path, yaml.safe_dump(value, sort_keys=False, allow_unicode=True))


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """A temporary path to write a file to, which then takes the place of `path`; after an error nothing has changed.

    The temporary file always has the same name, so that a killed process leaves at most one.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    with naming(path, instead_of=temporary):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            _to_disk(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to fill, which stands at `path` afterwards; after an error there is nothing.

    Raises:
        DataError: If there is anything at `path`.
    """
    temporary = _beside(path)
    with naming(path, instead_of=temporary):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as stream:
                yield stream
            _to_disk(temporary)
            refuse_existing(path)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """An empty folder to fill, which stands at `path` afterwards; after an error there is nothing new.

    Raises:
        DataError: If there is anything at `path`, unless it is to `replace` that.
    """
    temporary = _beside(path, check=not replace)
    shutil.rmtree(temporary, ignore_errors=True)
    with naming(path, instead_of=temporary):
        temporary.mkdir(parents=True)
        try:
            yield temporary
            if replace:
                shutil.rmtree(path, ignore_errors=True)
            else:
                refuse_existing(path)
            temporary.replace(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def replace_files(folder: Path) -> Iterator[Path]:
    """An empty folder to fill, whose files and folders then take the places of those in `folder`, files last.

    A crash leaves whole files only.
    """
    temporary = folder.with_name(f".{folder.name}.tmp")  # always the same, as in `replace_file`
    shutil.rmtree(temporary, ignore_errors=True)
    with naming(folder, instead_of=temporary):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            temporary.mkdir()
            yield temporary
            for entry in sorted(temporary.iterdir(), key=lambda entry: (entry.is_file(), entry.name)):
                if entry.is_dir():
                    shutil.rmtree(folder / entry.name, ignore_errors=True)
                entry.replace(folder / entry.name)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def cache_folder() -> Path:
    """Where what can be made or fetched again is kept: ``$MLCL_CACHE``, else ``mlcl`` in the user's cache folder."""
    given = os.environ.get("MLCL_CACHE")
    base = Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mlcl"
    return base.expanduser()


def is_there(path: Path) -> bool:
    """Whether there is anything at `path`, a link that leads nowhere too: what it stands for is lost, not absent."""
    return os.path.lexists(path)


def refuse_existing(path: Path) -> None:
    """Raise a DataError if there is anything at `path`."""
    if is_there(path):
        raise DataError("exists already; name another place, or remove it first", path=path)


def _beside(path: Path, *, check: bool = True) -> Path:
    """A temporary place of this process alone."""
    if check:
        refuse_existing(path)
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def _to_disk(path: Path) -> None:
    with path.open("r+b") as stream:
        os.fsync(stream.fileno())
