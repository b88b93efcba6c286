"""Damaged and absurd files: a reader returns a valid corpus or raises DataError, and nothing else."""

import pickle
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlcl.data.corpus import SPLITS, Corpus
from mlcl.data.formats import hkt, mag, read_corpus
from mlcl.errors import DataError
from writers import hkt_data, mag_data

SIZES = {"train": 2, "valid": 1}
MAKERS: dict[str, Callable[..., Any]] = {"mag": mag_data, "hkt": hkt_data}
SECONDS = 5  # for one case at most; an ordinary one takes a millisecond


def check(corpus: Corpus) -> None:
    """Raise AssertionError unless a corpus keeps every promise of its form."""
    assert corpus.splits
    assert set(corpus.splits) <= set(SPLITS)
    for split in corpus.splits.values():
        assert len(split.ids) > 0
        assert {type(identifier) for identifier in split.ids} == {str}
        if split.labels is not None:
            assert split.labels.shape == (len(split),)
            assert np.isfinite(split.labels).all()
        for segment in (split.main, *([split.context] if split.context else [])):
            assert len(segment) == len(split)
            assert {type(word) for item in segment.words for word in item} <= {str}
            assert all(word.encode().decode() == word for item in segment.words for word in item)
            if segment.sentences is not None:
                assert [" ".join(item).split() for item in segment.sentences] == segment.words
            for name, rows in segment.rows.items():
                assert rows.width == corpus.widths()[name] > 0
                assert rows.values.dtype == np.float32
                assert np.isfinite(rows.values).all()
                assert rows.lengths.tolist() == [len(item) for item in segment.words]


def outcome(read: Callable[[], Corpus]) -> str:
    """What became of one case."""
    started = time.perf_counter()
    corpus, message = None, ""
    try:
        corpus = read()
    except DataError as error:
        message = str(error)
    assert time.perf_counter() - started < SECONDS
    if corpus is None:
        assert 0 < len(message) < 2000
        assert "\n" not in message
        return "error"
    check(corpus)
    return "corpus"


def rewrite(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)  # much faster than to truncate a file
    path.write_bytes(content)


OPCODES = list(b"\x00\xff.()]}RbtauesNKMJGXBCTUVIlLd\x85\x86\x87\x8a\x8b\x8c\x93\x94hqr")


def truncated(rng: np.random.Generator, content: bytes, _: bytes) -> bytes:
    return content[: rng.integers(len(content))]


def flipped(rng: np.random.Generator, content: bytes, _: bytes) -> bytes:
    damaged = bytearray(content)
    for place in rng.integers(len(content), size=rng.integers(1, 4)):
        damaged[place] ^= 1 << rng.integers(8)
    return bytes(damaged)


def overwritten(rng: np.random.Generator, content: bytes, _: bytes) -> bytes:
    damaged = bytearray(content)
    damaged[rng.integers(len(content))] = rng.choice(OPCODES)
    return bytes(damaged)


def spliced(rng: np.random.Generator, content: bytes, other: bytes) -> bytes:
    start, stop = sorted(rng.integers(len(content), size=2))
    first, last = sorted(rng.integers(len(other), size=2))
    return content[:start] + other[first:last] + content[stop:]


def doubled(rng: np.random.Generator, content: bytes, _: bytes) -> bytes:
    start = rng.integers(len(content))
    stop = start + rng.integers(1, 12)
    return content[:stop] + content[start:stop] * rng.integers(1, 50) + content[stop:]


@pytest.mark.parametrize("damage", [truncated, flipped, overwritten, spliced, doubled])
@pytest.mark.parametrize("layout", MAKERS)
def test_damaged_bytes(tmp_path: Path, layout: str, damage: Callable[..., bytes]) -> None:
    rng = np.random.default_rng(20)
    path = tmp_path / "data.pkl"
    contents = [
        pickle.dumps(make(SIZES, seed=seed), protocol)
        for make in MAKERS.values()
        for seed, protocol in enumerate((4, 2, 5))
    ]
    mine = contents[:3] if layout == "mag" else contents[3:]
    seen = Counter[str]()
    for case in range(400):
        rewrite(path, damage(rng, mine[case % 3], contents[rng.integers(len(contents))]))
        seen[outcome(lambda: read_corpus(path))] += 1
    assert seen["error"] > 40
    if damage in (flipped, overwritten):
        assert seen["corpus"] > 40  # damage inside the rows is no damage to the layout; so the checks above do run


