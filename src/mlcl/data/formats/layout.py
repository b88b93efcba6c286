"""What a layout is: how its files open, how it is recognised, and who reads and writes it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from mlcl.data.corpus import Corpus

Opening = Literal["pickle", "hdf5", "text", "folder"]


class Layout(NamedTuple):
    """One on-disk layout.

    Attributes:
        name: What `Corpus.layout` says, and ``mlcl data convert --to`` where it can be written.
        opening: What `sniff` and `read` get: for ``pickle`` the object that the restricted unpickler built; for
            ``hdf5``, ``text`` (csv, json) and ``folder`` the path, to be opened within limits.
        sniff: Whether an opened file has this layout, judged by its structure. Never raises.
        read: ``read(data, source)`` turns what the file opened as into a corpus, or raises a DataError that names the
            place; `source` is how errors name the file, the type of rows, and the memory that is left.
        summary: Its form in a few words, for errors and help.
        write: Writes a corpus so that reading it gives the same; None for layouts that are only read.
        read_options: What `read` can be told beside, as keywords.
        write_options: What `write` can be told beside, as keywords.
        wishes: What readers that can be told it are told of a file that is converted to this layout.
    """

    name: str
    opening: Opening
    sniff: Callable[[Any], bool]
    read: Callable[..., Corpus]
    summary: str
    write: Callable[[Corpus, Path], None] | None = None
    read_options: tuple[str, ...] = ()
    write_options: tuple[str, ...] = ()
    wishes: Mapping[str, object] = MappingProxyType({})
