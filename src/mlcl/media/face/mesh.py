"""A face's surface: 468 points in three dimensions, and the irises."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mlcl.media.face.detector import Detection
from mlcl.media.face.model import LiteModel

POINTS = 468
_MARGIN = 1.5  # side of the crop, in sides of the detector's box
_EYE_MARGIN = 2.3  # side of the eye's crop, in widths of the eye
_EYES = ((33, 133), (263, 362))  # outer and inner corner; right, left
_IRIS = 5  # points of each, the centre first
_CORNERS = (0, 8)  # outer and inner, among the points of an eye's outline


@dataclass(frozen=True, eq=False)
class Mesh:
    """A face's points.

    Attributes:
        points: (468, 3) in pixels of the picture: right, down, and away from the camera.
        score: Probability that there is a face, in [0, 1].
        eyes: (2, 3, 2) in pixels, of the right and left eye: the iris's centre, the outer and the inner corner; None
            where no model finds irises.
        side: Of the square that was looked at, in pixels of the picture.
        angle: By which that square is turned, in radians, clockwise.
    """

    points: NDArray[np.float64]
    score: float
    eyes: NDArray[np.float64] | None
    side: float
    angle: float


class MeshFinder:
    """Lays the mesh on a detected face.

    Args:
        mesh: Network of the surface: 468 points, or 478 with the irises among them.
        iris: Network of an eye; None to do without, or where the mesh has the irises.
    """

    def __init__(self, mesh: LiteModel, iris: LiteModel | None) -> None:
        self._mesh = mesh
        self._iris = iris
        self._joined = max(mesh.output_sizes) == 3 * (POINTS + 2 * _IRIS)

    @property
    def finds_irises(self) -> bool:
        """Whether meshes come with irises."""
        return self._iris is not None or self._joined

    def find(self, image: Image.Image, face: Detection) -> Mesh:
        """The mesh of one face."""
        eyes = face.left_eye - face.right_eye
        angle = float(np.arctan2(eyes[1], eyes[0]))
        centre = (face.box[:2] + face.box[2:]) / 2
        side = max(_MARGIN * float((face.box[2:] - face.box[:2]).max()), 8.0)
        outputs = self._mesh(_scaled(crop(image, centre, side, angle, self._mesh.size)))
        found = outputs[0].reshape(-1, 3).astype(np.float64)
        score = 1 / (1 + np.exp(-float(outputs[1].reshape(-1)[0])))
        points = _to_picture(found, self._mesh.size, centre, side, angle)
        irises = (POINTS, POINTS + _IRIS)
        own = (
            points[[[iris, *corners] for iris, corners in zip(irises, _EYES, strict=True)], :2]
            if self._joined
            else None
        )
        return Mesh(points[:POINTS], score, own, side, angle)

    def with_irises(self, image: Image.Image, mesh: Mesh) -> Mesh:
        """The same mesh with the irises, if there is a network for them."""
        if self._iris is None or mesh.eyes is not None:
            return mesh
        eyes = []
        for number, (outer, inner) in enumerate(_EYES):
            corners = mesh.points[[outer, inner], :2]
            centre = corners.mean(axis=0)
            side = max(_EYE_MARGIN * float(np.linalg.norm(corners[0] - corners[1])), 4.0)
            eye = _scaled(crop(image, centre, side, mesh.angle, self._iris.size))
            mirrored = number == 0  # the network knows left eyes
            outline, iris = (
                output.reshape(-1, 3).astype(np.float64)
                for output in self._iris(np.ascontiguousarray(eye[:, ::-1]) if mirrored else eye)
            )
            found = np.concatenate([iris[:1], outline[list(_CORNERS)]])
            if mirrored:
                found[:, 0] = self._iris.size - found[:, 0]
            eyes.append(_to_picture(found, self._iris.size, centre, side, mesh.angle)[:, :2])
        return Mesh(mesh.points, mesh.score, np.stack(eyes), mesh.side, mesh.angle)


def crop(image: Image.Image, centre: NDArray[np.float64], side: float, angle: float, size: int) -> Image.Image:
    """A square of the picture, turned upright; black beyond the picture's edges.

    Args:
        image: The picture.
        centre: Of the square, in pixels of the picture.
        side: Of the square, in pixels of the picture.
        angle: By which the square is turned, in radians, clockwise.
        size: Of the result, in pixels.
    """
    shrunk = max(1, int(side / size))  # averaged first where many pixels become one
    if shrunk > 1:
        reach = side * (abs(np.cos(angle)) + abs(np.sin(angle))) / 2 + shrunk
        left, top = (max(0, int(middle - reach)) for middle in centre)
        right = min(image.width, int(centre[0] + reach) + 1)
        bottom = min(image.height, int(centre[1] + reach) + 1)
        if right - left < shrunk or bottom - top < shrunk:
            return Image.new("RGB", (size, size))
        image = image.reduce(shrunk, (left, top, right, bottom))
        centre, side = (centre - (left, top)) / shrunk, side / shrunk
    step = side / size
    across, down = step * np.cos(angle), step * np.sin(angle)
    start = centre - size / 2 * np.array([across - down, down + across])
    matrix = (across, -down, float(start[0]), down, across, float(start[1]))
    return image.transform((size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)


def _scaled(image: Image.Image) -> NDArray[np.float32]:
    return np.asarray(image, np.float32) / np.float32(255)


def _to_picture(
    points: NDArray[np.float64], size: int, centre: NDArray[np.float64], side: float, angle: float
) -> NDArray[np.float64]:
    """From pixels of a crop to pixels of the picture."""
    scale = side / size
    flat = (points[:, :2] - size / 2) * scale
    cosine, sine = np.cos(angle), np.sin(angle)
    turned = flat @ np.array([[cosine, sine], [-sine, cosine]]) + centre
    return np.column_stack([turned, points[:, 2] * scale])
