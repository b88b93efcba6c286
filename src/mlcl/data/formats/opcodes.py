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

_TUPLE = -1  # on the stack in place of a position: the value is a tuple
_MAX_STACK = 2**20  # values on the stack; the standard picklers put aside at most 1000 per open container
_MEMO_SLACK = 2**16  # how far a memo index may lie beyond the number of values stored
_BYTES_PER_CONTAINER = 8  # at most one container or memo entry per so many bytes,
_CONTAINER_SLACK = 2**19  # not counting the first half million
_CHECK_EVERY = 2**16  # opcodes between two checks of these limits

_FIXED, _COUNTED, _LINE, _GET, _PUT, _NEW, _NEW_TUPLE, _POP, _CLOSE = range(1, 10)

# opcode -> (kind, number of bytes that hold the argument or the count of bytes that follow)
_TABLE: dict[bytes, tuple[int, int]] = {
    **dict.fromkeys((pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE), (_FIXED, 0)),
    **{
        pickle.BININT1: (_FIXED, 1),
        pickle.BININT2: (_FIXED, 2),
        pickle.BININT: (_FIXED, 4),
        pickle.BINFLOAT: (_FIXED, 8),
    },
    **dict.fromkeys((pickle.SHORT_BINUNICODE, pickle.SHORT_BINBYTES, pickle.SHORT_BINSTRING), (_COUNTED, 1)),
    **dict.fromkeys((pickle.BINUNICODE, pickle.BINBYTES, pickle.BINSTRING), (_COUNTED, 4)),
    **dict.fromkeys((pickle.BINUNICODE8, pickle.BINBYTES8, pickle.BYTEARRAY8), (_COUNTED, 8)),
    **{pickle.LONG1: (_COUNTED, 1), pickle.LONG4: (_COUNTED, 4)},
    **dict.fromkeys((pickle.INT, pickle.LONG, pickle.FLOAT, pickle.STRING, pickle.UNICODE), (_LINE, 0)),
    **{pickle.GET: (_GET, 0), pickle.BINGET: (_GET, 1), pickle.LONG_BINGET: (_GET, 4)},
    **{pickle.PUT: (_PUT, 0), pickle.BINPUT: (_PUT, 1), pickle.LONG_BINPUT: (_PUT, 4)},
    **dict.fromkeys((pickle.EMPTY_LIST, pickle.EMPTY_DICT), (_NEW, 0)),
    **dict.fromkeys((pickle.EMPTY_TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3), (_NEW_TUPLE, 0)),
    **dict.fromkeys((pickle.BUILD, pickle.APPEND, pickle.REDUCE, pickle.SETITEM), (_POP, 0)),
    **dict.fromkeys((pickle.TUPLE, pickle.LIST, pickle.DICT, pickle.APPENDS, pickle.SETITEMS), (_CLOSE, 0)),
}
_KIND = bytes(_TABLE.get(bytes([op]), (0, 0))[0] for op in range(256))
_WIDTH = bytes(_TABLE.get(bytes([op]), (0, 0))[1] for op in range(256))
_TAKES = {pickle.EMPTY_TUPLE[0]: 0, pickle.TUPLE1[0]: 1, pickle.TUPLE2[0]: 2, pickle.TUPLE3[0]: 3}
_KEYS = b"".join(op for op, (kind, _) in _TABLE.items() if kind in (_FIXED, _COUNTED, _LINE)) + pickle.REDUCE
_KEYS = _KEYS.translate(None, pickle.LONG1 + pickle.LONG4 + pickle.LONG + pickle.INT + pickle.BYTEARRAY8)
_TEXT = pickle.SHORT_BINUNICODE + pickle.BINUNICODE + pickle.BINUNICODE8

_MARK, _MEMOIZE, _STOP, _PROTO, _FRAME = (
    op[0] for op in (pickle.MARK, pickle.MEMOIZE, pickle.STOP, pickle.PROTO, pickle.FRAME)
)
_GLOBAL, _STACK_GLOBAL, _REDUCE = pickle.GLOBAL[0], pickle.STACK_GLOBAL[0], pickle.REDUCE[0]
_SETITEM, _SETITEMS, _DICT = pickle.SETITEM[0], pickle.SETITEMS[0], pickle.DICT[0]
_CLOSE_TUPLE, _LIST = pickle.TUPLE[0], pickle.LIST[0]


