"""How loud a recording is over time: to choose who speaks, and to find pauses."""

from collections.abc import Iterable

import numpy as np

from mlcl.media.acoustic.frames import windows_of
from mlcl.media.acoustic.logmel import to_decibels
from mlcl.media.extractor import Loudness
from mlcl.media.recording import Sound


def loudness(sound: Iterable[Sound]) -> Loudness:
    """Level of the sound every 10 ms: the mean square of the 25 ms around each moment.

    Args:
        sound: Stretches in order, at one rate; where they are cut changes nothing.

    Returns:
        Times and levels; empty where there is no sound.
    """
    times, levels = [np.zeros(0)], [np.zeros(0, np.float32)]
    for windows in windows_of(sound):
        times.append(windows.times.mean(axis=1))
        levels.append(to_decibels(np.square(windows.samples).mean(axis=1)))
    return Loudness(np.concatenate(times), np.concatenate(levels))
