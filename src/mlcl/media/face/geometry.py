"""What a face does, measured on its mesh in the head's own frame."""

import numpy as np
from numpy.typing import NDArray

from mlcl.media.face.mesh import Eye, Mesh

_EYES = "distance between the outer corners of the eyes"
COLUMNS: dict[str, str] = {  # what does not move with the head: roll, yaw and pitch are taken out, and the size
    "mouth_opening": f"gap between the inner lips; {_EYES} = 1",
    "mouth_width": f"between the corners of the mouth; {_EYES} = 1",
    "mouth_height": f"between the outer edges of the lips; {_EYES} = 1",
    "mouth_protrusion": f"lips before the corners of the mouth; {_EYES} = 1",
    "mouth_shift": f"of its corners' middle to the person's left; {_EYES} = 1",
    "upper_lip_thickness": f"{_EYES} = 1",
    "lower_lip_thickness": f"{_EYES} = 1",
    "upper_lip_to_nose": f"{_EYES} = 1",
    "lower_lip_to_chin": f"{_EYES} = 1",
    "jaw_drop": f"from the nose to the chin; {_EYES} = 1",
    "right_corner_raise": f"of the mouth's corner above the lips' middle; {_EYES} = 1",
    "left_corner_raise": f"of the mouth's corner above the lips' middle; {_EYES} = 1",
    "right_cheek_to_eye": f"from the cheek to the lower lid; {_EYES} = 1",
    "left_cheek_to_eye": f"from the cheek to the lower lid; {_EYES} = 1",
    "right_nostril_to_eye": f"from the wing of the nose to the inner corner; {_EYES} = 1",
    "left_nostril_to_eye": f"from the wing of the nose to the inner corner; {_EYES} = 1",
    "right_inner_brow": f"height above the eye; {_EYES} = 1",
    "left_inner_brow": f"height above the eye; {_EYES} = 1",
    "right_middle_brow": f"height above the eye; {_EYES} = 1",
    "left_middle_brow": f"height above the eye; {_EYES} = 1",
    "right_outer_brow": f"height above the eye; {_EYES} = 1",
    "left_outer_brow": f"height above the eye; {_EYES} = 1",
    "brow_gap": f"between the inner brows; {_EYES} = 1",
    "right_eye_opening": "between the lids; width of the eye = 1",
    "left_eye_opening": "between the lids; width of the eye = 1",
    "head_yaw": "degrees, positive to the person's left",
    "head_pitch": "degrees, positive upwards",
    "head_roll": "degrees, positive to the person's left shoulder",
    "head_across": "middle of the eyes, share of the picture's width from its left",
    "head_down": "middle of the eyes, share of the picture's height from its top",
    "head_size": f"{_EYES}, share of the picture's longer side",
    "face_score": "of the mesh, in [0.5, 1]",
}
GAZE_COLUMNS: dict[str, str] = {
    "gaze_left": "of the iris from the middle of the eyes, to the person's left; width of the eye = 1",
    "gaze_up": "of the iris from the line through the corners, upwards; width of the eye = 1",
}
_SPEEDS_OF = {
    "mouth_opening": "per second",
    "mouth_width": "per second",
    "jaw_drop": "per second",
    "right_corner_raise": "per second",
    "left_corner_raise": "per second",
    "right_middle_brow": "per second",
    "left_middle_brow": "per second",
    "right_eye_opening": "per second",
    "left_eye_opening": "per second",
    "head_yaw": "degrees per second",
    "head_pitch": "degrees per second",
    "head_roll": "degrees per second",
}
_LONGEST_STEP = 0.5  # seconds between two rows that a speed may span
_RIGHT_LEFT = (((33, 263), 1.0), ((127, 356), 1.0), ((234, 454), 1.0))  # pairs that no expression moves
_UP_DOWN = ((10, 151, 9), (2, 94))  # forehead; base of the nose
_LEVEL_PITCH = 6.0  # degrees by which forehead and base of the nose lean when a head is level


def columns(gaze: bool) -> dict[str, str]:
    """Names and units of the columns, in order."""
    measured = {**COLUMNS, **(GAZE_COLUMNS if gaze else {})}
    return {**measured, **{f"{name}_speed": f"change {unit}" for name, unit in _SPEEDS_OF.items()}}


