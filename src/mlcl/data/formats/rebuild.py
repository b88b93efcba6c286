"""Stand-ins for the few globals that a pickle of arrays needs; no pickle ever gets the real ones.

Arrays, dtypes and scalars are rebuilt here, and every size is checked against the bytes that are really there before
numpy sees it.
"""

import io
import math
import pickle
import re
import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_PACKAGES = ("numpy", "numpy.core", "numpy._core")  # where the same functions lived over the years
NAMES = frozenset(
    {(f"{package}.multiarray", name) for package in _PACKAGES for name in ("_reconstruct", "scalar")}
    | {(f"{package}.numeric", "_frombuffer") for package in _PACKAGES}
    | {("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode"), ("collections", "OrderedDict")}
    # How Python 3 writes an empty bytes object in protocol 2, and so an array without rows.
    | {("__builtin__", "bytes")}
)
_DTYPE = re.compile(r"[?bBhHiIlLqQefdg]|[biufSU][0-9]{1,9}")
_OBJECT = re.compile(r"O[48]?")  # text of different lengths, as pandas columns become arrays
_TEXT = frozenset({str, bytes, np.str_, np.bytes_})
_BYTES_PER_OBJECT = 8
_LATIN1 = ("latin1", "latin-1", "iso-8859-1")
_BYTES_PER_KEY = 8  # of an OrderedDict; a pair takes no less in the file
_CONTENT_PER_BYTE = 2  # bytes of content that the file may give per byte of its own; it has each array once
_CONTENT_MORE = 2**20
_MAX_AXES = 32
_MAX_AXIS = 2**40


class Rebuilder(pickle.Unpickler):
    """The C unpickler with globals of our own; one per file.

    Args:
        data: The whole pickle.
    """

    def __init__(self, data: bytes) -> None:
        # Buffered, so that the C code can look ahead instead of asking for each opcode.
        super().__init__(io.BufferedReader(io.BytesIO(data)), encoding="latin1")
        self._budget = _Budget(len(data))
        made: dict[str, Callable[..., object]] = {
            "_reconstruct": lambda *_: np.ndarray.__new__(_Array, (0,), np.int8),
            "_frombuffer": self._from_buffer,
            "scalar": self._scalar,
            "dtype": lambda code, *_: _DType(self._budget, code),
            "encode": self._encode,
            "OrderedDict": self._ordered_dict,
            "ndarray": _never,  # only ever named, as an argument of _reconstruct
            "bytes": lambda: b"",
        }
        self._globals = {name: _Global(call) for name, call in made.items()}

    def load(self) -> object:
        """Build the data."""
        try:
            return super().load()
        finally:
            self._globals.clear()  # what is here and in the memo refers back to this object, which holds the file
            self.memo.clear()

    def find_class(self, module: str, name: str) -> object:
        """Return our stand-in for a global."""
        if (module, name) not in NAMES:
            raise pickle.UnpicklingError(f"it names the global {module}.{name}, which is not data")
        return self._globals[name]

    def _scalar(self, dtype: object, content: object) -> object:
        kind, raw = _plain_dtype_of(dtype), self._budget.take(content)
        kind.check((), len(raw))
        return np.frombuffer(raw, kind.dtype)[0]

    def _from_buffer(self, content: object, dtype: object, shape: object, order: object, axes: object = None) -> object:
        kind = _plain_dtype_of(dtype)
        raw = self._budget.take(bytes(content) if type(content) is bytearray else content)
        sizes = kind.check(shape, len(raw))
        kind.check_text(raw)
        flat: NDArray[np.generic] = np.frombuffer(raw, kind.dtype) if raw else np.zeros(0, kind.dtype)  # read-only
        array = flat.reshape(sizes, order="F" if order == "F" else "C")
        if order == "K" and isinstance(axes, tuple):
            array = array.transpose(axes)
        return array.view(_Array)

    def _encode(self, text: object, codec: object = None) -> object:
        if not isinstance(text, str) or codec not in _LATIN1:
            raise pickle.UnpicklingError("it encodes something other than text as latin-1")
        return self._budget.take(text)

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


