"""Which moments of a stretch of sound are loud, and word times that begin and end at loud moments."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FRAME = 0.02  # seconds
_SAMPLES = 320  # of a frame at 16,000 a second
_BELOW_PEAK = 10 ** (-30 / 20)  # a moment is loud if it is at most 30 dB below the loudest
_LEAST = 1e-3  # of full scale: -60 dB is silence, however quiet the rest


def loud_frames(samples: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether each frame of 20 milliseconds is loud, for samples in [-1, 1] at 16,000 a second."""
    return are_loud(frame_levels(samples))


def frame_levels(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Root mean square of each whole frame of 20 milliseconds."""
    count = len(samples) // _SAMPLES
    return np.sqrt(np.square(samples[: count * _SAMPLES].reshape(count, _SAMPLES)).mean(1))


def are_loud(levels: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which frames are loud among these."""
    if len(levels) == 0:
        return np.zeros(0, bool)
    return levels > max(float(np.percentile(levels, 98)) * _BELOW_PEAK, _LEAST)


def trim_to_loud(times: Sequence[tuple[float, float]], samples: NDArray[np.float32]) -> list[tuple[float, float]]:
    """Move starts later and ends earlier, to the first and last loud moment of each word; silent words stay.

    Args:
        times: Start and end of each word, in seconds from the first sample.
        samples: In [-1, 1] at 16,000 a second.
    """
    loud = loud_frames(samples)
    trimmed = []
    for start, end in times:
        first = int(start / FRAME)
        inside = np.flatnonzero(loud[first : int(np.ceil(end / FRAME))])
        if len(inside):
            start, end = max(start, (first + inside[0]) * FRAME), min(end, (first + inside[-1] + 1) * FRAME)
        trimmed.append((float(start), float(end)))
    return trimmed
