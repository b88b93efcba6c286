"""The file of an extraction gives back what was put in, and whatever else stands there is one error."""

import json
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from extractions import extraction, utterance
from mlcl.errors import DataError
from mlcl.media.extraction import Extraction, made_of
from mlcl.media.names import extraction_file, file_name

UTTERANCES = [utterance("talk_1", "well that went", 0.5, speaker="Zoë"), utterance("talk_2", "", 3.0)]


def made(**more: Any) -> Extraction:
    return extraction(UTTERANCES, notes=("it has no picture",), **more)


def same(one: Extraction, other: Extraction) -> bool:
    if one.description != other.description or one.streams.keys() != other.streams.keys():
        return False
    pairs = [(one.streams[name], other.streams[name]) for name in one.streams]
    return (
        all(np.array_equal(a.times, b.times) and np.array_equal(a.values, b.values) for a, b in pairs)
        and one.seen == other.seen
        and (one.loudness is None) == (other.loudness is None)
    )


@pytest.mark.parametrize("seen", [True, False])
def test_what_was_saved_is_loaded(tmp_path: Path, seen: bool) -> None:
    whole = made(seen=seen)
    whole.save(tmp_path / "a.safetensors")
    loaded = Extraction.load(tmp_path / "a.safetensors")
    assert same(whole, loaded)
    assert loaded.loudness is not None
    assert whole.loudness is not None
    assert np.array_equal(loaded.loudness.level, whole.loudness.level)
    assert loaded.streams["acoustic"].values.dtype == np.float32
    assert made_of(tmp_path / "a.safetensors") == "0" * 64


def test_a_recording_without_any_stream_is_kept_too(tmp_path: Path) -> None:
    empty = Extraction(made().description, {}, None)
    empty.save(tmp_path / "a.safetensors")
    assert same(empty, Extraction.load(tmp_path / "a.safetensors"))


def test_half_precision_is_half_the_size_three_digits_and_no_infinity(tmp_path: Path) -> None:
    whole = made()
    whole.streams["acoustic"].values[0, 0] = 1e6
    whole.save(tmp_path / "a.safetensors")
    whole.save(tmp_path / "b.safetensors", half=True)
    a, b = (load_file(tmp_path / f"{name}.safetensors")["acoustic.values"] for name in "ab")
    assert b.nbytes * 2 == a.nbytes
    loaded = Extraction.load(tmp_path / "b.safetensors").streams["acoustic"].values
    assert loaded[0, 0] == np.finfo(np.float16).max
    assert np.allclose(loaded[1:], whole.streams["acoustic"].values[1:], rtol=1e-3, atol=1e-3)
    assert not np.array_equal(loaded[1:], whole.streams["acoustic"].values[1:])


