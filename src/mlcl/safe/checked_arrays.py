"""Dtypes and arrays as a pickle makes them, with every size checked before numpy sees it."""

import math
import pickle
import re
import sys
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mlcl.safe.budget import Budget

_DTYPE = re.compile(r"[?bBhHiIlLqQefdg]|[biufSU][0-9]{1,9}")
_OBJECT = re.compile(r"O[48]?")  # text of different lengths, as pandas columns become arrays
_TEXT = frozenset({str, bytes, np.str_, np.bytes_})
_BYTES_PER_OBJECT = 8
_CONTENT_PER_BYTE = 2  # bytes of content that the file may give per byte of its own; it has each array once
_CONTENT_MORE = 2**20
_MAX_AXES = 32
_MAX_AXIS = 2**40


def budget_of(path: str | Path | None, size: int) -> Budget:
    """What the arrays of a pickle of `size` bytes may take; content used many times would multiply without it."""
    return Budget(None if path is None else str(path), _CONTENT_PER_BYTE * size + _CONTENT_MORE)


def content_bytes(content: object, budget: Budget) -> bytes | memoryview:
    """Array content as bytes; Python 2 wrote it as text."""
    if not isinstance(content, bytes | str | memoryview):
        raise pickle.UnpicklingError(f"it has an array whose content is {type(content).__name__}, not bytes")
    budget.spend(len(content))
    return content.encode("latin1") if isinstance(content, str) else content


class DType:
    """A dtype under construction: the pickle gives its code first and its byte order later."""

    __slots__ = ("budget", "dtype")

    def __init__(self, budget: Budget, code: object) -> None:
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

    def check_text(self, content: bytes | memoryview) -> None:
        """Refuse text beyond Unicode: numpy makes a str of it that nothing can encode."""
        if self.dtype.kind == "U" and content:
            codes = np.frombuffer(content, np.dtype("u4").newbyteorder(self.dtype.byteorder))
            if int(codes.max()) > sys.maxunicode:
                raise pickle.UnpicklingError("it has text beyond Unicode")


class Array(np.ndarray):
    """An array that accepts only a state whose size fits, once, and is read-only from then on.

    Attributes:
        filled: The array itself, or the view of the file that is to stand in its place.
    """

    __slots__ = ("filled",)
    filled: NDArray[np.generic]

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5 or not self.flags.writeable:
            raise pickle.UnpicklingError("it has a damaged array")
        _, shape, dtype, fortran, content = state
        kind = _dtype_of(dtype)
        column_major = isinstance(fortran, int) and bool(fortran)
        self.filled = self
        if kind.dtype.hasobject:
            checked = (1, kind.check_texts(shape, content), kind.dtype, column_major, content)
            super().__setstate__(checked)  # type: ignore[arg-type]  # numpy takes a plain bool
        else:
            raw = content_bytes(content, kind.budget)
            sizes = kind.check(shape, len(raw))
            kind.check_text(raw)
            if isinstance(raw, bytes):
                super().__setstate__((1, sizes, kind.dtype, column_major, raw))  # type: ignore[arg-type]
            else:
                order: Literal["F", "C"] = "F" if column_major else "C"
                self.filled = np.ndarray.__new__(Filled, sizes, kind.dtype, raw, order=order)
        self.flags.writeable = False


class Filled(np.ndarray):
    """An array that has its content already when the pickle gives it."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        """Nothing is left to do: the same state was checked before."""


def _dtype_of(value: object) -> DType:
    if not isinstance(value, DType):
        raise pickle.UnpicklingError(f"it has an array whose dtype is {type(value).__name__}")
    return value


def plain_dtype_of(value: object) -> DType:
    """A dtype whose items are bytes: an object array over bytes would take them for addresses."""
    kind = _dtype_of(value)
    if kind.dtype.hasobject:
        raise pickle.UnpicklingError("it has objects where bytes are needed")
    return kind