ODD: tuple[Any, ...] = (
    None, True, 0, -1, 2**100, 1.5, np.nan, -np.inf, "", "a", "a b", "\ud800", "x" * 3000, b"", b"\xff", [], (), {},
    set(), [""], ["a"], [["a"]], [None], ("a", b"b"), [1.0], {"a": 1}, np.float32(1), np.int8(1), np.str_("a"),
    np.bytes_(b"a"), np.zeros(0), np.zeros(3), np.zeros((0, 0)), np.zeros((0, 3)), np.zeros((1, 3)), np.zeros((3, 0)),
    np.zeros((2, 3, 1)), np.full((1, 3), np.inf), np.full((2, 5), np.nan), np.full((1, 5), 1e300), np.ones((1, 1)),
    np.ones((1, 7)), np.array(1.0), np.array(["a"]), np.array([["a"]]), np.array([None]), np.ones((1, 3), complex),
    np.ones((1, 3), bool), np.ones((1, 3), np.float16), np.array("2020", "M8"), np.zeros(2, "i4,f4"), object(), int,
)  # fmt: skip


def replace(rng: np.random.Generator, value: Any) -> Any:
    """Put something odd in a random place of nested data."""
    if not isinstance(value, dict | list | tuple) or not value or rng.random() < 0.1:
        return ODD[rng.integers(len(ODD))]
    if isinstance(value, dict):
        key = list(value)[rng.integers(len(value))]
        return {**value, key: replace(rng, value[key])}
    parts = list(value)
    index = int(rng.integers(len(parts)))
    if rng.random() < 0.1:
        parts.pop(index) if rng.random() < 0.5 else parts.insert(index, parts[index])
    else:
        parts[index] = replace(rng, parts[index])
    return type(value)(parts)


@pytest.mark.parametrize("reader", [mag, hkt], ids=MAKERS)
def test_odd_values_anywhere(reader: Any) -> None:
    rng = np.random.default_rng(21)
    data = MAKERS[reader.__name__.rsplit(".", 1)[1]]({"train": 2, "dev": 1, "test": 1})
    seen = Counter[str]()
    for _ in range(3000):
        odd = replace(rng, data)
        for _ in range(rng.integers(3)):
            odd = replace(rng, odd)
        assert reader.sniff(odd) in (True, False)
        seen[outcome(lambda odd=odd: reader.read(odd, path="data.pkl"))] += 1
    assert min(seen["corpus"], seen["error"]) > 100


def test_random_opcodes(tmp_path: Path) -> None:
    """Programs of known opcodes in random order reach deep into both locks."""
    rng = np.random.default_rng(22)
    path = tmp_path / "data.pkl"
    pieces = (
        b"N", b"K\x01", b"]", b")", b"}", b"(", b"t", b"\x85", b"\x86", b"\x87", b"R", b"b", b"a", b"e", b"s", b"u",
        b"l", b"d", b"\x94", b"h\x00", b"h\x01", b"h\x02", b"q\x01", b"\x8c\x05train", b"C\x01b", b"I01\n", b"F1.5\n",
        b"\x8a\x01\xff", b"\x8c\x02f4", b"\x8c\x06latin1", b"\x8c\x01<", b"B\x04\0\0\0abcd",
        b"cnumpy\nndarray\n", b"cnumpy\ndtype\n", b"c_codecs\nencode\n", b"ccollections\nOrderedDict\n",
        b"cnumpy.core.multiarray\n_reconstruct\n", b"cnumpy.core.multiarray\nscalar\n", b"c__builtin__\nbytes\n",
        b"cnumpy.core.numeric\n_frombuffer\n", b"cos\nsystem\n",
    )  # fmt: skip
    for _ in range(3000):
        program = b"".join(pieces[index] for index in rng.integers(len(pieces), size=rng.integers(1, 30)))
        rewrite(path, b"\x80\x04" + program + b".")
        assert outcome(lambda: read_corpus(path)) == "error"
