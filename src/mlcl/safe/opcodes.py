"""Check, before anything is built, that a pickle can only build data, and no more of it than the file has bytes for.

A pickle is a program for a small stack machine. `verify` walks it once without running it. For each value on the stack
it keeps only the position of the opcode that made it. That is enough to name every global, to see every memo index, and
to refuse the few things that make the C unpickler allocate, recurse or compute without bound:

- opcodes that plain data never uses (instances, persistent ids, extensions, sets, out-of-band buffers, stack tricks);
- memo indices far beyond the memo, which the C unpickler answers by allocating 16 bytes per index;
- counts that reach beyond the end of the file;
- dictionary keys other than text, bytes, small numbers and numpy scalars: hashing a deeply nested tuple crashes, a
  much shared one takes for ever, and long integers can be made to collide;
- far more containers, or values waiting on the stack, than a file of its size needs.

Whatever the C unpickler accepts after `verify` has the meaning that `verify` gave it: each opcode has the same length
and the same effect on stack and memo in both, and where the C code has more checks it can only refuse more.
"""

import pickle
from collections.abc import Container
from dataclasses import dataclass, field
from mmap import mmap

FIXED, COUNTED, LINE, GET, PUT, NEW, NEW_TUPLE, POP, CLOSE = range(1, 10)

# opcode -> (kind, number of bytes that hold the argument or the count of bytes that follow)
_TABLE: dict[bytes, tuple[int, int]] = {
    **dict.fromkeys((pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE), (FIXED, 0)),
    **{pickle.BININT1: (FIXED, 1), pickle.BININT2: (FIXED, 2), pickle.BININT: (FIXED, 4), pickle.BINFLOAT: (FIXED, 8)},
    **dict.fromkeys((pickle.SHORT_BINUNICODE, pickle.SHORT_BINBYTES, pickle.SHORT_BINSTRING), (COUNTED, 1)),
    **dict.fromkeys((pickle.BINUNICODE, pickle.BINBYTES, pickle.BINSTRING), (COUNTED, 4)),
    **dict.fromkeys((pickle.BINUNICODE8, pickle.BINBYTES8, pickle.BYTEARRAY8), (COUNTED, 8)),
    **{pickle.LONG1: (COUNTED, 1), pickle.LONG4: (COUNTED, 4)},
    **dict.fromkeys((pickle.INT, pickle.LONG, pickle.FLOAT, pickle.STRING, pickle.UNICODE), (LINE, 0)),
    **{pickle.GET: (GET, 0), pickle.BINGET: (GET, 1), pickle.LONG_BINGET: (GET, 4)},
    **{pickle.PUT: (PUT, 0), pickle.BINPUT: (PUT, 1), pickle.LONG_BINPUT: (PUT, 4)},
    **dict.fromkeys((pickle.EMPTY_LIST, pickle.EMPTY_DICT), (NEW, 0)),
    **dict.fromkeys((pickle.EMPTY_TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3), (NEW_TUPLE, 0)),
    **dict.fromkeys((pickle.BUILD, pickle.APPEND, pickle.REDUCE, pickle.SETITEM), (POP, 0)),
    **dict.fromkeys((pickle.TUPLE, pickle.LIST, pickle.DICT, pickle.APPENDS, pickle.SETITEMS), (CLOSE, 0)),
}
KIND = bytes(_TABLE.get(bytes([op]), (0, 0))[0] for op in range(256))
WIDTH = bytes(_TABLE.get(bytes([op]), (0, 0))[1] for op in range(256))
TAKES = {pickle.EMPTY_TUPLE[0]: 0, pickle.TUPLE1[0]: 1, pickle.TUPLE2[0]: 2, pickle.TUPLE3[0]: 3}
KEYS = b"".join(op for op, (kind, _) in _TABLE.items() if kind in (FIXED, COUNTED, LINE)) + pickle.REDUCE
KEYS = KEYS.translate(None, pickle.LONG1 + pickle.LONG4 + pickle.LONG + pickle.INT + pickle.BYTEARRAY8)
TEXT = pickle.SHORT_BINUNICODE + pickle.BINUNICODE + pickle.BINUNICODE8

MARK, MEMOIZE, STOP, PROTO, FRAME = (
    op[0] for op in (pickle.MARK, pickle.MEMOIZE, pickle.STOP, pickle.PROTO, pickle.FRAME)
)
GLOBAL, STACK_GLOBAL, REDUCE = pickle.GLOBAL[0], pickle.STACK_GLOBAL[0], pickle.REDUCE[0]
SETITEM, SETITEMS, DICT = pickle.SETITEM[0], pickle.SETITEMS[0], pickle.DICT[0]
CLOSE_TUPLE, LIST = pickle.TUPLE[0], pickle.LIST[0]
RAW = pickle.BINBYTES + pickle.BINBYTES8 + pickle.BYTEARRAY8 + pickle.BINSTRING
BYTEARRAY = pickle.BYTEARRAY8[0]


