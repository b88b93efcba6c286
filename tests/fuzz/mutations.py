"""Damage to data before it is written, and to files after."""

from collections.abc import Callable
from typing import Any

import numpy as np

Rng = np.random.Generator

ODD: tuple[Any, ...] = (
    None, True, 0, -1, 2**100, 1.5, np.nan, -np.inf, "", "a", "a b", "\ud800", "x" * 3000, b"", b"\xff", [], (), {},
    set(), [""], ["a"], [["a"]], [None], ("a", b"b"), [1.0], {"a": 1}, np.float32(1), np.int8(1), np.str_("a"),
    np.bytes_(b"a"), np.zeros(0), np.zeros(3), np.zeros((0, 0)), np.zeros((0, 3)), np.zeros((1, 3)), np.zeros((3, 0)),
    np.zeros((2, 3, 1)), np.full((1, 3), np.inf), np.full((2, 5), np.nan), np.full((1, 5), 1e300), np.ones((1, 1)),
    np.ones((1, 7)), np.array(1.0), np.array(["a"]), np.array([["a"]]), np.array([None]), np.ones((1, 3), complex),
    np.ones((1, 3), bool), np.ones((1, 3), np.float16), np.array("2020", "M8"), np.zeros(2, "i4,f4"), object(), int,
)  # fmt: skip
ODD_TEXT = (
    *("", " ", "nan", "inf", "-1", "1e999", "9" * 400, "0x10", "1_0", "None", "[]", "{}", "true", "a,b", 'a"b', "a\tb"),
    *("\x00", "\ud7ff", "é", "=1+1", "../../x", "/etc/hostname", "x" * 5000, "1;2", "'", '"', "\\", "\r", "\u2028"),
)
OPCODES = list(b"\x00\xff.()]}RbtauesNKMJGXBCTUVIlLd\x85\x86\x87\x8a\x8b\x8c\x93\x94hqr")


def replace(rng: Rng, value: Any) -> Any:
    """Change something in a random place of nested data; what is given stays as it is."""
    if isinstance(value, np.ndarray) and value.size and rng.random() < 0.7:
        return _change_array(rng, value)
    if not isinstance(value, dict | list | tuple) or not value or rng.random() < 0.1:
        return ODD[rng.integers(len(ODD))]
    if isinstance(value, dict):
        return _change_dict(rng, value)
    parts = list(value)
    index, other = (int(place) for place in rng.integers(len(parts), size=2))
    kind = rng.random()
    if kind < 0.05:
        parts.pop(index)
    elif kind < 0.1:
        parts.insert(index, parts[other])
    elif kind < 0.15:
        parts[index], parts[other] = parts[other], parts[index]
    elif kind < 0.17:
        parts = parts * int(rng.integers(2, 40))
    else:
        parts[index] = replace(rng, parts[index])
    return type(value)(parts) if type(value) in (list, tuple) else parts


def _change_dict(rng: Rng, value: dict[Any, Any]) -> dict[Any, Any]:
    keys = list(value)
    key, other = keys[rng.integers(len(keys))], keys[rng.integers(len(keys))]
    kind = rng.random()
    if kind < 0.05:
        return {name: part for name, part in value.items() if name != key}
    if kind < 0.1:
        return {("odd" if name == key else name): part for name, part in value.items()}
    if kind < 0.15:
        return {**value, key: value[other], other: value[key]}
    return {**value, key: replace(rng, value[key])}


def _change_array(rng: Rng, value: "np.ndarray[Any, Any]") -> Any:
    """The same array with other numbers, another dtype, or another shape."""
    kind = int(rng.integers(8))
    if kind == 0 and value.dtype.kind == "f":
        changed = value.copy()
        changed.flat[rng.integers(value.size)] = rng.choice([np.nan, np.inf, -np.inf, 1e38, 0])
        return changed
    if kind == 1 and value.dtype.kind in "fiub":
        with np.errstate(all="ignore"):
            return value.astype(rng.choice(["f2", "f8", "i4", "u1", "?", "c8", "U5", "S5", "O", ">f4"]))
    shapes: tuple[Callable[[], Any], ...] = (
        lambda: value.T, lambda: value[1:], lambda: value[None], lambda: value.ravel(), lambda: value[..., :1],
        lambda: np.concatenate([value, value]), lambda: np.asfortranarray(value), lambda: value.tolist(),
        lambda: np.zeros_like(value), lambda: value[..., :0], lambda: value[:0], lambda: np.repeat(value, 3, axis=-1),
    )  # fmt: skip
    return shapes[rng.integers(len(shapes))]() if value.ndim else ODD[rng.integers(len(ODD))]


