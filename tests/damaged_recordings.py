"""Damage to the bytes of a recording, drawn from a seed."""

from collections.abc import Callable

import numpy as np

Bytes = bytearray
_HEAD = 4096  # bytes in which headers lie


def damaged(content: bytes, rng: np.random.Generator) -> tuple[str, bytes]:
    """What was done to the content, and what it is then."""
    names = list(DAMAGES)
    name = names[int(rng.integers(len(names)))]
    made = bytearray(content)
    made = DAMAGES[name](made, rng)
    return name, bytes(made)


def _flip(made: Bytes, rng: np.random.Generator, first: int = 0, last: int | None = None) -> Bytes:
    for place in rng.integers(first, last or len(made), int(rng.choice([1, 10, 100, 1000]))):
        made[place] ^= 1 << int(rng.integers(8))
    return made


def _flip_head(made: Bytes, rng: np.random.Generator) -> Bytes:
    return _flip(made, rng, 0, min(_HEAD, len(made)))


def _flip_tail(made: Bytes, rng: np.random.Generator) -> Bytes:
    return _flip(made, rng, max(0, len(made) - 8 * _HEAD))


def _big_numbers(made: Bytes, rng: np.random.Generator) -> Bytes:
    """Numbers at the ends of what four bytes can say, where headers have sizes, rates and counts."""
    ends = (0, len(made) - 4)
    for _ in range(int(rng.integers(1, 20))):
        place = int(rng.integers(0, _HEAD) if rng.random() < 0.5 else rng.integers(*ends))
        number = int(rng.choice([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, int(rng.integers(2**32))]))
        made[place : place + 4] = number.to_bytes(4, "big" if rng.random() < 0.5 else "little")
    return made


def _cut(made: Bytes, rng: np.random.Generator) -> Bytes:
    return made[: int(rng.integers(len(made)))]


def _cut_start(made: Bytes, rng: np.random.Generator) -> Bytes:
    return made[int(rng.integers(1, len(made))) :]


def _zero(made: Bytes, rng: np.random.Generator) -> Bytes:
    for _ in range(int(rng.integers(1, 6))):
        start, size = int(rng.integers(len(made))), int(rng.integers(1, len(made) // 4))
        made[start : start + size] = bytes(len(made[start : start + size]))
    return made


def _swap(made: Bytes, rng: np.random.Generator) -> Bytes:
    size = int(rng.choice([16, 512, 4096, 65536]))
    size = min(size, len(made) // 4)
    first, second = sorted(int(place) for place in rng.integers(0, len(made) - size, 2))
    made[first : first + size], made[second : second + size] = made[second : second + size], made[first : first + size]
    return made


def _remove(made: Bytes, rng: np.random.Generator) -> Bytes:
    start = int(rng.integers(len(made)))
    del made[start : start + int(rng.integers(1, 10_000))]
    return made


def _repeat(made: Bytes, rng: np.random.Generator) -> Bytes:
    start, size = int(rng.integers(len(made))), int(rng.integers(1, 100_000))
    made[start:start] = made[start : start + size]
    return made


def _noise(made: Bytes, rng: np.random.Generator) -> Bytes:
    start, size = int(rng.integers(len(made))), int(rng.integers(1, 5000))
    size = len(made[start : start + size])
    made[start : start + size] = rng.bytes(size)
    return made


DAMAGES: dict[str, Callable[[Bytes, np.random.Generator], Bytes]] = {
    "bits flipped": _flip,
    "bits flipped in the head": _flip_head,
    "bits flipped in the tail": _flip_tail,
    "numbers at the ends": _big_numbers,
    "cut": _cut,
    "start lost": _cut_start,
    "blocks of zeros": _zero,
    "blocks swapped": _swap,
    "bytes removed": _remove,
    "bytes twice": _repeat,
    "noise": _noise,
}
