"""What a layout is: how its files open, how it is recognised, and who reads and writes it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from mlcl.data.corpus import Corpus

Opening = Literal["pickle", "hdf5", "text", "folder"]


class Read(Protocol):
    """Turns an opened file into a corpus, or raises a DataError that names the place."""

    def __call__(
        self, data: Any, *, path: str | None = None, dtype: type[np.floating] = np.float32, max_bytes: int | None = None
    ) -> Corpus:
        """Read an opened file; `path` is for errors, `max_bytes` what its items may take in memory."""
        ...


class Layout(NamedTuple):
    """One on-disk layout.

    Attributes:
        name: What `Corpus.layout` says, and ``mlcl data convert --to`` where it can be written.
        opening: What `sniff` and `read` get: for ``pickle`` the object that the restricted unpickler built; for
            ``hdf5``, ``text`` (csv, json) and ``folder`` the path, to be opened within limits.
        sniff: Whether an opened file has this layout, judged by its structure. Never raises.
        read: Reads it.
        summary: Its form in a few words, for errors and help.
        write: Writes a corpus so that reading it gives the same; None for layouts that are only read.
        read_options: What `read` can be told beside, as keywords.
        write_options: What `write` can be told beside, as keywords.
    """

    name: str
    opening: Opening
    sniff: Callable[[Any], bool]
    read: Read
    summary: str
    write: Callable[[Corpus, Path], None] | None = None
    read_options: tuple[str, ...] = ()
    write_options: tuple[str, ...] = ()