def damage(rng: Rng, files: dict[str, bytes], other: bytes) -> dict[str, bytes]:
    """Damage one file of a data set, or, of a folder, take one away or exchange two.

    Args:
        rng: All that happens depends on it.
        files: Content by name.
        other: A file to take pieces from.
    """
    names = list(files)
    if not names:
        return files
    name, second = names[rng.integers(len(names))], names[rng.integers(len(names))]
    if len(names) > 1 and rng.random() < 0.1:
        if rng.random() < 0.5:
            return {key: content for key, content in files.items() if key != name}
        return {**files, name: files[second], second: files[name]}
    text = name.endswith((".csv", ".tsv", ".json", ".jsonl", ".yaml"))
    ways = (*BYTES, *(2 * TEXT if text else (overwritten,)))
    return {**files, name: ways[rng.integers(len(ways))](rng, files[name] or b"x", other)}


def truncated(rng: Rng, content: bytes, _: bytes) -> bytes:
    return content[: rng.integers(len(content))]


def flipped(rng: Rng, content: bytes, _: bytes) -> bytes:
    changed = bytearray(content)
    for place in rng.integers(len(content), size=rng.integers(1, 4)):
        changed[place] ^= 1 << rng.integers(8)
    return bytes(changed)


def overwritten(rng: Rng, content: bytes, _: bytes) -> bytes:
    changed = bytearray(content)
    changed[rng.integers(len(content))] = OPCODES[rng.integers(len(OPCODES))]
    return bytes(changed)


def enlarged(rng: Rng, content: bytes, _: bytes) -> bytes:
    """Put a large number where a count may stand."""
    place, width = int(rng.integers(len(content))), int(rng.choice([1, 2, 4, 8]))
    number = int(rng.choice([0, 1, 2**7, 2**8 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62]))
    return content[:place] + (number % 2 ** (8 * width)).to_bytes(width, "little") + content[place + width :]


def spliced(rng: Rng, content: bytes, other: bytes) -> bytes:
    start, stop = sorted(rng.integers(len(content), size=2))
    first, last = sorted(rng.integers(len(other), size=2))
    return content[:start] + other[first:last] + content[stop:]


def doubled(rng: Rng, content: bytes, _: bytes) -> bytes:
    start = rng.integers(len(content))
    stop = start + rng.integers(1, 12)
    return content[:stop] + content[start:stop] * int(rng.integers(1, 50)) + content[stop:]


def line_changed(rng: Rng, content: bytes, _: bytes) -> bytes:
    """Take away, double or exchange lines."""
    lines = content.split(b"\n")
    index, other = (int(place) for place in rng.integers(len(lines), size=2))
    kind = rng.integers(3)
    if kind == 0:
        lines.pop(index)
    elif kind == 1:
        lines.insert(index, lines[other])
    else:
        lines[index], lines[other] = lines[other], lines[index]
    return b"\n".join(lines)


def cell_changed(rng: Rng, content: bytes, _: bytes) -> bytes:
    """Put an odd text between two delimiters."""
    places = [place for place, byte in enumerate(content) if byte in b',\t\n":[]{} ']
    if len(places) < 2:
        return content + b","
    index = int(rng.integers(len(places) - 1))
    odd = ODD_TEXT[rng.integers(len(ODD_TEXT))].encode()
    return content[: places[index] + 1] + odd + content[places[index + 1] :]


Damage = Callable[[Rng, bytes, bytes], bytes]
BYTES: tuple[Damage, ...] = (truncated, flipped, overwritten, enlarged, spliced, doubled)
TEXT: tuple[Damage, ...] = (line_changed, cell_changed, cell_changed)
