"""What a face does is measured in the head's own frame: how the head is held, and how large it is, changes nothing."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from mlcl.media.face.geometry import COLUMNS, columns, head_angles, head_axes, measure, speeds
from mlcl.media.face.mesh import Eye, Mesh

NAMES = list(columns(gaze=True))
HEAD = [name for name in COLUMNS if name.startswith("head_")]
OWN = [NAMES.index(name) for name in COLUMNS if name not in HEAD]


def mesh(points: NDArray[np.float64], look: float = 0.0) -> Mesh:
    eyes = []
    for left, (outer, inner) in enumerate(((33, 133), (263, 362))):
        corners = points[[outer, inner], :2]
        across = corners[0] - corners[1] if left else corners[1] - corners[0]
        eyes.append(Eye(bool(left), corners.mean(axis=0) + look * across, *corners))
    return Mesh(points, 0.9, tuple(eyes), 200.0, 0.0)


def face(seed: int = 0) -> NDArray[np.float64]:
    """Points like a level face's: eyes at either side, forehead above, nose below, the rest anywhere near."""
    points = np.random.default_rng(seed).normal(0, 30, (468, 3))
    for index, place in {
        **{33: (-50, 0, 0), 133: (-15, 0, 0), 263: (50, 0, 0), 362: (15, 0, 0)},
        **{127: (-70, 5, 40), 356: (70, 5, 40), 234: (-72, 30, 45), 454: (72, 30, 45)},
        **{10: (0, -80, 0), 151: (0, -60, -3), 9: (0, -30, -4), 2: (0, 50, -10), 94: (0, 47, -12)},
    }.items():
        points[index] = place
    return points


def moved(points: NDArray[np.float64], yaw: float, pitch: float, roll: float, scale: float = 1) -> NDArray[np.float64]:
    turn = Rotation.from_euler("yxz", [yaw, pitch, roll], degrees=True)
    return scale * turn.apply(points) + (320, 180, 0)


@pytest.mark.parametrize("turn", [(0, 0, 0), (25, 0, 0), (0, -20, 0), (0, 0, 90), (15, 10, -35), (-30, 20, 170)])
@pytest.mark.parametrize("scale", [0.3, 1.0, 4.0])
def test_how_the_head_is_held_and_its_size_change_nothing(turn: tuple[float, float, float], scale: float) -> None:
    level = measure(mesh(moved(face(), 0, 0, 0)), (640, 360), gaze=True)
    turned = measure(mesh(moved(face(), *turn, scale)), (640, 360), gaze=True)
    assert turned[OWN] == pytest.approx(level[OWN], abs=1e-9)


def test_the_head_s_angles_are_those_by_which_it_was_turned() -> None:
    level = np.array(head_angles(head_axes(moved(face(), 0, 0, 0))))
    for turn in ((20, 0, 0), (0, 15, 0), (0, 0, 40)):
        angles = np.array(head_angles(head_axes(moved(face(), *turn)))) - level
        sign = np.array([-1, -1, 1])  # scipy turns y and x the other way where y points down and z away
        assert np.abs(angles - sign * turn).max() < 4 or np.abs(angles + sign * turn).max() < 4
        assert int(np.argmax(np.abs(angles))) == int(np.argmax(np.abs(turn)))


def test_an_opened_mouth_is_the_gap_between_the_lips() -> None:
    points = face()
    points[13], points[14] = (0, 70, 0), (0, 80, 0)
    shut = measure(mesh(points), (640, 360), gaze=False)[0]
    points[14] = (0, 95, 0)
    assert measure(mesh(points), (640, 360), gaze=False)[0] - shut == pytest.approx(0.15)  # of 100 between the eyes


def test_a_raised_brow_raises_its_columns_only() -> None:
    points = face()
    before = measure(mesh(points), (640, 360), gaze=False)
    points[105, 1] -= 10
    changed = np.flatnonzero(~np.isclose(measure(mesh(points), (640, 360), gaze=False), before))
    assert [NAMES[index] for index in changed] == ["right_middle_brow"]


def test_gaze_is_to_the_left_where_the_irises_are() -> None:
    rows = {look: measure(mesh(moved(face(), 0, 0, 30), look), (640, 360), gaze=True) for look in (-0.2, 0.0, 0.2)}
    index = NAMES.index("gaze_left")
    assert [round(rows[look][index], 6) for look in rows] == [-0.2, 0.0, 0.2]


def test_columns_and_values_are_as_many() -> None:
    for gaze in (False, True):
        row = measure(mesh(face()), (640, 360), gaze=gaze)
        assert len(row) + len(speeds(row, None, 0.0, gaze)) == len(columns(gaze))


def test_speeds_are_per_second_and_angles_go_round() -> None:
    row = measure(mesh(face()), (640, 360), gaze=False)
    names = [name.removesuffix("_speed") for name in columns(gaze=False) if name.endswith("_speed")]
    before = row.copy()
    before[NAMES.index("mouth_opening")] -= 0.1
    before[NAMES.index("head_roll")] += 359
    for seconds in (0.1, 0.04):
        found = dict(zip(names, speeds(row, before, seconds, gaze=False), strict=True))
        assert found["mouth_opening"] == pytest.approx(0.1 / seconds)
        assert found["head_roll"] == pytest.approx(1 / seconds)
    assert not speeds(row, before, 0.6, gaze=False).any()  # too long ago
    assert not speeds(row, None, 0.1, gaze=False).any()


def test_angles_have_the_signs_that_the_columns_say() -> None:
    def angles(turn: Rotation) -> tuple[float, float, float]:
        return head_angles(head_axes(turn.apply(face())))

    level = angles(Rotation.identity())
    towards = np.array([0.0, 0, -1])  # where a level face looks: at the camera
    left = Rotation.from_euler("y", -20, degrees=True)
    assert left.apply(towards)[0] > 0  # the person's left is the picture's right
    assert angles(left)[0] - level[0] == pytest.approx(20, abs=2)
    up = Rotation.from_euler("x", 20, degrees=True)
    assert up.apply(towards)[1] > 0 or angles(up)[1] > level[1]
    shoulder = Rotation.from_euler("z", 20, degrees=True)
    assert shoulder.apply([0.0, -80, 0])[0] > 0  # the forehead goes to the person's left
    assert angles(shoulder)[2] - level[2] == pytest.approx(20, abs=2)
