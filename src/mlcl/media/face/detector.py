"""Where faces are in a picture: BlazeFace, the short-range model of 128 pixels."""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mlcl.media.face.model import LiteModel

_SIZE = 128
_LAYERS = ((8, 2), (16, 6))  # cells of so many pixels, anchors in each: 896
_SURE = 0.5
_SAME = 0.3  # of the union; boxes that share more are one face
_MOST = 8  # faces in a picture


@dataclass(frozen=True, eq=False)
class Detection:
    """A face as the detector sees it, in pixels of the picture.

    Attributes:
        box: Left, top, right, bottom.
        right_eye: The person's own right; x and y.
        left_eye: Likewise.
        score: Of the detector, in [0, 1].
    """

    box: NDArray[np.float64]
    right_eye: NDArray[np.float64]
    left_eye: NDArray[np.float64]
    score: float


class Detector:
    """Finds faces from about a tenth of the picture's longer side on.

    Args:
        model: Its network.
    """

    def __init__(self, model: LiteModel) -> None:
        self._model = model
        self._anchors = np.concatenate([
            np.repeat(np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2), times, axis=0)
            for cell, times in _LAYERS
            for line in [(np.arange(_SIZE // cell) + 0.5) * cell]
        ])  # fmt: skip

    def shrink(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The whole picture in the network's square, with black beside it."""
        height, width = (max(1, round(side * _SIZE / max(image.shape[:2]))) for side in image.shape[:2])
        step = max(1, max(image.shape[:2]) // (3 * _SIZE))  # three pixels a side become one; the others are left out
        rows = Image.fromarray(np.ascontiguousarray(image[step // 2 :: step]))
        fewer = rows.resize((max(1, image.shape[1] // step), rows.height), Image.Resampling.NEAREST)
        small = fewer.resize((width, height), Image.Resampling.BILINEAR)
        square = np.zeros((_SIZE, _SIZE, 3), np.uint8)
        top, left = (_SIZE - height) // 2, (_SIZE - width) // 2
        square[top : top + height, left : left + width] = np.asarray(small)
        return square

    def find(self, square: NDArray[np.uint8], size: tuple[int, int], turns: int) -> list[Detection]:
        """Faces of a picture, the surest first.

        Args:
            square: The picture as `shrink` gives it.
            size: Width and height of the picture.
            turns: How often the square is turned by 90 degrees, anticlockwise, before the network sees it.
        """
        seen = np.rot90(square, turns)
        regressors, scores = self._model(seen.astype(np.float32) / 127.5 - 1)
        logits = scores.reshape(-1)
        sure = np.flatnonzero(logits > np.log(_SURE / (1 - _SURE)))
        values = regressors.reshape(-1, 16)[sure].astype(np.float64)
        probability = 1 / (1 + np.exp(-logits[sure].clip(-80, 80)))
        points = values[:, [0, 1, 4, 5, 6, 7]].reshape(-1, 3, 2) + self._anchors[sure][:, None]
        half = np.abs(values[:, 2:4]) / 2
        merged = _merge(np.concatenate([points, half[:, None]], axis=1), probability)
        return [self._in_picture(values, score, size, turns) for values, score in merged]

    def _in_picture(self, values: NDArray[np.float64], score: float, size: tuple[int, int], turns: int) -> Detection:
        centre, half = values[0], values[3]
        corners = np.stack([centre - half, centre + half])
        points = np.concatenate([corners, values[1:3]]) - _SIZE / 2
        for _ in range(turns % 4):
            points = np.stack([-points[:, 1], points[:, 0]], axis=1)  # turned back, clockwise
        points = points * max(size) / _SIZE + np.asarray(size) / 2
        box = np.concatenate([points[:2].min(axis=0), points[:2].max(axis=0)])
        return Detection(box, points[2], points[3], score)


def _merge(found: NDArray[np.float64], score: NDArray[np.float64]) -> list[tuple[NDArray[np.float64], float]]:
    """Overlapping findings as one: their mean, weighted by their scores."""
    order = list(np.argsort(-score, kind="stable"))
    merged: list[tuple[NDArray[np.float64], float]] = []
    boxes = np.concatenate([found[:, 0] - found[:, 3], found[:, 0] + found[:, 3]], axis=1)
    while order and len(merged) < _MOST:
        near = [index for index in order if overlap(boxes[order[0]], boxes[index]) > _SAME] or order[:1]
        weights = score[near] / score[near].sum()
        merged.append((np.tensordot(weights, found[near], axes=1), cast(float, score[order[0]].item())))
        order = [index for index in order if index not in near]
    return merged


def overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Shared area of two boxes, as a share of the area that they cover together."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    shared = float(np.prod(np.maximum(sides, 0)))
    return shared / max(float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2])) - shared, 1e-9)
