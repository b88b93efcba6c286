"""Stand-ins for the few globals that a pickle of arrays needs; no pickle ever gets the real ones.

Arrays, dtypes and scalars are rebuilt here, and every size is checked against the bytes that are really there before
numpy sees it. Large arrays are views of the file. numpy lets a pickle make an array first and fill it later, and an
array once made cannot become a view; so a pickle with large arrays is built twice, the first time to learn what they
are.
"""

import io
import pickle
from collections.abc import Callable, Iterator, Sequence
from mmap import mmap
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlcl.safe.budget import Budget
from mlcl.safe.checked_arrays import Array, DType, Filled, budget_of, content_bytes, plain_dtype_of
from mlcl.safe.opcodes import Program

_PACKAGES = ("numpy", "numpy.core", "numpy._core")  # where the same functions lived over the years
NAMES = frozenset(
    {(f"{package}.multiarray", name) for package in _PACKAGES for name in ("_reconstruct", "scalar")}
    | {(f"{package}.numeric", "_frombuffer") for package in _PACKAGES}
    | {("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode"), ("collections", "OrderedDict")}
    # How Python 3 writes an empty bytes object in protocol 2, and so an array without rows.
    | {("__builtin__", "bytes")}
)
_LATIN1 = ("latin1", "latin-1", "iso-8859-1")
_BYTES_PER_KEY = 8  # of an OrderedDict; a pair takes no less in the file


def rebuild(data: bytes | mmap, program: Program, path: str | Path | None = None) -> object:
    """Build the data of a pickle in which `verify` has found a program.

    Raises:
        pickle.UnpicklingError: If anything in it is not plain data; damage raises other errors too.
        DataError: If its content takes far more memory than the file.
    """
    opcodes, contents = splice(data, program)
    first = Rebuilder(opcodes, contents, budget_of(path, len(data)))
    built = first.load()
    if not contents:
        return built
    arrays = first.arrays
    del built, first
    return Rebuilder(opcodes, contents, budget_of(path, len(data)), arrays=arrays).load()


class Rebuilder(pickle.Unpickler):
    """The C unpickler with globals of our own; one per file.

    Args:
        opcodes: The pickle, without the large contents of arrays.
        contents: These contents.
        budget: What the content may take.
        arrays: The arrays in the order in which they are made, when the same pickle was built before.
    """

    def __init__(
        self,
        opcodes: bytes,
        contents: Sequence[memoryview],
        budget: Budget,
        *,
        arrays: Sequence[NDArray[np.generic]] | None = None,
    ) -> None:
        # Buffered, so that the C code can look ahead instead of asking for each opcode.
        super().__init__(io.BufferedReader(io.BytesIO(opcodes)), encoding="latin1")
        self._contents = contents
        self._budget = budget
        self._known: Iterator[NDArray[np.generic]] | None = None if arrays is None else iter(arrays)
        self._made: list[Array] = []
        made: dict[str, Callable[..., object]] = {
            "_reconstruct": self._reconstruct,
            "_frombuffer": self._from_buffer,
            "scalar": self._scalar,
            "dtype": lambda code, *_: DType(self._budget, code),
            "encode": self._encode,
            "OrderedDict": self._ordered_dict,
            "ndarray": _never,  # only ever named, as an argument of _reconstruct
            "bytes": lambda: b"",
        }
        self._globals = {name: _Global(call) for name, call in made.items()}

    @property
    def arrays(self) -> list[NDArray[np.generic]]:
        """What each array that was made and then filled has become."""
        return [array.filled if isinstance(array.filled, Filled) else array.view(Filled) for array in self._made]

    def load(self) -> object:
        """Build the data."""
        try:
            return super().load()
        finally:
            self._globals.clear()  # what is here and in the memo refers back to this object, which holds the file
            self.memo.clear()

    def persistent_load(self, pid: object) -> memoryview:
        """Return the content that was taken out of the pickle under a number."""
        if not isinstance(pid, int) or not 0 <= pid < len(self._contents):
            raise pickle.UnpicklingError("it asks for content that is not in it")
        return self._contents[pid]

    def find_class(self, module: str, name: str) -> object:
        """Return our stand-in for a global."""
        if (module, name) not in NAMES:
            raise pickle.UnpicklingError(f"it names the global {module}.{name}, which is not data")
        return self._globals[name]

    def _reconstruct(self, *_: object) -> object:
        if self._known is not None:
            return next(self._known)
        self._made.append(np.ndarray.__new__(Array, (0,), np.int8))
        return self._made[-1]

    def _scalar(self, dtype: object, content: object) -> object:
        kind, raw = plain_dtype_of(dtype), content_bytes(content, self._budget)
        kind.check((), len(raw))
        return np.frombuffer(raw, kind.dtype)[0]

    def _from_buffer(self, content: object, dtype: object, shape: object, order: object, axes: object = None) -> object:
        kind = plain_dtype_of(dtype)
        raw = content_bytes(bytes(content) if type(content) is bytearray else content, self._budget)
        sizes = kind.check(shape, len(raw))
        kind.check_text(raw)
        flat: NDArray[np.generic] = np.frombuffer(raw, kind.dtype) if raw else np.zeros(0, kind.dtype)  # read-only
        array = flat.reshape(sizes, order="F" if order == "F" else "C")
        if order == "K" and isinstance(axes, tuple):
            array = array.transpose(axes)
        return array.view(Array)

    def _encode(self, text: object, codec: object = None) -> object:
        if not isinstance(text, str) or codec not in _LATIN1:
            raise pickle.UnpicklingError("it encodes something other than text as latin-1")
        return content_bytes(text, self._budget)

    def _ordered_dict(self, pairs: object = ()) -> object:
        """A plain dict: an OrderedDict would take new attributes from the pickle."""
        if not isinstance(pairs, list | tuple):
            raise pickle.UnpicklingError("it has a damaged OrderedDict")
        self._budget.spend(_BYTES_PER_KEY * len(pairs))
        made: dict[str, object] = {}
        for key, value in pairs:
            if not isinstance(key, str):
                raise pickle.UnpicklingError("it has an OrderedDict whose keys are not text")
            made[key] = value
        return made


class _Global:
    """A callable that a pickle can call but not change."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., object]) -> None:
        self._call = call

    def __call__(self, *args: object) -> object:
        return self._call(*args)

    def __setstate__(self, state: object) -> None:
        raise pickle.UnpicklingError("it changes a global")


def _never(*_: object) -> object:
    raise pickle.UnpicklingError("it makes an array in an unknown way")


def splice(data: bytes | mmap, program: Program) -> tuple[bytes, list[memoryview]]:
    """Take large contents of arrays out of a pickle.

    Args:
        data: The whole pickle, perhaps a file in which only what is looked at takes memory.
        program: What `verify` found in it.

    Returns:
        A pickle that asks for contents by persistent id, from 0, and the contents, each a view of `data`.
    """
    view = memoryview(data)
    contents = sorted((position, *span) for position, span in program.contents.items())
    asked = {
        position: (end, pickle.BININT + number.to_bytes(4, "little") + pickle.BINPERSID)
        for number, (position, _, end) in enumerate(contents)
    }
    frames = {position: (position + 9, b"") for position in program.frames}  # they count what is taken out
    pieces: list[bytes | memoryview] = []
    start = 0
    for position, (end, instead) in sorted((asked | frames).items()):
        pieces += (view[start:position], instead)
        start = end
    pieces.append(view[start:])
    return b"".join(pieces), [view[first:end] for _, first, end in contents]
