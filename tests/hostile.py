"""Hostile pickles: each must end in a DataError, in bounded time and memory, and nothing in it may run."""

import struct

PROTOCOL = b"\x80\x04"
HUGE = 2**50


def text(value: str) -> bytes:
    """Push a short text."""
    content = value.encode()
    return b"\x8c" + bytes([len(content)]) + content


def raw(content: bytes) -> bytes:
    """Push bytes."""
    return b"B" + struct.pack("<I", len(content)) + content


def integer(value: int) -> bytes:
    """Push a long integer."""
    return b"\x8a\x10" + value.to_bytes(16, "little", signed=True)


def named(module: str, name: str) -> bytes:
    """Push a global."""
    return text(module) + text(name) + b"\x93"


def pickled(*parts: bytes) -> bytes:
    """A whole pickle."""
    return PROTOCOL + b"".join(parts) + b"."


SYSTEM = named("os", "system")
NDARRAY = named("numpy", "ndarray")
DTYPE = named("numpy", "dtype")
ENCODE = named("_codecs", "encode")
ORDERED = named("collections", "OrderedDict")
SCALAR = named("numpy._core.multiarray", "scalar")
BUFFER = named("numpy._core.numeric", "_frombuffer")
FRESH = named("numpy._core.multiarray", "_reconstruct") + NDARRAY + b"K\x00\x85C\x01b\x87R"  # an array without state
LATIN1 = text("latin1")
EIGHT = raw(b"12345678")


def dtype(code: str = "f8", order: str = "<") -> bytes:
    """Push a dtype."""
    return DTYPE + text(code) + b"\x89\x88\x87R(K\x03" + text(order) + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"


OBJECTS = dtype("O8", "|")


def array(shape: tuple[int, ...], kind: bytes, content: bytes) -> bytes:
    """Push an array of any shape over any content."""
    return FRESH + state(shape, kind, content)


def state(shape: tuple[int, ...], kind: bytes, content: bytes) -> bytes:
    """Set the state of an array."""
    return b"(K\x01(" + b"".join(map(integer, shape)) + b"t" + kind + b"\x89" + content + b"tb"


def nested_pairs(depth: int) -> bytes:
    """Push a tuple of two equal tuples, and so on; 2**depth leaves."""
    steps = (struct.pack("<cIcIc", b"r", n, b"j", n, b"\x86") for n in range(depth))
    return b")" + b"".join(steps)


