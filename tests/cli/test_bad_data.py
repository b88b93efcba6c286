"""Data files that are missing, damaged, hostile or something else: exit 1, one line, nothing written, nothing run."""

import gzip
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command import SMALL, TINY, refuse, settings
from hostile import HOSTILE
from writers import Data, mag_data, write_hkt, write_mag, write_pickle

pytestmark = pytest.mark.usefixtures("workplace")


class _Command:
    """Pickles to a call of `os.system`."""

    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.system, ("touch sentinel",)


def _raw(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _data(content: object) -> Callable[[Path], object]:
    return lambda path: write_pickle(path, content)


def _mag(edit: Callable[[Data], object]) -> Callable[[Path], object]:
    return lambda path: write_mag(path, edit=edit)


def _hkt(edit: Callable[[Data], object]) -> Callable[[Path], object]:
    return lambda path: write_hkt(path, edit=edit)


def _one_row_less(data: Data) -> None:
    ((words, visual, acoustic), label, segment) = data["train"][3]
    data["train"][3] = ((words, visual[:-1], acoustic), label, segment)


def _context_row_more(data: Data) -> None:
    punchline, (_, visual, *rest), identifier, label = data["dev"][1]
    more = np.concatenate([visual, np.ones((1, 7))])
    data["dev"][1] = (punchline, (["a few words"], more, *rest), identifier, label)


def _wider(data: Data) -> None:
    ((words, visual, acoustic), label, segment) = data["test"][1]
    data["test"][1] = ((words, visual, np.hstack([acoustic, acoustic])), label, segment)


def _label(value: object) -> Callable[[Data], None]:
    def edit(data: Data) -> None:
        features, _, segment = data["dev"][0]
        data["dev"][0] = (features, value, segment)

    return edit


def _unlabelled(*names: str) -> Callable[[Data], None]:
    def edit(data: Data) -> None:
        for name in names:
            data[name] = [(features, None, segment) for features, _, segment in data[name]]

    return edit


DROPBOX = {"train": {"facet": [1], "covarep": [2], "glove": [3], "label": [4]}}
whole = pickle.dumps(mag_data())
# how the file is made; what the message must contain beside the file's name
CASES: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "missing": (lambda path: None, ["no such file", "github.com/WasifurRahman", "--data FILE"]),
    "folder": (lambda path: path.mkdir(), ["directory"]),
    "empty file": (_raw(b""), ["empty"]),
    "text": (_raw(b"id,label\n1,2\n"), ["pickle"]),
    "web page": (_raw(b"<!DOCTYPE html><html>quota exceeded</html>"), ["web page"]),
    "gzip": (_raw(gzip.compress(whole)), ["gzip", "gunzip"]),
    "zip archive": (_raw(b"PK\x03\x04" + bytes(100)), ["zip archive", "unpack it"]),
    "git-lfs pointer": (_raw(b"version https://git-lfs.github.com/spec/v1\n"), ["git-lfs", "git lfs pull"]),
    "truncated": (_raw(whole[: len(whole) // 2]), ["Get the file again"]),
    "last byte lost": (_raw(whole[:-1]), ["Get the file again"]),
    "hostile": (_data(_Command()), ["Nothing in it was executed"]),
    "hostile inside a good file": (_mag(lambda d: d["test"].append(_Command())), ["Nothing in it was executed"]),
    "a number": (_data(5), ["int", "MAG", "HKT"]),
    "a list": (_data([1, 2]), ["list of 2", "MAG", "HKT"]),
    "another layout": (_data({"train": {"picture": [1], "sound": [2]}}), ["'picture'", "MAG", "HKT"]),
    "the wrong MOSI file": (_data(DROPBOX), ["Dropbox", "Google Drive"]),
    "no splits": (_data({}), ["MAG", "HKT"]),
    "unknown split": (_mag(lambda d: d.update(extra=d["test"])), ["'extra'", "allowed: train"]),
    "empty train split": (_mag(lambda d: d["train"].clear()), ["train", "no items"]),
    "empty test split": (_mag(lambda d: d["test"].clear()), ["test", "no items"]),
    "no train split": (_mag(lambda d: d.pop("train")), ["no train split"]),
    "no dev split": (_mag(lambda d: d.pop("dev")), ["no dev split"]),
    "mismatched rows": (_mag(_one_row_less), ["train[3]", "words", "visual rows", "acoustic rows"]),
    "mismatched rows in a context": (_hkt(_context_row_more), ["dev[1] context", "3 words", "visual rows"]),
    "mixed widths": (_mag(_wider), ["test[1]", "acoustic", "10", "5"]),
    "label that is text": (_mag(_label("good")), ["dev[0]", "label", "str"]),
    "infinite label": (_mag(_label(np.inf)), ["dev[0]", "label", "inf"]),
    "one label missing": (
        _mag(_label(None)),
        ["dev", "have no label; leave them out with --set"],
    ),
    "no labels at all": (_mag(_unlabelled("train", "dev", "test")), ["train", "no labels"]),
    "no labels in dev": (_mag(_unlabelled("dev")), ["dev", "no labels"]),
}


@pytest.mark.parametrize("name", CASES)
def test_training_refuses_the_file(workplace: Path, name: str) -> None:
    write, parts = CASES[name]
    write(workplace / "data.pkl")
    message = refuse(1, "train", "mosi", "--data", "data.pkl", *TINY, *SMALL)
    assert message.startswith("data.pkl")
    assert [part for part in parts if part not in message] == []


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pickles_are_refused_and_never_executed(workplace: Path, name: str) -> None:
    content = HOSTILE[name].replace(b"\x8c\x04true", b"\x8c\x0etouch sentinel").replace(b"'true'", b"'touch sentinel'")
    (workplace / "data.pkl").write_bytes(content)
    assert refuse(1, "train", "mosi", "--data", "data.pkl", *TINY).startswith("data.pkl: ")
    assert not (workplace / "sentinel").exists()


def test_a_hostile_file_would_run_without_the_lock(workplace: Path) -> None:
    """Negative control: the same bytes do create the sentinel when they are simply unpickled."""
    pickle.loads(pickle.dumps(_Command()))
    assert (workplace / "sentinel").exists()


@pytest.mark.parametrize("recipe", ["mosi", "mosei", "ur_funny", "mustard"])
def test_a_missing_file_s_error_says_where_its_owners_offer_it(recipe: str) -> None:
    message = refuse(1, "train", recipe, *TINY)
    assert message.startswith(f"datasets/{recipe}.pkl: no such file. ")
    assert "github.com/" in message
    assert message.endswith("Then pass --data FILE")


def test_labels_of_another_task_are_an_error(workplace: Path) -> None:
    write_mag(workplace / "scores.pkl")
    message = refuse(1, "train", "mosi", "--data", "scores.pkl", *TINY, *SMALL, *settings(data__task="classification"))
    assert message.startswith("scores.pkl")
    assert [part for part in ("label", "0", "1") if part not in message] == []


def test_underscores_that_last_word_cannot_place_are_named(workplace: Path) -> None:
    def edit(data: Data) -> None:
        (_, visual, acoustic), label, segment = data["train"][0]
        data["train"][0] = ((["_ _ _"], visual[:1], acoustic[:1]), label, segment)

    write_mag(workplace / "mag.pkl", edit=edit)
    message = refuse(1, "train", "mosi", "--data", "mag.pkl", *TINY, *SMALL, *settings(data__alignment="last_word"))
    assert "data.alignment=word" in message