def verify(data: bytes, allowed: Container[tuple[str, str]]) -> None:
    """Walk the opcodes of a pickle and raise unless it can only build bounded data.

    Args:
        data: The whole pickle.
        allowed: The globals it may name, as (module, name).

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
    if data[walk.position :].strip(b"\0\r\n\t "):
        raise pickle.UnpicklingError(f"the pickle ends at byte {walk.position} of {len(data)} and other data follows")


class _Walk:
    """The stack machine without its effects."""

    def __init__(self, data: bytes, allowed: Container[tuple[str, str]]) -> None:
        self.data = data
        self.allowed = allowed
        self.position = 0
        self.stack: list[int] = []
        self.marks: list[int] = []
        self.memo: dict[int, int] = {}
        self.containers = 0

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
                kind, argument = _KIND[op], position + 1
                end = argument + _WIDTH[op]
                if op == _MEMOIZE:
                    memo[len(memo)] = stack[-1]
                elif kind == _FIXED:
                    stack.append(position)
                elif kind == _COUNTED:
                    end += int.from_bytes(data[argument:end], "little")
                    stack.append(position)
                elif kind == _GET:
                    index, end = self.index(argument, end)
                    stack.append(memo[index])
                elif kind == _NEW_TUPLE:
                    del stack[len(stack) - _TAKES[op] :]
                    stack.append(_TUPLE)
                    self.containers += 1
                elif op == _MARK:
                    marks.append(len(stack))
                elif kind == _PUT:
                    index, end = self.index(argument, end)
                    if index > len(memo) + _MEMO_SLACK:
                        raise pickle.UnpicklingError(f"memo index {index} while {len(memo)} values are stored")
                    memo[index] = stack[-1]
                elif kind == _POP:
                    self.pop(op, position)
                elif kind == _CLOSE:
                    self.close(op, position)
                elif kind == _NEW:
                    stack.append(position)
                    self.containers += 1
                elif kind == _LINE:
                    end = data.index(b"\n", argument) + 1
                    stack.append(position)
                elif op in (_GLOBAL, _STACK_GLOBAL):
                    end = self.name_global(op, argument)
                    stack.append(position)
                elif op == _PROTO:
                    end = argument + 1
                elif op == _FRAME:
                    end = argument + 8
                    if end + int.from_bytes(data[argument:end], "little") > size:
                        raise IndexError
                elif op == _STOP:
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
        end = self.data.index(b"\n", start, start + 12)
        digits = self.data[start:end]
        if not digits.isdigit():
            raise ValueError(digits)
        return int(digits), end + 1

    def pop(self, op: int, position: int) -> None:
        """Effect of the opcodes that take one or two values and leave the one below, or a new one in its place."""
        if op == _SETITEM:
            self.check_keys(self.stack[-2:-1])
            self.stack.pop()
        self.stack.pop()
        if op == _REDUCE:
            self.stack[-1] = position
            self.containers += 3  # an array takes as much memory as three small tuples

    def close(self, op: int, position: int) -> None:
        """Effect of the opcodes that take everything above the last mark."""
        start = self.marks.pop()
        if op in (_SETITEMS, _DICT):
            self.check_keys(self.stack[start::2])
        del self.stack[start:]
        if op in (_CLOSE_TUPLE, _LIST, _DICT):
            self.stack.append(_TUPLE if op == _CLOSE_TUPLE else position)
            self.containers += 1

    def check_keys(self, keys: list[int]) -> None:
        """Refuse dictionary keys that are costly to hash."""
        for key in keys:
            if key == _TUPLE or self.data[key] not in _KEYS:
                raise pickle.UnpicklingError("it has a dictionary key that is neither text nor a small number")

    def name_global(self, op: int, argument: int) -> int:
        """Check the global that is named here and return where the opcode ends."""
        data, end = self.data, argument
        if op == _GLOBAL:
            middle = data.index(b"\n", argument)
            end = data.index(b"\n", middle + 1) + 1
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
        if position == _TUPLE or self.data[position] not in _TEXT:
            raise ValueError(position)
        start = position + 1 + _WIDTH[self.data[position]]
        return self.data[start : start + int.from_bytes(self.data[position + 1 : start], "little")]
