"""All faces of a picture, each with its mesh, whichever way up the picture is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcl.media.face.detector import Detection, Detector, overlap
from mlcl.media.face.mesh import Mesh, MeshFinder
from mlcl.media.face.task_file import FaceModels

_SURE = 0.5  # score of a mesh
_SAME = 0.3  # of the union of two meshes' boxes; those that share more are one face
_MOST_MESHES = 4  # of the largest faces in a picture


@dataclass(frozen=True, eq=False)
class Face:
    """A face in a picture.

    Attributes:
        box: Left, top, right, bottom of its mesh in pixels.
        mesh: Its points.
    """

    box: NDArray[np.float64]
    mesh: Mesh


class FaceFinder:
    """Finds the faces of a recording's pictures, in their order.

    Where no face is found upright, the picture is tried turned by 90, 180 and 270 degrees: recordings exist that lie on
    their side without saying so. The turn that showed a face is tried first in the pictures after it.

    Args:
        models: The networks.
        irises: Whether to find the irises too.
    """

    def __init__(self, models: FaceModels, *, irises: bool) -> None:
        self._detector = Detector(models.detector())
        self._meshes = MeshFinder(models.mesh(), models.iris() if irises else None)
        self._turns = 0

    def find(self, image: NDArray[np.uint8]) -> list[Face]:
        """The faces whose mesh is sure, the largest first."""
        square, size = self._detector.shrink(image), (image.shape[1], image.shape[0])
        for turns in (self._turns, *(turns for turns in range(4) if turns != self._turns)):
            detections = sorted(self._detector.find(square, size, turns), key=_side)[-_MOST_MESHES:]
            meshes = [self._meshes.find(image, detection) for detection in detections[::-1]]
            if faces := _distinct([mesh for mesh in meshes if mesh.score >= _SURE]):
                self._turns = turns
                return [Face(face.box, self._meshes.with_irises(image, face.mesh)) for face in faces]
        return []


def _distinct(meshes: list[Mesh]) -> list[Face]:
    """Each face once, where two findings of the detector led to the same."""
    faces: list[Face] = []
    for mesh in meshes:
        box = np.concatenate([mesh.points[:, :2].min(axis=0), mesh.points[:, :2].max(axis=0)])
        if all(overlap(box, face.box) <= _SAME for face in faces):
            faces.append(Face(box, mesh))
    return faces


def _side(detection: Detection) -> float:
    return float(detection.box[2] - detection.box[0])
