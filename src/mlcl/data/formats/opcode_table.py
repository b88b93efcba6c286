"""The opcodes that plain data needs: what each does to the stack, and how long it is."""

import pickle

FIXED, COUNTED, LINE, GET, PUT, NEW, NEW_TUPLE, POP, CLOSE = range(1, 10)

# opcode -> (kind, number of bytes that hold the argument or the count of bytes that follow)
_TABLE: dict[bytes, tuple[int, int]] = {
    **dict.fromkeys((pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE), (FIXED, 0)),
    **{
        pickle.BININT1: (FIXED, 1),
        pickle.BININT2: (FIXED, 2),
        pickle.BININT: (FIXED, 4),
        pickle.BINFLOAT: (FIXED, 8),
    },
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
