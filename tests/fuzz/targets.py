"""The layouts that are fuzzed: a new one is one line of `TARGETS`."""

import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mlcl.data.corpus import Corpus

Rng = np.random.Generator
Files = dict[str, bytes]
SIZES = {"train": 2, "valid": 1}


class Target(NamedTuple):
    """One layout.

    Attributes:
        make: Small valid data from a seed, as plain dicts, lists and arrays.
        write: The files of such data by name. One file is read as such, several as a folder. May raise anything for
            data that it cannot write.
        always_error: Whether what it writes is never a data set.
        read: What reads it: a corpus, or None for what is none.
        seconds: Processor time that one may take.
    """

    make: Callable[[int], Any]
    write: Callable[[Any, Rng], Files]
    always_error: bool = False
    read: Callable[[Path], Corpus | None] | None = None
    seconds: float = 2.0


def pickled(data: Any, rng: Rng) -> Files:
    """One pickle of any protocol that files have."""
    return {"data.pkl": pickle.dumps(data, int(rng.choice((2, 4, 5))))}


def on_disk(write: Callable[[Path, Any], object], name: str) -> Callable[[Any, Rng], Files]:
    """For layouts whose writer wants a path, of a file or of a folder."""

    def files(data: Any, _: Rng) -> Files:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / name
            write(root, data)
            if root.is_file():
                return {name: root.read_bytes()}
            return {
                str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()
            }

    return files


def program(_: Any, rng: Rng) -> Files:
    """Known opcodes in random order, which reach deep into both locks of the unpickler."""
    pieces = [PIECES[index] for index in rng.integers(len(PIECES), size=rng.integers(1, 30))]
    return {"data.pkl": b"\x80\x04" + b"".join(pieces) + b"."}


PIECES = (
    b"N", b"K\x01", b"]", b")", b"}", b"(", b"t", b"\x85", b"\x86", b"\x87", b"R", b"b", b"a", b"e", b"s", b"u",
    b"l", b"d", b"\x94", b"h\x00", b"h\x01", b"h\x02", b"q\x01", b"\x8c\x05train", b"C\x01b", b"I01\n", b"F1.5\n",
    b"\x8a\x01\xff", b"\x8c\x02f4", b"\x8c\x06latin1", b"\x8c\x01<", b"B\x04\0\0\0abcd",
    b"cnumpy\nndarray\n", b"cnumpy\ndtype\n", b"c_codecs\nencode\n", b"ccollections\nOrderedDict\n",
    b"cnumpy.core.multiarray\n_reconstruct\n", b"cnumpy.core.multiarray\nscalar\n", b"c__builtin__\nbytes\n",
    b"cnumpy.core.numeric\n_frombuffer\n", b"cos\nsystem\n", b"cantigravity\nfly\n",
)  # fmt: skip