_TUPLE = -1  # on the stack in place of a position: the value is a tuple
_MAX_STACK = 2**20  # values on the stack; the standard picklers put aside at most 1000 per open container
_MEMO_SLACK = 2**16  # how far a memo index may lie beyond the number of values stored
_BYTES_PER_CONTAINER = 8  # at most one container or memo entry per so many bytes,
_CONTAINER_SLACK = 2**19  # not counting the first half million
_CHECK_EVERY = 2**16  # opcodes between two checks of these limits
_LEAST_CONTENT = 2**10  # bytes of an array that are worth leaving in the file
_MOST_TRAILING = 2**16  # zeros and ends of lines that may follow

_STATE = 5  # of an array: version, shape, dtype, order, content
_ARGUMENTS = (4, 5)  # of _frombuffer: content, dtype, shape, order, perhaps axes


@dataclass(frozen=True)
class Program:
    """Where things stand in a verified pickle.

    Attributes:
        contents: (first byte, end), by the opcode's position, of the large byte strings that arrays are made of.
        frames: Positions of the frame opcodes, which only say how far to read ahead.
    """

    contents: dict[int, tuple[int, int]] = field(default_factory=dict)
    frames: list[int] = field(default_factory=list)


def verify(data: bytes | mmap, allowed: Container[tuple[str, str]]) -> Program:
    """Walk the opcodes of a pickle and raise unless it can only build bounded data.

    Args:
        data: The whole pickle.
        allowed: The globals it may name, as (module, name).

    Returns:
        Where the contents of its arrays are.

    Raises:
        pickle.UnpicklingError: With the reason and the byte at which the walk stopped.
    """
    walk = _Walk(data, allowed)
    try:
        walk.run()
    except (IndexError, KeyError, ValueError):
        walk.position = min(walk.position, len(data))
        raise pickle.UnpicklingError(f"it is damaged or cut off at byte {walk.position} of {len(data)}") from None
    except pickle.UnpicklingError as error:
        raise pickle.UnpicklingError(f"{error} (byte {walk.position} of {len(data)})") from None
    after = data[walk.position : walk.position + _MOST_TRAILING]
    if after.strip(b"\0\r\n\t ") or len(data) > walk.position + _MOST_TRAILING:
        raise pickle.UnpicklingError(f"the pickle ends at byte {walk.position} of {len(data)} and other data follows")
    return walk.program