def measure(mesh: Mesh, size: tuple[int, int], gaze: bool) -> NDArray[np.float64]:
    """One face's row without speeds, in the order of `columns`.

    Args:
        mesh: With irises where `gaze` is asked for.
        size: Width and height of the picture.
        gaze: Whether to measure where the eyes look.
    """
    axes = head_axes(mesh.points)
    unit = max(float(np.linalg.norm(mesh.points[263] - mesh.points[33])), 1e-6)
    middle = (mesh.points[33] + mesh.points[263]) / 2
    face = (mesh.points - middle) @ axes.T / unit  # to the person's left, down, backwards

    def apart(one: int, other: int) -> float:
        return float(np.linalg.norm(face[one] - face[other]))

    lips = face[[13, 14]].mean(axis=0)
    corners = face[[61, 291]].mean(axis=0)
    eyes = [_eye(face, *points) for points in _EYE_POINTS]
    row = [
        apart(13, 14),
        apart(61, 291),
        apart(0, 17),
        corners[2] - lips[2],
        corners[0] - face[[2, 168], 0].mean(),
        apart(0, 13),
        apart(14, 17),
        apart(2, 0),
        apart(17, 152),
        apart(2, 152),
        lips[1] - face[61, 1],
        lips[1] - face[291, 1],
        apart(50, 145),
        apart(280, 374),
        apart(129, 133),
        apart(358, 362),
        *(height for pair in _BROWS for height in (_brow(face, pair[0], 0), _brow(face, pair[1], 1))),
        apart(55, 285),
        *eyes,
        *head_angles(axes),
        middle[0] / size[0],
        middle[1] / size[1],
        unit / max(size),
        mesh.score,
    ]
    if gaze:
        row += _gaze(mesh.eyes)
    return np.array(row, np.float64)


_EYE_POINTS = ((33, 133, ((159, 145), (158, 153), (160, 144))), (263, 362, ((386, 374), (385, 380), (387, 373))))
_BROWS = ((55, 285), (105, 334), (46, 276))


def speeds(
    row: NDArray[np.float64], before: NDArray[np.float64] | None, seconds: float, gaze: bool
) -> NDArray[np.float64]:
    """Changes per second since the row before of the same face; zeros where there is none, or it is long ago."""
    names = list(columns(gaze))
    index = [names.index(name) for name in _SPEEDS_OF]
    if before is None or not 0 < seconds <= _LONGEST_STEP:
        return np.zeros(len(index))
    change = row[index] - before[index]
    degrees = np.array([name.startswith("head_") for name in _SPEEDS_OF])
    change[degrees] = (change[degrees] + 180) % 360 - 180
    return change / seconds


def head_axes(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 3) the head's axes as rows, in the picture's: to the person's left, down, backwards."""
    left = sum(weight * (points[pair[1]] - points[pair[0]]) for pair, weight in _RIGHT_LEFT)
    left = left / max(float(np.linalg.norm(left)), 1e-9)
    down = points[list(_UP_DOWN[1])].mean(axis=0) - points[list(_UP_DOWN[0])].mean(axis=0)
    down = down - (down @ left) * left
    down = down / max(float(np.linalg.norm(down)), 1e-9)
    return np.stack([left, down, np.cross(left, down)])


def head_angles(axes: NDArray[np.float64]) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees, each 0 for a head that faces the camera upright."""
    left, down, back = axes
    yaw = np.arctan2(-back[0], np.hypot(back[1], back[2]))
    pitch = np.arctan2(back[1], back[2])
    roll = np.arctan2(left[1], down[1])
    return float(np.degrees(yaw)), float(np.degrees(pitch)) - _LEVEL_PITCH, float(np.degrees(roll))


def _eye(face: NDArray[np.float64], outer: int, inner: int, lids: tuple[tuple[int, int], ...]) -> float:
    width = max(float(np.linalg.norm(face[outer] - face[inner])), 1e-6)
    return float(np.mean([np.linalg.norm(face[upper] - face[lower]) for upper, lower in lids])) / width


def _brow(face: NDArray[np.float64], brow: int, side: int) -> float:
    outer, inner, _ = _EYE_POINTS[side]
    return float((face[outer, 1] + face[inner, 1]) / 2 - face[brow, 1])


def _gaze(eyes: tuple[Eye, ...]) -> list[float]:
    """Mean over the eyes, in the picture's plane along the line through the corners of each."""
    looks = []
    for eye in eyes:
        across = eye.outer - eye.inner if eye.left else eye.inner - eye.outer  # to the person's left
        width = max(float(np.linalg.norm(across)), 1e-6)
        across = across / width
        offset = (eye.iris - (eye.outer + eye.inner) / 2) / width
        looks.append((offset @ across, offset @ np.array([across[1], -across[0]])))
    return [float(value) for value in np.mean(looks, axis=0)]
