"""The networks that find faces: from a folder of .tflite files, or from MediaPipe's ``face_landmarker.task``."""

import hashlib
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from mlcl.errors import DataError
from mlcl.files import read_bytes
from mlcl.media.face.model import LiteModel

DETECTOR, MESH, IRIS = "face_detection_short_range.tflite", "face_landmark.tflite", "iris_landmark.tflite"
TASK_FILE = "face_landmarker.task"
_TASK_DETECTOR, _TASK_MESH = "face_detector.tflite", "face_landmarks_detector.tflite"
_MOST_BYTES = 2**25  # of a network; the largest has a tenth of it
_MOST_TASK = 2**27
_MOST_FILES = 100
_POINTS_WITH_IRISES = 478


@dataclass(frozen=True)
class FaceModels:
    """The networks as bytes, by the name of the file that they come from.

    Attributes:
        files: The detector's, the mesh's and, if there is one, the eye's.
    """

    files: dict[str, bytes]

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of each file."""
        return {name: hashlib.sha256(content).hexdigest() for name, content in self.files.items()}

    @property
    def finds_irises(self) -> bool:
        """Whether an eye's network is there, or a mesh that has the irises among its points."""
        return IRIS in self.files or max(self.mesh().output_sizes) == 3 * _POINTS_WITH_IRISES

    def without_irises(self) -> "FaceModels":
        """The same without an eye's network."""
        return FaceModels({name: content for name, content in self.files.items() if name != IRIS})

    def detector(self) -> LiteModel:
        """The detector, ready to run."""
        return self._open(0)

    def mesh(self) -> LiteModel:
        """The surface's network, ready to run."""
        return self._open(1)

    def iris(self) -> LiteModel | None:
        """The eye's network, ready to run, if there is one."""
        return self._open(2) if len(self.files) > 2 else None

    def _open(self, number: int) -> LiteModel:
        name = list(self.files)[number]
        return LiteModel(self.files[name], name)


def read_face_models(path: Path) -> FaceModels:
    """Read the networks.

    Args:
        path: A folder with the .tflite files or a ``face_landmarker.task``, or such a file itself.

    Raises:
        DataError: If they are not there, or are not what they are called.
    """
    if path.is_dir() and not (path / DETECTOR).exists() and (path / TASK_FILE).exists():
        path = path / TASK_FILE
    if path.is_dir():
        names = [DETECTOR, MESH, *([IRIS] if (path / IRIS).exists() else [])]
        return FaceModels({name: _bytes(path / name, _MOST_BYTES) for name in names})
    content = _bytes(path, _MOST_TASK)
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            if len(archive.infolist()) > _MOST_FILES:
                raise DataError(f"holds {len(archive.infolist())} files, at most {_MOST_FILES} make sense", path=path)
            return FaceModels({name: _member(archive, name) for name in (_TASK_DETECTOR, _TASK_MESH)})
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, RuntimeError, NotImplementedError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(
            f"is no face_landmarker.task ({reason}); name that file, a folder with {DETECTOR} and {MESH}, or get them "
            "by `mlcl features fetch face`",
            path=path,
        ) from None


def find_face_models(found: list[Path], hashes: set[str] | None) -> FaceModels | None:
    """The networks of the first place that has the wanted ones.

    Args:
        found: Folders or ``.task`` files.
        hashes: SHA-256 of the wanted networks' files; any will do when None.

    Returns:
        Those of the first place that has any, where none has the wanted ones; None where no place has any.

    Raises:
        DataError: If what is there is damaged.
    """
    first = None
    for place in found:
        if place.is_dir() and not any((place / name).exists() for name in (DETECTOR, MESH, TASK_FILE)):
            continue
        models = read_face_models(place)
        if hashes is None or set(models.without_irises().hashes.values()) <= hashes:
            return models
        first = first or models
    return first


def _bytes(path: Path, most: int) -> bytes:
    try:
        return read_bytes(path, most)
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}; get it by `mlcl features fetch face`", path=path) from error


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as stream:
        content = stream.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"{name} has more than {_MOST_BYTES} bytes")
    return content
