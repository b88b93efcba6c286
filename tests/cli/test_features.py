"""``mlcl features``: every set is listed whole, narrow and wide, and what is missing says how to get it."""

import json
from pathlib import Path

import pytest

from command import invoke
from mlcl.media.feature_sets import FEATURE_SETS


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MLCL_CACHE", str(tmp_path))


@pytest.mark.parametrize("width", [80, 200])
def test_the_table_names_every_set_and_cuts_nothing(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    done = invoke("features")
    assert done.code == 0
    assert all(name in done.out for name in FEATURE_SETS)
    assert "…" not in done.out
    assert max(map(len, done.out.splitlines())) <= width
    assert "fetch face" in done.out


def test_json_carries_the_same() -> None:
    rows = json.loads(invoke("features", "--json").out)
    assert [row["name"] for row in rows] == list(FEATURE_SETS)
    one = json.loads(invoke("features", "face", "--json").out)
    assert one["columns"] == dict(FEATURE_SETS["face"].columns)
    assert one["get"] in ("mlcl features fetch face", "pip install 'mlcl[clips]'")
    assert one["here"] is False


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_a_set_s_columns_have_units(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    done = invoke("features", name)
    assert done.code == 0
    assert all(column in done.out for column in FEATURE_SETS[name].columns)


def test_weights_in_a_folder_are_here(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed: pip install 'mlcl[clips]'")
    (tmp_path / "mine" / "face").mkdir(parents=True)
    assert json.loads(invoke("features", "face", "--weights", tmp_path / "mine", "--json").out)["here"] is True


@pytest.mark.parametrize("words", [("features", "fcae"), ("features", "fetch", "fcae")])
def test_an_unknown_name_is_one_line(words: tuple[str, ...]) -> None:
    done = invoke(*words)
    assert done.code == 2
    assert "did you mean 'face'" in done.err
    assert len(done.err.strip().splitlines()) == 1