RUNS_A_COMMAND: dict[str, bytes] = {
    "text command": b"cos\nsystem\n(S'true'\ntR.",
    "instance opcode": b"(S'true'\nios\nsystem\n.",
    "object opcode": pickled(b"(", SYSTEM, text("true"), b"o"),
    "new object": pickled(SYSTEM, text("true"), b"\x85\x81"),
    "new object with keywords": pickled(SYSTEM, b")}\x92"),
    "module path in the name": pickled(named("numpy", "core.os.system")),
    "names through the memo": pickled(text("os"), b"\x94", text("system"), b"\x94h\x00h\x01\x93"),
    "names from below": pickled(text("os"), b"\x94", text("numpy"), text("system"), b"\x94h\x00h\x01\x93"),
    "name built by a call": pickled(ENCODE, text("os"), LATIN1, b"\x86R", text("system"), b"\x93"),
    "name of bytes": pickled(raw(b"os"), text("system"), b"\x93"),
    "name of Python 2 text": pickled(b"U\x02os", text("system"), b"\x93"),
    "memo overwritten": pickled(text("numpy"), b"q\x00", text("os"), b"q\x00h\x00", text("system"), b"\x93"),
    "beyond the end of a frame": pickled(b"\x95\x01\0\0\0\0\0\0\0", SYSTEM),
}
OTHER_OPCODES: dict[str, bytes] = {
    "allowed names in another pair": pickled(named("numpy", "encode")),
    "extension": pickled(b"\x82\x01"),
    "persistent id": pickled(b"K\x01Q"),
    "persistent id in text": b"Pname\n.",
    "duplicate": pickled(b"]2e"),
    "pop": pickled(b"NN0"),
    "next buffer": b"\x80\x05\x97.",
    "set": pickled(b"\x8f"),
    "frozen set": pickled(b"(\x91"),
    "append to nothing": pickled(b"a"),
    "mark closed twice": pickled(b"(tt"),
}
STATE_AND_CALLS: dict[str, bytes] = {
    "stack too short": pickled(b"\x87\x87\x87"),
    "below the mark": pickled(b"N(\x85"),
    "state of a global": pickled(ENCODE, b"}", text("_call"), b"Nsb"),
    "slots of a global": pickled(ENCODE, b"N}", text("_call"), b"Ns\x86b"),
    "state of a list": pickled(b"]}b"),
    "state of an OrderedDict": pickled(ORDERED, b")R}", text("items"), b"Nsb"),
    "OrderedDict of tuples as keys": pickled(ORDERED, b"])K\x01\x86a\x85R"),
    "OrderedDict of a number": pickled(ORDERED, b"K\x05\x85R"),
    "another codec": pickled(ENCODE, text("a"), text("zlib_codec"), b"\x86R"),
    "encodes bytes": pickled(ENCODE, raw(b"a"), LATIN1, b"\x86R"),
    "encodes a list": pickled(ENCODE, b"]", LATIN1, b"\x86R"),
    "encodes beyond latin-1": pickled(ENCODE, text("€"), LATIN1, b"\x86R"),
    "calls ndarray": pickled(NDARRAY, integer(HUGE), b"\x85\x85R"),
    "calls text": pickled(text("os"), b")R"),
    "calls bytes with a size": b"\x80\x02c__builtin__\nbytes\n" + integer(HUGE) + b"\x85R.",
}
BUILDS: dict[str, bytes] = {
    "huge shape": pickled(array((HUGE,), dtype(), EIGHT)),
    "more rows than bytes": pickled(array((3, 7), dtype(), EIGHT)),
    "fewer rows than bytes": pickled(array((1, 1), dtype("f4"), EIGHT)),
    "huge product": pickled(array((2**33, 2**33), dtype(), raw(b""))),
    "product that wraps": pickled(array((2**32, 2**32), dtype("i1"), raw(b""))),
    "huge axis beside an empty one": pickled(array((0, HUGE), dtype(), raw(b""))),
    "negative axes": pickled(array((-1, -1), dtype(), EIGHT)),
    "many axes": pickled(array((1,) * 60, dtype(), EIGHT)),
    "items without bytes": pickled(array((2**40,), dtype("U0"), raw(b""))),
    "object array": pickled(array((HUGE,), dtype("O8", "|"), b"]")),
    "object array of numbers": pickled(array((1,), OBJECTS, b"]K\x01a")),
    "object array of arrays": pickled(array((1,), OBJECTS, b"]" + FRESH + b"a")),
    "object array of lists": pickled(array((1,), OBJECTS, b"]]a")),
    "object array that holds itself": pickled(FRESH, b"\x94", state((1,), OBJECTS, b"]h\x00a")),
    "object array of globals": pickled(array((1,), OBJECTS, b"]" + ENCODE + b"a")),
    "object array longer than its text": pickled(array((2,), OBJECTS, b"]" + text("a") + b"a")),
    "object array shorter than its text": pickled(array((0,), OBJECTS, b"]" + text("a") + b"a")),
    "object array over addresses": pickled(array((1,), OBJECTS, EIGHT)),
    "object array of a tuple": pickled(array((1,), OBJECTS, text("a") + b"\x85")),
    "buffer of objects": pickled(BUFFER, b"(", EIGHT, OBJECTS, b"K\x01\x85", text("C"), b"tR"),
    "scalar of an object": pickled(SCALAR, OBJECTS, EIGHT, b"\x86R"),
    "objects of another size": pickled(DTYPE, text("O16"), b"\x85R"),
    "void array": pickled(array((1,), dtype("V8", "|"), EIGHT)),
    "complex array": pickled(array((1,), dtype("c8"), EIGHT)),
    "record dtype": pickled(DTYPE, b"]", text("a"), text("O"), b"\x86a\x85R"),
    "dtype with commas": pickled(DTYPE, text("f8,O"), b"\x85R"),
    "array without dtype": pickled(array((1,), b"N", EIGHT)),
    "state of a number": pickled(FRESH, b"K\x05b"),
    "content of a list": pickled(array((1,), dtype(), b"]")),
    "array built twice": pickled(FRESH, state((1,), dtype(), EIGHT), state((1,), dtype(), EIGHT)),
    "damaged dtype": pickled(DTYPE, text("f8"), b"\x89\x88\x87R)b"),
    "damaged byte order": pickled(dtype(order="x")),
    "buffer of a huge shape": pickled(BUFFER, b"(", EIGHT, dtype(), integer(HUGE), b"\x85", text("C"), b"tR"),
    "buffer over an array": pickled(BUFFER, b"(", FRESH, dtype("i1"), b"K\x00\x85", text("C"), b"tR"),
    "buffer without dtype": pickled(BUFFER, b"(", EIGHT, b"N)NtR"),
    "buffer with wrong axes": pickled(BUFFER, b"(", EIGHT, dtype(), b"K\x01\x85", text("K"), b"K\x07\x85tR"),
    "scalar of no bytes": pickled(SCALAR, dtype(), raw(b""), b"\x86R"),
    "scalar of too many bytes": pickled(SCALAR, dtype(), raw(b"x" * 16), b"\x86R"),
    "scalar beyond Unicode": pickled(SCALAR, dtype("U1"), raw(b"\xff" * 4), b"\x86R"),
    "array beyond Unicode": pickled(array((1,), dtype("U1"), raw(b"\xff" * 4))),
    "array beyond Unicode, big-endian": pickled(array((1,), dtype("U1", ">"), raw(b"\0\x11\0\0"))),
    "writes into an array": pickled(array((1,), dtype(), EIGHT), b"K\x00K\x01s"),
}
SIZES: dict[str, bytes] = {
    "memo index": pickled(b"Nr\xff\xff\xff\x7f"),
    "memo index beyond any memory": b"Np999999999999999999\n.",
    "memo index of 10 digits": b"Np4000000000\n.",
    "memo index with a sign": b"Np-1\n.",
    "memo index never stored": pickled(b"h\x05"),
    "huge text": pickled(b"\x8d", struct.pack("<Q", HUGE), b"x"),
    "huge bytes": pickled(b"\x8e", struct.pack("<Q", HUGE), b"x"),
    "huge bytes beyond any memory": pickled(b"\x8e", b"\xff" * 8, b"x"),
    "huge byte array": pickled(b"\x96", struct.pack("<Q", HUGE), b"x"),
    "huge frame": pickled(b"\x95", struct.pack("<Q", HUGE), b"N"),
    "frame of 4 GiB": pickled(b"\x95", struct.pack("<Q", 2**32), b"N"),
    "huge 4-byte text": pickled(b"X\xff\xff\xff\xffx"),
    "negative count": pickled(b"T\xff\xff\xff\xffx"),
    "negative integer size": pickled(b"\x8b\xff\xff\xff\xffx"),
    "number of 5000 digits": b"L" + b"9" * 5000 + b"L\n.",
    "deeply nested tuple as key": pickled(b"})", b"\x85" * 500_000, b"Ns"),
    "deeply nested tuple as key of several": pickled(b"}(NN)", b"\x85" * 500_000, b"Nu"),
    "much shared tuple as key": pickled(b"}", nested_pairs(64), b"Ns"),
    "tuple as key of a closed dict": pickled(b"()", b"\x85" * 100, b"Nd"),
    "tuple as key from the memo": pickled(b"}", b")\x94h\x00Ns"),
    "long integer as key": pickled(b"}", integer(2**61 - 1), b"Ns"),
    "array as key": pickled(b"}", FRESH, b"Ns"),
    "stack without end": pickled(b"N" * 1_400_000, b"t"),
    "marks without end": pickled(b"(" * 1_400_000),
    "lists without end": pickled(b"](", (b"]" * 1000 + b"e(") * 900, b"e"),
    "memo without end": pickled(b"N", b"\x94" * 1_400_000),
    "calls without end": pickled(ORDERED, b"\x94](", b"h\x00)R" * 300_000, b"e"),
    "shared bytes encoded again and again": pickled(
        *(ENCODE, b"\x94X", struct.pack("<I", 2**16), b"x" * 2**16, b"\x94", LATIN1, b"\x86\x94]("),
        *(b"h\x00h\x02R" * 1000, b"e"),
    ),
    "shared array content turned again and again": pickled(
        *(dtype("f8", ">"), b"\x94", raw(b"x" * 2**16), b"\x94", FRESH, b"\x94]("),
        *((FRESH + b"(K\x01M\x00\x20\x85h\x00\x89h\x01tb") * 400, b"e"),
    ),
    "shared list made an object array again and again": pickled(
        *(OBJECTS, b"\x94](", *(text(f"{n:06}") for n in range(3000)), b"e\x94]("),
        *((FRESH + b"(K\x01M\xb8\x0b\x85h\x00\x89h\x01tb") * 1000, b"e"),
    ),
    "shared list made a dict again and again": pickled(
        *(ORDERED, b"\x94](", *(text(f"{n:06}") + b"N\x86" for n in range(3000)), b"e\x85\x94]("),
        *(b"h\x00h\x01R" * 1000, b"e"),
    ),
}
HOSTILE = {**RUNS_A_COMMAND, **OTHER_OPCODES, **STATE_AND_CALLS, **BUILDS, **SIZES}
