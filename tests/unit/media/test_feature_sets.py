"""A specification is opened as it was made, or refused in one line that says what differs."""

import sys
from pathlib import Path

import pytest

from mlcl.errors import DataError, UsageError
from mlcl.media.feature_sets import FEATURE_SETS, make_extractor, open_specified
from mlcl.media.feature_sets.difference import difference


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MLCL_CACHE", str(tmp_path / "cache"))


def test_the_defaults_open_from_their_own_specification() -> None:
    made = make_extractor("logmel").specification
    assert open_specified(made).specification == made
    assert made.columns == tuple(FEATURE_SETS["logmel"].columns)
    assert made.rate == FEATURE_SETS["logmel"].rate


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 7}, "version 7, and this mlcl has version 1"),
        ({"packages": {"numpy": "0.1"}}, r"pip install 'numpy==0.1.\*'"),
        ({"weights": {"a.bin": "0" * 64}}, "weights a.bin 000000000000.* name the folder"),
        (
            {"weights": {"f": "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493"}},
            "`mlcl features fetch face`",
        ),
        ({"columns": ("other",)}, "1 columns, and here there are 50, without 'other'"),
        ({"rate": 7.0}, "7.0 rows a second"),
    ],
)
def test_what_differs_is_said_in_one_line(change: dict[str, object], said: str) -> None:
    made = make_extractor("logmel").specification
    with pytest.raises(UsageError, match=said) as raised:
        open_specified(made.model_copy(update=change))
    assert "\n" not in str(raised.value)


def test_equal_weights_under_another_name_are_the_same() -> None:
    made = make_extractor("logmel").specification
    one, other = (made.model_copy(update={"weights": {name: "1" * 64}}) for name in ("a", "b"))
    assert difference(one, other) is None
    assert difference(one, made.model_copy(update={"weights": {"a": "2" * 64}})) is not None


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("logmle", {}, "did you mean 'logmel'"),
        ("logmel", {"parameters": {"layer": 3}}, "no parameter 'layer'"),
        ("logmel", {"rate": 5.0}, "is for pictures"),
        ("face", {"rate": 0.0}, "pictures a second"),
        ("face", {"parameters": {"gaze": 3}}, "allowed: true, false"),
        ("face", {}, "mlcl features fetch face"),
        ("audio_model", {}, "needs the parameter model"),
        ("vision_model", {"parameters": {"model": "m", "crop": "fcae"}}, "did you mean 'face'"),
        ("audio_model", {"parameters": {"model": "m", "layer": "x"}}, "a whole number"),
    ],
)
def test_what_cannot_be_made_is_one_line(name: str, options: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        make_extractor(name, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04", b"\0" * 5000])
def test_damaged_face_models_are_refused(content: bytes, tmp_path: Path) -> None:
    task = tmp_path / "face_landmarker.task"
    task.write_bytes(content)
    with pytest.raises(DataError, match=r"no face_landmarker.task"):
        make_extractor("face", weights=task)
    (tmp_path / "face_detection_short_range.tflite").write_bytes(content)
    (tmp_path / "face_landmark.tflite").write_bytes(content)
    with pytest.raises(DataError, match="TensorFlow Lite"):
        make_extractor("face", weights=tmp_path)


def test_the_absence_of_litert_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("face_detection_short_range.tflite", "face_landmark.tflite"):
        (tmp_path / name).write_bytes(b"\0\0\0\0TFL3")
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(UsageError, match=r"pip install 'mlcl\[clips\]'"):
        make_extractor("face", weights=tmp_path)


def test_every_set_says_what_it_is() -> None:
    for entry in FEATURE_SETS.values():
        assert entry.modality in ("acoustic", "visual")
        assert entry.description
        assert entry.licence
        assert all(entry.columns.values())
    assert "research" in FEATURE_SETS["egemaps"].licence