class _Budget:
    """How many more bytes of array content the file may give; content used many times would multiply without it."""

    def __init__(self, size: int) -> None:
        self.left = _CONTENT_PER_BYTE * size + _CONTENT_MORE

    def spend(self, num_bytes: int) -> None:
        """Account for memory."""
        self.left -= num_bytes
        if self.left < 0:
            raise pickle.UnpicklingError("its content takes far more room than the file")

    def take(self, content: object) -> bytes:
        """Array content as bytes; Python 2 wrote it as text."""
        if not isinstance(content, bytes | str):
            raise pickle.UnpicklingError(f"it has an array whose content is {type(content).__name__}, not bytes")
        self.spend(len(content))
        return content.encode("latin1") if isinstance(content, str) else content


class _DType:
    """A dtype under construction: the pickle gives its code first and its byte order later."""

    __slots__ = ("budget", "dtype")

    def __init__(self, budget: _Budget, code: object) -> None:
        if not isinstance(code, str) or not (_DTYPE.fullmatch(code) or _OBJECT.fullmatch(code)):
            shown = ascii(code)[:20] if isinstance(code, str) else type(code).__name__
            raise pickle.UnpicklingError(f"it has an array of dtype {shown}; only numbers and text are data")
        self.budget = budget
        self.dtype = np.dtype(code[0] if code[0] == "O" else code)
        if self.dtype.itemsize == 0:
            raise pickle.UnpicklingError(f"it has an array of dtype {code!r}, whose items have no bytes")

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", ">", "|", "="):
            raise pickle.UnpicklingError("it has a damaged dtype")
        self.dtype = self.dtype.newbyteorder(state[1])

    def check(self, shape: object, num_bytes: int) -> tuple[int, ...]:
        """Return `shape` if it is one and takes just as many bytes as there are."""
        if not isinstance(shape, tuple) or len(shape) > _MAX_AXES:
            raise pickle.UnpicklingError("it has an array with a damaged shape")
        if not all(isinstance(axis, int) and 0 <= axis <= _MAX_AXIS for axis in shape):
            raise pickle.UnpicklingError("it has an array with a damaged shape")
        if math.prod(shape) * self.dtype.itemsize != num_bytes:
            raise pickle.UnpicklingError(f"it has a {self.dtype} array of shape {shape} but {num_bytes} bytes for it")
        return shape

    def check_texts(self, shape: object, content: object) -> tuple[int, ...]:
        """Return `shape` if it is one and `content` is just as many texts, and nothing else."""
        if not isinstance(content, list) or not _TEXT.issuperset(map(type, content)):
            raise pickle.UnpicklingError("it has an array of objects that are not all text")
        self.budget.spend(_BYTES_PER_OBJECT * len(content))
        return self.check(shape, self.dtype.itemsize * len(content))

    def check_text(self, content: bytes) -> None:
        """Refuse text beyond Unicode: numpy makes a str of it that nothing can encode."""
        if self.dtype.kind == "U" and content:
            codes = np.frombuffer(content, np.dtype("u4").newbyteorder(self.dtype.byteorder))
            if int(codes.max()) > sys.maxunicode:
                raise pickle.UnpicklingError("it has text beyond Unicode")


class _Array(np.ndarray):
    """An array that accepts only a state whose size fits, once, and is read-only from then on."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5 or not self.flags.writeable:
            raise pickle.UnpicklingError("it has a damaged array")
        _, shape, dtype, fortran, content = state
        kind = _dtype_of(dtype)
        column_major = isinstance(fortran, int) and bool(fortran)
        if kind.dtype.hasobject:
            checked = (1, kind.check_texts(shape, content), kind.dtype, column_major, content)
        else:
            raw = kind.budget.take(content)
            checked = (1, kind.check(shape, len(raw)), kind.dtype, column_major, raw)
            kind.check_text(raw)
        super().__setstate__(checked)  # type: ignore[arg-type]  # numpy takes a plain bool
        self.flags.writeable = False


def _dtype_of(value: object) -> _DType:
    if not isinstance(value, _DType):
        raise pickle.UnpicklingError(f"it has an array whose dtype is {type(value).__name__}")
    return value


def _plain_dtype_of(value: object) -> _DType:
    """A dtype whose items are bytes: an object array over bytes would take them for addresses."""
    kind = _dtype_of(value)
    if kind.dtype.hasobject:
        raise pickle.UnpicklingError("it has objects where bytes are needed")
    return kind


def _never(*_: object) -> object:
    raise pickle.UnpicklingError("it makes an array in an unknown way")