class _Walk:
    """The stack machine without its effects."""

    def __init__(self, data: bytes | mmap, allowed: Container[tuple[str, str]]) -> None:
        self.data = data
        self.allowed = allowed
        self.position = 0
        self.stack: list[int] = []
        self.marks: list[int] = []
        self.memo: dict[int, int] = {}
        self.containers = 0
        self.program = Program()

    def run(self) -> None:
        """Walk to STOP, in stretches between which the limits are checked."""
        most = len(self.data) // _BYTES_PER_CONTAINER + _CONTAINER_SLACK
        while not self.stretch():
            if len(self.stack) + len(self.marks) > _MAX_STACK or self.containers + len(self.memo) > most:
                raise pickle.UnpicklingError("it builds far more objects than a data file of its size")

    def stretch(self) -> bool:
        """Walk `_CHECK_EVERY` opcodes; whether STOP was met."""
        data, stack, marks, memo, size = self.data, self.stack, self.marks, self.memo, len(self.data)
        position = self.position
        try:
            for _ in range(_CHECK_EVERY):
                op = data[position]
                kind, argument = KIND[op], position + 1
                end = argument + WIDTH[op]
                if op == MEMOIZE:
                    memo[len(memo)] = stack[-1]
                elif kind == FIXED:
                    stack.append(position)
                elif kind == COUNTED:
                    end += int.from_bytes(data[argument:end], "little")
                    stack.append(position)
                    if op == BYTEARRAY:  # which nothing but an array is made of
                        self.note_content(position)
                elif kind == GET:
                    index, end = self.index(argument, end)
                    stack.append(memo[index])
                elif kind == NEW_TUPLE:
                    del stack[len(stack) - TAKES[op] :]
                    stack.append(_TUPLE)
                    self.containers += 1
                elif op == MARK:
                    marks.append(len(stack))
                elif kind == PUT:
                    index, end = self.index(argument, end)
                    if index > len(memo) + _MEMO_SLACK:
                        raise pickle.UnpicklingError(f"memo index {index} while {len(memo)} values are stored")
                    memo[index] = stack[-1]
                elif kind == POP:
                    self.pop(op, position)
                elif kind == CLOSE:
                    self.close(op, position)
                elif kind == NEW:
                    stack.append(position)
                    self.containers += 1
                elif kind == LINE:
                    end = self.line_end(argument) + 1
                    stack.append(position)
                elif op in (GLOBAL, STACK_GLOBAL):
                    end = self.name_global(op, argument)
                    stack.append(position)
                elif op == PROTO:
                    end = argument + 1
                elif op == FRAME:
                    end = argument + 8
                    if end + int.from_bytes(data[argument:end], "little") > size:
                        raise IndexError
                    self.program.frames.append(position)
                elif op == STOP:
                    position = argument
                    return True
                else:
                    raise pickle.UnpicklingError(f"opcode 0x{op:02x} is not needed for plain data")
                if end > size:
                    raise IndexError
                position = end
        finally:
            self.position = position
        return False

    def index(self, start: int, end: int) -> tuple[int, int]:
        """The memo index written at `start`, as bytes or as a line of digits, and where it ends."""
        if end > start:
            return int.from_bytes(self.data[start:end], "little"), end
        end = self.line_end(start, start + 12)
        digits = self.data[start:end]
        if not digits.isdigit():
            raise ValueError(digits)
        return int(digits), end + 1

    def pop(self, op: int, position: int) -> None:
        """Effect of the opcodes that take one or two values and leave the one below, or a new one in its place."""
        if op == SETITEM:
            self.check_keys(self.stack[-2:-1])
            self.stack.pop()
        self.stack.pop()
        if op == REDUCE:
            self.stack[-1] = position
            self.containers += 3  # an array takes as much memory as three small tuples

    def close(self, op: int, position: int) -> None:
        """Effect of the opcodes that take everything above the last mark."""
        start = self.marks.pop()
        if op in (SETITEMS, DICT):
            self.check_keys(self.stack[start::2])
        elif op == CLOSE_TUPLE:
            self.note_array(start)
        del self.stack[start:]
        if op in (CLOSE_TUPLE, LIST, DICT):
            self.stack.append(_TUPLE if op == CLOSE_TUPLE else position)
            self.containers += 1

    def note_array(self, start: int) -> None:
        """Note the content of an array, where the tuple above `start` is numpy's state of one or its arguments."""
        size = len(self.stack) - start
        if size == _STATE and self.stack[start + 1] == _TUPLE:
            self.note_content(self.stack[-1])
        elif size in _ARGUMENTS and self.stack[start + 2] == _TUPLE:
            self.note_content(self.stack[start])

    def note_content(self, position: int) -> None:
        """Note a byte string, if the value made at `position` is a large one."""
        if position == _TUPLE or self.data[position] not in RAW:
            return
        first = position + 1 + WIDTH[self.data[position]]
        size = int.from_bytes(self.data[position + 1 : first], "little")
        if size >= _LEAST_CONTENT:
            self.program.contents[position] = (first, first + size)

    def line_end(self, start: int, stop: int | None = None) -> int:
        """Where the line that starts at `start` ends."""
        found = self.data.find(b"\n", start, len(self.data) if stop is None else stop)
        if found < 0:
            raise IndexError
        return found

    def check_keys(self, keys: list[int]) -> None:
        """Refuse dictionary keys that are costly to hash."""
        for key in keys:
            if key == _TUPLE or self.data[key] not in KEYS:
                raise pickle.UnpicklingError("it has a dictionary key that is neither text nor a small number")

    def name_global(self, op: int, argument: int) -> int:
        """Check the global that is named here and return where the opcode ends."""
        data, end = self.data, argument
        if op == GLOBAL:
            middle = self.line_end(argument)
            end = self.line_end(middle + 1) + 1
            module, name = data[argument:middle], data[middle + 1 : end - 1]
        else:
            name, module = self.text(self.stack.pop()), self.text(self.stack.pop())
        found = module.decode(errors="replace"), name.decode(errors="replace")
        if found not in self.allowed:
            shown = ascii(".".join(found))[1:-1]
            raise pickle.UnpicklingError(f"it names the global {shown[:100]}, which is not data")
        return end

    def text(self, position: int) -> bytes:
        """The bytes of the string that the opcode at `position` made."""
        if position == _TUPLE or self.data[position] not in TEXT:
            raise ValueError(position)
        start = position + 1 + WIDTH[self.data[position]]
        return self.data[start : start + int.from_bytes(self.data[position + 1 : start], "little")]
