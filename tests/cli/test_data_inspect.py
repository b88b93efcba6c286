"""``mlcl data inspect`` and ``mlcl data verify`` on files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command import invoke, refuse, succeed
from mlcl.data.inspection import CHECKS
from writers import Data, mag_data, write_hkt, write_mag, write_pickle
from wrong_files import WRONG

pytestmark = pytest.mark.usefixtures("workplace")


def clean() -> Data:
    """A file in which nothing is wrong."""
    data = mag_data({"train": 5, "dev": 3, "test": 3})
    for split, items in data.items():
        for index, ((words, visual, acoustic), label, _) in enumerate(items):
            rng = np.random.default_rng([index, *split.encode()])
            extra = [np.vstack([rows, rng.normal(size=(2, rows.shape[1]))]) for rows in (visual, acoustic)]
            items[index] = (([*words, f"{split}{index}", "end"], *extra), label, f"{split}-{index}")
    return data


def _item(data: Data, split: str, index: int, **parts: Any) -> None:
    """Change parts of one item."""
    (words, visual, acoustic), label, segment = data[split][index]
    found = {"words": words, "visual": visual, "acoustic": acoustic, "label": label, "segment": segment, **parts}
    rows = (found["words"], found["visual"], found["acoustic"])
    data[split][index] = (rows, found["label"], found["segment"])


def _all(**parts: Callable[[Any], Any]) -> Callable[[Data], None]:
    """Change a part of every item."""

    def change(data: Data) -> None:
        for split, items in data.items():
            for index, ((words, visual, acoustic), label, segment) in enumerate(list(items)):
                now = {"words": words, "visual": visual, "acoustic": acoustic, "label": label, "segment": segment}
                _item(data, split, index, **{name: edit(now[name]) for name, edit in parts.items()})

    return change


def _labels(split: str, value: Any) -> Callable[[Data], None]:
    return lambda data: [_item(data, split, index, label=value) for index in range(len(data[split]))] and None


def _text_twice(data: Data) -> None:
    for split, seed in (("train", 1), ("dev", 2)):
        rng = np.random.default_rng(seed)
        rows = {"visual": rng.normal(size=(5, 3)), "acoustic": rng.normal(size=(5, 5))}
        _item(data, split, 0, words=["so", "this", "is", "five", "words"], **rows)


def _no_content(data: Data) -> None:
    _all(words=lambda _: [], visual=lambda _: np.zeros((0, 3)), acoustic=lambda _: np.zeros((0, 5)))(data)


FAULTS: dict[str, Callable[[Data], Any]] = {
    "item-in-two-splits": lambda data: data["test"].append((*data["train"][0][:2], "other")),
    "labels-missing": _labels("dev", None),
    "label-constant": _labels("train", 1.0),
    "no-content": _no_content,
    "split-missing": lambda data: data.pop("test"),
    "unlabelled": _labels("test", None),
    "empty-text": lambda data: _item(data, "dev", 0, words=[], visual=np.zeros((0, 3)), acoustic=np.zeros((0, 5))),
    "modality-absent": _all(visual=np.zeros_like),
    "modality-missing": lambda data: _item(data, "dev", 0, visual=0 * data["dev"][0][0][1]),
    "non-finite": lambda data: _item(data, "train", 0, visual=data["train"][0][0][1] + [np.inf, 0, 0]),
    "column-constant": _all(visual=lambda rows: np.hstack([rows[:, :2], np.ones((len(rows), 1))])),
    "rows-repeated": _all(acoustic=lambda rows: np.repeat(rows[:1], len(rows), axis=0)),
    "id-twice": lambda data: [_item(data, "train", index, segment="a") for index in (0, 1)],
    "id-in-two-splits": lambda data: [_item(data, split, 0, segment="a") for split in ("train", "dev")],
    "item-twice": lambda data: data["train"].append((*data["train"][0][:2], "other")),
    "text-in-two-splits": _text_twice,
    "video-in-two-splits": lambda data: [
        _item(data, split, index, segment=f"film_{index}") for split in ("train", "dev") for index in (0, 1)
    ],
}
ALSO = {"empty-text": {"modality-missing"}, "video-in-two-splits": {"id-in-two-splits"}}


def _write(change: Callable[[Data], Any]) -> None:
    data = clean()
    change(data)
    write_pickle(Path("data.pkl"), data)


def test_a_clean_file_passes_with_one_line() -> None:
    _write(lambda _: None)
    line = f"data.pkl: no errors and no warnings in {len(CHECKS)} checks\n"
    assert succeed("data", "verify", "data.pkl") == line
    assert succeed("data", "verify", "data.pkl", "--strict") == line
    result = json.loads(succeed("data", "verify", "data.pkl", "--json"))
    assert result == {"path": "data.pkl", "passed": True, "errors": 0, "warnings": 0, "findings": []}


@pytest.mark.parametrize("check", FAULTS)
def test_a_file_with_one_fault_is_told_and_fails_if_it_is_an_error(check: str) -> None:
    _write(FAULTS[check])
    level = CHECKS[check][0]
    outcome = invoke("data", "verify", "data.pkl")
    lines = [line for line in outcome.out.splitlines() if not line.startswith("data.pkl: ")]
    assert {line.split()[1].rstrip(":") for line in lines} == {check} | ALSO.get(check, set())
    assert f"{level} {check}:" in outcome.out
    assert outcome.code == (1 if level == "error" else 0)
    strict = invoke("data", "verify", "data.pkl", "--strict")
    assert strict.code == 1
    assert strict.err.splitlines()[-1].startswith("mlcl: data.pkl: ")
    result = invoke("data", "verify", "data.pkl", "--json")
    report = json.loads(result.out)
    assert (report["passed"], result.code) == (level == "warning", outcome.code)
    assert [finding["check"] for finding in report["findings"]] == [line.split()[1].rstrip(":") for line in lines]
    assert report["errors"] + report["warnings"] == len(lines)


@pytest.mark.parametrize(
    "name", ["zip.pkl", "empty.pkl", "lfs.pkl", "page.pkl", "photo.png", "checkpoint.pt", "dropbox.pkl"]
)
def test_a_wrong_file_is_one_line(name: str) -> None:
    write, parts = WRONG[name]
    write(Path(name))
    for verb in ("inspect", "verify"):
        message = refuse(1, "data", verb, name)
        assert [part for part in parts if part not in message] == []
    assert refuse(1, "data", "inspect", name, "--json") == message
    outcome = invoke("data", "verify", name, "--json")
    report = json.loads(outcome.out)
    assert (outcome.code, report["passed"], report["errors"]) == (1, False, 1)
    assert report["findings"] == [{"level": "error", "check": "unreadable", "place": "", "text": message}]


def test_a_missing_file_is_one_line() -> None:
    assert "no.pkl: does not exist; check the path" in refuse(1, "data", "inspect", "no.pkl")
    assert "file" in refuse(2, "data", "inspect").lower()


def test_the_place_of_a_damaged_item_is_told() -> None:
    _write(lambda data: _item(data, "dev", 1, label="good"))
    report = json.loads(invoke("data", "verify", "data.pkl", "--json").out)
    assert report["findings"][0]["place"] == "dev[1]"


# ---- inspect


def test_the_table_shows_what_is_in_the_file() -> None:
    write_mag(Path("data.pkl"), sizes={"train": 5, "dev": 2, "test": 3})
    text = succeed("data", "inspect", "data.pkl")
    for part in ("layout mag; regression; rows belong to words", "acoustic, 5 columns", "visual, 3 columns", "items"):
        assert part in text
    assert "Next\n  mlcl train mosi --data data.pkl" in text
    assert "items of 1 videos" not in text
    assert max(map(len, (line for line in text.splitlines() if "│" in line))) <= 100


def test_the_table_of_a_file_with_context_has_both_segments() -> None:
    write_hkt(Path("data.pkl"), sizes={"train": 6, "dev": 2, "test": 2})
    text = succeed("data", "inspect", "data.pkl")
    assert "context words" in text
    assert "hcf, 4 columns" in text
    assert "0: 3, 1: 3" in text
    assert "Next\n  mlcl train mustard --data data.pkl" in text


def test_the_json_has_this_form() -> None:
    """Whoever reads it may rely on these names."""
    write_hkt(Path("data.pkl"), sizes={"train": 4, "dev": 2, "test": 2})
    report = json.loads(succeed("data", "inspect", "data.pkl", "--json"))
    assert set(report) == {
        *("path", "sha256", "layout", "task", "word_aligned", "widths", "label", "classes", "label_range", "splits"),
        *("repaired", "findings", "identity", "notes", "next_step"),
    }
    assert (report["path"], report["layout"], report["task"]) == ("data.pkl", "hkt", "classification")
    assert len(report["sha256"]) == 64
    assert report["widths"] == {"acoustic": 5, "visual": 7, "hcf": 4}
    train = report["splits"]["train"]
    assert set(train) == {"items", "main", "context", "labels", "videos", "speakers"}
    assert set(train["main"]) == set(train["context"]) == {"words", "rows", "empty_texts", "missing"}
    assert set(train["main"]["words"]) == set(train["main"]["rows"]["visual"]) == {"least", "median", "most"}
    assert train["labels"] == {"label": {"items": 4, "least": 0, "mean": 0.5, "most": 1, "counts": {"0": 2, "1": 2}}}
    assert {name: facts["items"] for name, facts in report["splits"].items()} == {"train": 4, "dev": 2, "test": 2}


def test_the_json_of_findings_has_their_level() -> None:
    _write(FAULTS["label-constant"])
    report = json.loads(succeed("data", "inspect", "data.pkl", "--json"))
    assert report["findings"] == [
        {
            "level": "error",
            "check": "label-constant",
            "place": "train",
            "text": "every label is 1; there is nothing to learn",
        }
    ]


def test_what_looks_wrong_is_shown() -> None:
    _write(FAULTS["item-in-two-splits"])
    text = succeed("data", "inspect", "data.pkl")
    assert "error item-in-two-splits: train and test: 1 items of test are in train too" in text
    assert "Next\n  mlcl data split data.pkl OUT --by" in text
