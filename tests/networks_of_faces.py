"""Stand-ins for the networks that find faces: they see coloured discs, and nothing has to be downloaded."""

import numpy as np
from numpy.typing import NDArray

ANCHORS = np.concatenate([
    np.repeat(np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2), times, axis=0)
    for cell, times in ((8, 2), (16, 6))
    for line in [(np.arange(128 // cell) + 0.5) * cell]
])  # fmt: skip


class DiscDetector:
    """Says that a red disc whose green eye is on the left and whose blue eye is on the right is a face."""

    size = 128

    def __call__(self, image: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        picture = (image + 1) / 2
        regressors, scores = np.zeros((1, 896, 16), np.float32), np.full((1, 896, 1), -9, np.float32)
        green, blue = (np.argwhere(_is(picture, colour)).reshape(-1, 2)[:, ::-1] for colour in (1, 2))
        if len(green) and len(blue) and green.mean(axis=0)[0] < blue.mean(axis=0)[0] - 4:
            right, left = green.mean(axis=0) + 0.5, blue.mean(axis=0) + 0.5
            centre, apart = (right + left) / 2, float(np.linalg.norm(right - left))
            anchor = int(np.argmin(np.linalg.norm(ANCHORS - centre, axis=1)))
            for number, point in ((0, centre), (4, right), (6, left)):
                regressors[0, anchor, number : number + 2] = point - ANCHORS[anchor]
            regressors[0, anchor, 2:4] = 2 * apart
            scores[0, anchor] = 5
        return [regressors, scores]


def _is(picture: NDArray[np.float32], colour: int) -> NDArray[np.bool_]:
    others = [other for other in range(3) if other != colour]
    return (picture[..., colour] > 0.6) & (picture[..., others].max(axis=-1) < 0.4)


def disc(height: int, width: int, centre: tuple[float, float], apart: float) -> NDArray[np.uint8]:
    """A picture with the two eyes of a face; the green one is the person's right."""
    rows, columns = np.mgrid[:height, :width]
    image = np.zeros((height, width, 3), np.uint8)
    for colour, side in ((1, -1), (2, 1)):
        near = np.hypot(columns - centre[0] - side * apart / 2, rows - centre[1]) < apart / 4
        image[near] = 0
        image[near, colour] = 255
    return image
