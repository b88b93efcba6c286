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
_WIDE = 0.8  # eyes move together: the right one is taken unless it is narrower than this share of the left one
_IRIS = 5  # points of each, the centre first
_CORNERS = (0, 8)  # outer and inner, among the points of an eye's outline


@dataclass(frozen=True, eq=False)
class Eye:
    """An eye's points, x and y in pixels of the picture.

    Attributes:
        left: Whether it is the person's left one.
        iris: Its centre.
        outer: Corner towards the temple.
        inner: Corner towards the nose.
    """

    left: bool
    iris: NDArray[np.float64]
    outer: NDArray[np.float64]
    inner: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Mesh:
    """A face's points.

    Attributes:
        points: (468, 3) in pixels of the picture: right, down, and away from the camera.
        score: Probability that there is a face, in [0, 1].
        eyes: Those whose iris was found.
        side: Of the square that was looked at, in pixels of the picture.
        angle: By which that square is turned, in radians, clockwise.
    """

    points: NDArray[np.float64]
    score: float
    eyes: tuple[Eye, ...]
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

    def find(self, image: NDArray[np.uint8], face: Detection) -> Mesh:
        """The mesh of one face."""
        eyes = face.left_eye - face.right_eye
        angle = float(np.arctan2(eyes[1], eyes[0]))
        centre = (face.box[:2] + face.box[2:]) / 2
        side = max(_MARGIN * float((face.box[2:] - face.box[:2]).max()), 8.0)
        outputs = self._mesh(_scaled(crop(image, centre, side, angle, self._mesh.size)))
        found = outputs[0].reshape(-1, 3).astype(np.float64)
        score = 1 / (1 + np.exp(-float(outputs[1].reshape(-1)[0])))
        points = _to_picture(found, self._mesh.size, centre, side, angle)
        found_eyes = tuple(
            Eye(number == 1, *(points[point, :2] for point in (POINTS + number * _IRIS, *_EYES[number])))
            for number in range(2 if self._joined else 0)
        )
        return Mesh(points[:POINTS], score, found_eyes, side, angle)

    def with_irises(self, image: NDArray[np.uint8], mesh: Mesh) -> Mesh:
        """The same mesh with the iris of the eye that is seen better, if there is a network for it."""
        if self._iris is None or mesh.eyes:
            return mesh
        right, left = (float(np.linalg.norm(mesh.points[outer, :2] - mesh.points[inner, :2])) for outer, inner in _EYES)
        number, width = (0, right) if right >= _WIDE * left else (1, left)
        centre = mesh.points[list(_EYES[number]), :2].mean(axis=0)
        side = max(_EYE_MARGIN * width, 4.0)
        seen = _scaled(crop(image, centre, side, mesh.angle, self._iris.size))
        mirrored = number == 0  # the network knows left eyes
        outline, iris = (
            output.reshape(-1, 3).astype(np.float64)
            for output in self._iris(np.ascontiguousarray(seen[:, ::-1]) if mirrored else seen)
        )
        found = np.concatenate([iris[:1], outline[list(_CORNERS)]])
        if mirrored:
            found[:, 0] = self._iris.size - found[:, 0]
        points = _to_picture(found, self._iris.size, centre, side, mesh.angle)[:, :2]
        eye = Eye(number == 1, points[0], points[1], points[2])
        return Mesh(mesh.points, mesh.score, (eye,), mesh.side, mesh.angle)


def crop(
    image: NDArray[np.uint8], centre: NDArray[np.float64], side: float, angle: float, size: int
) -> NDArray[np.uint8]:
    """A square of the picture, turned upright; black beyond the picture's edges.

    Args:
        image: The picture.
        centre: Of the square, in pixels of the picture.
        side: Of the square, in pixels of the picture.
        angle: By which the square is turned, in radians, clockwise.
        size: Of the result, in pixels.
    """
    reach = side * (abs(np.cos(angle)) + abs(np.sin(angle))) / 2 + 2
    height, width = image.shape[:2]
    left, right = (int(np.clip(centre[0] + away, 0, width)) for away in (-reach, reach))
    top, bottom = (int(np.clip(centre[1] + away, 0, height)) for away in (-reach, reach))
    if left >= right or top >= bottom:
        return np.zeros((size, size, 3), np.uint8)
    part = Image.fromarray(np.ascontiguousarray(image[top:bottom, left:right]))
    finer = 2 if side > size else 1  # a large face is looked at more closely first, and then averaged
    count, step = finer * size, side / (finer * size)
    across, down = step * np.cos(angle), step * np.sin(angle)
    start = centre - (left, top) - count / 2 * np.array([across - down, down + across])
    matrix = (across, -down, float(start[0]), down, across, float(start[1]))
    how = Image.Resampling.NEAREST if finer > 1 else Image.Resampling.BILINEAR
    return np.asarray(part.transform((count, count), Image.Transform.AFFINE, matrix, how).reduce(finer))


def _scaled(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    return image * np.float32(1 / 255)


def _to_picture(
    points: NDArray[np.float64], size: int, centre: NDArray[np.float64], side: float, angle: float
) -> NDArray[np.float64]:
    """From pixels of a crop to pixels of the picture."""
    scale = side / size
    flat = (points[:, :2] - size / 2) * scale
    cosine, sine = np.cos(angle), np.sin(angle)
    turned = flat @ np.array([[cosine, sine], [-sine, cosine]]) + centre
    return np.column_stack([turned, points[:, 2] * scale])