def test_the_same_extraction_is_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        made().save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def rewrite(edit: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        tensors = {name: np.array(value) for name, value in load_file(file).items()}
        edit(tensors)
        with file.open("rb") as stream:
            size = struct.unpack("<Q", stream.read(8))[0]
            content = json.loads(stream.read(size))["__metadata__"]
        save_file(tensors, file, content)

    return change


def describe(edit: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        tensors = load_file(file)
        with file.open("rb") as stream:
            content = json.loads(stream.read(struct.unpack("<Q", stream.read(8))[0]))["__metadata__"]
        values = json.loads(content["mlcl.extraction"])
        edit(values)
        save_file(tensors, file, {"mlcl.extraction": json.dumps(values)})

    return change


WRONG: dict[str, Callable[[Path], object]] = {
    "no file of tensors": lambda file: file.write_bytes(b"hello"),
    "nothing": lambda file: file.write_bytes(b""),
    "a header that says it has 2**62 bytes": lambda file: file.write_bytes(struct.pack("<Q", 2**62) + b"{}"),
    "a header of brackets": lambda file: file.write_bytes(struct.pack("<Q", 10**6) + b"[" * 10**6),
    "a cut file": lambda file: file.write_bytes(file.read_bytes()[:-7]),
    "a file of somebody else": lambda file: save_file({"a": np.zeros(3)}, file),
    "another format": describe(lambda values: values.update(format=2)),
    "no description": lambda file: save_file({"a": np.zeros(3)}, file, {"mlcl.extraction": "{}"}),
    "a description that is no JSON": lambda file: save_file({}, file, {"mlcl.extraction": "{"}),
    "a description that is a number": lambda file: save_file({}, file, {"mlcl.extraction": "1"}),
    "rows without times": rewrite(lambda tensors: tensors.pop("acoustic.times")),
    "fewer times than rows": rewrite(lambda t: t.update({"acoustic.times": t["acoustic.times"][:-1]})),
    "rows in one dimension": rewrite(lambda t: t.update({"acoustic.values": t["acoustic.values"][:, 0]})),
    "rows that are no numbers": rewrite(lambda t: t["acoustic.values"].__setitem__((0, 0), np.nan)),
    "times that are no numbers": rewrite(lambda t: t["acoustic.times"].__setitem__((0, 0), np.nan)),
    "rows that end before they start": rewrite(lambda t: t["acoustic.times"].__setitem__((3, 1), -1.0)),
    "loudness of another length": rewrite(lambda t: t.update({"loudness.level": t["loudness.level"][:-1]})),
    "levels without times": rewrite(lambda tensors: tensors.pop("loudness.times")),
    "a rule that nobody knows": rewrite(lambda t: t["seen.chosen_by"].__setitem__(1, 99)),
    "a rule before the first": rewrite(lambda t: t.update({"seen.chosen_by": t["seen.chosen_by"] - 5})),
    "fewer boxes than pictures": rewrite(lambda t: t.update({"seen.box": t["seen.box"][:-1]})),
    "boxes of three numbers": rewrite(lambda t: t.update({"seen.box": np.ascontiguousarray(t["seen.box"][:, :3])})),
    "no words": describe(lambda values: values["utterances"][0].pop("words")),
    "a time that is a text": describe(lambda values: values["utterances"][0].update(start="soon")),
    "an utterance that ends before it starts": describe(lambda values: values["utterances"][0].update(end=-3.0)),
    "a word that ends before it starts": describe(lambda values: values["utterances"][0]["words"][0].update(end=-3)),
    "a time that is no number": describe(lambda values: values["utterances"][0].update(start=float("nan"))),
    "two utterances of one id": describe(lambda values: values["utterances"].append(values["utterances"][0])),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_one_error_with_the_file_and_the_next_step(tmp_path: Path, name: str) -> None:
    file = tmp_path / "talk.safetensors"
    made().save(file)
    WRONG[name](file)
    with pytest.raises(DataError, match=r"talk\.safetensors: is no extraction of mlcl, or damaged \(.+\); delete it"):
        Extraction.load(file)


def test_a_folder_or_a_pipe_is_no_extraction(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "nothing"):
        with pytest.raises(DataError, match="is no extraction"):
            Extraction.load(path)
        assert made_of(path) is None


@given(st.data())
def test_damaged_bytes_never_raise_anything_else(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    file = tmp_path_factory.getbasetemp() / "damaged.safetensors"
    made().save(file)
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, 3000) if data.draw(st.booleans()) else st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    file.write_bytes(content)
    made_of(file)
    with suppress(DataError):
        Extraction.load(file)


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)


@given(names, names)
@example("a/b", "a%2Fb")
@example("a\\b", "a%5Cb")
@example("x" * 250, "x" * 251)
def test_every_key_has_one_name_of_its_own_that_any_file_system_takes(one: str, other: str) -> None:
    name = file_name(one)
    assert len(name.encode()) <= 200
    assert "/" not in name
    assert "\0" not in name
    assert (name == file_name(other)) == (one == other)


def test_names_stay_readable_and_long_ones_are_told_apart(tmp_path: Path) -> None:
    assert file_name("grüße/ein Tag 😀.mp4") == "grüße%2Fein Tag 😀.mp4"
    assert extraction_file(tmp_path, "a.mp4") == tmp_path / "recordings" / "a.mp4.safetensors"
    long = ["語" * 200 + "a", "語" * 200 + "b"]
    assert len({file_name(key) for key in long}) == 2
    for key in long:
        made().save(extraction_file(tmp_path, key))
