"""Faces where they are, in pixels of the picture, whatever its shape and whichever way up."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mlcl.media.face.detector import Detector, overlap
from mlcl.media.face.mesh import crop
from networks_of_faces import DiscDetector, disc


@pytest.mark.parametrize(("height", "width"), [(128, 128), (360, 640), (720, 1280), (800, 300), (2160, 3840)])
def test_a_face_is_found_where_it_is(height: int, width: int) -> None:
    centre, apart = (0.4 * width, 0.6 * height), 0.25 * min(height, width)
    detector = Detector(DiscDetector())  # type: ignore[arg-type]
    image = disc(height, width, centre, apart)
    (face,) = detector.find(detector.shrink(image), (width, height), 0)
    pixel = max(height, width) / 128
    assert face.right_eye == pytest.approx([centre[0] - apart / 2, centre[1]], abs=pixel)
    assert face.left_eye == pytest.approx([centre[0] + apart / 2, centre[1]], abs=pixel)
    assert face.box == pytest.approx(
        [centre[0] - apart, centre[1] - apart, centre[0] + apart, centre[1] + apart], abs=2 * pixel
    )


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_face_of_a_turned_picture_is_found_in_that_picture(turns: int) -> None:
    upright = disc(300, 400, (160, 190), 90)
    detector = Detector(DiscDetector())  # type: ignore[arg-type]
    (face,) = detector.find(detector.shrink(upright), (400, 300), 0)
    turned = np.rot90(upright, -turns)
    size = (turned.shape[1], turned.shape[0])
    if turns > 1:
        assert not detector.find(detector.shrink(turned), size, 0)
    (found,) = detector.find(detector.shrink(turned), size, turns)
    expected = np.array([face.right_eye, face.left_eye]) - (200, 150)
    for _ in range(turns):
        expected = np.stack([-expected[:, 1], expected[:, 0]], axis=1)
    expected += np.array(size) / 2
    assert np.array([found.right_eye, found.left_eye]) == pytest.approx(expected, abs=5)


def test_nothing_is_found_where_nothing_is() -> None:
    detector = Detector(DiscDetector())  # type: ignore[arg-type]
    assert detector.find(detector.shrink(np.zeros((90, 160, 3), np.uint8)), (160, 90), 0) == []


def test_overlap_is_intersection_over_union() -> None:
    one = np.array([0.0, 0, 2, 2])
    assert overlap(one, one) == 1
    assert overlap(one, np.array([1.0, 0, 3, 2])) == pytest.approx(1 / 3)
    assert overlap(one, np.array([5.0, 5, 6, 6])) == 0


def gradient() -> NDArray[np.uint8]:
    rows, columns = np.mgrid[:200, :200]
    return np.stack([rows, columns, np.zeros_like(rows)], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("angle", [0.0, 0.3, np.pi / 2, -2.0])
@pytest.mark.parametrize(("side", "size"), [(40, 64), (64, 64), (100, 32)])
def test_a_crop_shows_the_pixels_that_it_says(angle: float, side: int, size: int) -> None:
    centre = np.array([100.0, 90.0])
    part = crop(gradient(), centre, side, angle, size).astype(np.float64)
    at = (np.arange(size) + 0.5 - size / 2) * side / size
    x = centre[0] + at[None, :] * np.cos(angle) - at[:, None] * np.sin(angle)
    y = centre[1] + at[None, :] * np.sin(angle) + at[:, None] * np.cos(angle)
    assert np.abs(part[..., 1] - (x - 0.5)).max() < 1.5
    assert np.abs(part[..., 0] - (y - 0.5)).max() < 1.5


def test_beyond_the_picture_is_black() -> None:
    white = np.full((50, 50, 3), 255, np.uint8)
    assert not crop(white, np.array([500.0, 500.0]), 40, 0.0, 32).any()
    part = crop(white, np.array([0.0, 25.0]), 40, 0.0, 32)
    assert not part[:, :15].any()
    assert (part[:, 17:] == 255).all()
