"""Damaged and hostile files: reading gives a valid corpus or a DataError, nothing else, within limits."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fuzz import harness
from fuzz.guard import Guard
from fuzz.harness import Fuzzer
from fuzz.hostile_files import FILES, SENTINEL
from fuzz.layouts import TARGETS
from hostile import HOSTILE
from mlcl.data.formats import read_corpus
from mlcl.errors import DataError
from reading import read_with

CASES = int(os.environ.get("MLCL_FUZZ", "20000"))
TESTS = Path(__file__).parents[1]


def child(*arguments: str, folder: Path) -> tuple[int, str, str]:
    """Run one of fuzz's programs in a folder of its own."""
    source = Path(harness.read_corpus.__code__.co_filename).parents[3]
    environment = {**os.environ, "PYTHONPATH": f"{source}{os.pathsep}{TESTS}"}
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.long
def test_every_damaged_file_is_a_corpus_or_an_error(tmp_path: Path) -> None:
    code, out, err = child("fuzz", "--cases", str(CASES), folder=tmp_path)
    assert code == 0, err[-5000:]
    result = json.loads(out)
    assert (result["cases"], result["failures"]) == (CASES, 0)
    for name, counts in result["outcomes"].items():
        share = CASES // len(TARGETS) // 20
        assert counts["error"] > share
        assert counts.get("corpus", 0) > (-1 if TARGETS[name].always_error else share), "the corpora are checked too"


def test_no_hostile_file_runs_anything_or_exceeds_its_limits(tmp_path: Path) -> None:
    names = dict(enumerate(FILES))
    for number, name in names.items():
        (tmp_path / "files" / str(number)).mkdir(parents=True)
        file, write = FILES[name]
        write(tmp_path / "files" / str(number) / file)
    code, out, err = child("fuzz.hostile", "files", folder=tmp_path)
    assert code == 0, err[-3000:]
    outcomes = {names[int(number)]: outcome for number, outcome in json.loads(out).items()}
    assert outcomes.keys() == FILES.keys()
    assert {name: outcome["message"] for name, outcome in outcomes.items() if outcome["what"] == "failure"} == {}
    assert {name for name, outcome in outcomes.items() if outcome["bytes"] > 2**30} == set()
    assert {outcomes[name]["what"] for name in HOSTILE} == {"error"}
    assert not list(tmp_path.rglob(SENTINEL))


def test_what_asks_for_more_than_it_holds_is_refused_in_a_line(tmp_path: Path) -> None:
    code, out, err = child("fuzz.hostile_folders", str(tmp_path), folder=tmp_path)
    assert code == 0, err[-3000:]
    outcomes = json.loads(out)
    assert {name for name, found in outcomes.items() if found["code"] not in (1, 2)} == {"one text for every item"}
    for name, found in outcomes.items():
        lines = found["err"].splitlines()
        assert len(lines) == (found["code"] > 0), (name, lines)
        assert not any(line.startswith("mlcl: unexpected") for line in lines), (name, lines)
        assert found["seconds"] < 5, name  # of processor time, and imports are among them
        assert found["bytes"] < 2**28, name


# ---- the harness itself


@pytest.fixture(scope="module")
def guard() -> Guard:
    return Guard()


@pytest.fixture
def fuzzer(tmp_path: Path, guard: Guard) -> Iterator[Fuzzer]:
    guard.seen.clear()
    yield Fuzzer(tmp_path, 1, guard, "mag")
    guard.seen.clear()


def _key_error(_: Path) -> Any:
    raise KeyError("x")


def _nameless(_: Path) -> Any:
    raise DataError("is wrong")


def _runs(path: Path) -> Any:
    os.system("true")
    raise DataError("is wrong", path=path)


def _writes(path: Path) -> Any:
    path.with_suffix(".out").write_text("x")
    raise DataError("is wrong", path=path)


def _evaluates(path: Path) -> Any:
    eval("1 + 1")
    raise DataError("is wrong", path=path)


def _invalid(change: Callable[[Any], Any]) -> Callable[[Path], Any]:
    corpus = read_corpus_of_mag()

    def read(_: Path) -> Any:
        return corpus.with_splits({name: change(split) for name, split in corpus.splits.items()})

    return read


def read_corpus_of_mag() -> Any:
    from mlcl.data.formats.items import mag
    from writers import mag_data

    return read_with(mag, mag_data())


def _nan_rows(split: Any) -> Any:
    rows = split.main.rows["acoustic"]
    changed = replace(rows, values=np.full_like(rows.values, np.nan))
    return replace(split, main=replace(split.main, rows={**split.main.rows, "acoustic": changed}))


WRONG: dict[str, tuple[Callable[[Path], Any], str]] = {
    "another exception": (_key_error, "KeyError"),
    "an error without a path": (_nameless, "names no path"),
    "a command": (_runs, "os.system"),
    "a file written": (_writes, "open"),
    "text run as code": (_evaluates, "compile"),
    "rows of nan": (_invalid(_nan_rows), "isfinite"),
    "an id that is no text": (_invalid(lambda split: replace(split, ids=[1] * len(split))), "identifier"),
    "labels of another length": (_invalid(lambda split: replace(split, labels=split.labels[:-1])), "shape"),
    "words without rows": (
        _invalid(lambda split: replace(split, main=replace(split.main, words=[["a"] * 9] * len(split)))),
        "lengths",
    ),
    "no text": (
        _invalid(lambda split: replace(split, main=replace(split.main, words=[["\ud800"]] * len(split)))),
        "_is_text",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_outcome_is_a_failure(fuzzer: Fuzzer, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    read, reason = WRONG[name]
    monkeypatch.setattr(harness, "read_corpus", read)
    fuzzer.run(3)
    assert fuzzer.counts["mag"] == {"failure": 1}
    assert "--seed 1 --first 3 (mag)" in fuzzer.failures[0]
    assert reason in fuzzer.failures[0]


@pytest.mark.parametrize("limit", ["SLOWER", "BYTES"])
def test_a_limit_that_is_exceeded_is_a_failure(fuzzer: Fuzzer, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(harness, limit, -1)
    fuzzer.run(3)
    assert fuzzer.counts["mag"] == {"failure": 1}


def test_a_case_depends_on_seed_and_number_alone(fuzzer: Fuzzer, tmp_path: Path, guard: Guard) -> None:
    files = [fuzzer.files("mag", case) for case in range(40)]
    fuzzer.run(7)
    assert [fuzzer.files("mag", case) for case in range(40)] == files
    other = Fuzzer(tmp_path, 2, guard, "mag")
    assert sum(other.files("mag", case) == files[case] for case in range(40)) < 4
    assert len({str(case) for case in files}) > 30


def test_the_guard_hears_only_while_it_watches(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    os.system("true")
    with guard.watching():
        (tmp_path / "a").read_text()
    assert guard.seen == []


@pytest.mark.parametrize("name", TARGETS)
def test_undamaged_files_are_read(tmp_path: Path, name: str) -> None:
    target = TARGETS[name]
    files = target.write(target.make(0), np.random.default_rng(0))
    for file, content in files.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(content)
    path = tmp_path / next(iter(files)) if len(files) == 1 else tmp_path
    if target.read is not None:
        target.read(path)
    elif not target.always_error:
        assert read_corpus(path).splits
