"""Word times by their letters: words spread over the loud moments of a stretch."""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlcl.media.words.loud import FRAME

_WORD_WEIGHT = 2  # letters that a word counts beside its own, since short words are not as short as they look


def spread_by_letters(
    words: Sequence[str], loud: NDArray[np.bool_], start: float, end: float
) -> list[tuple[float, float]]:
    """Start and end of each word, spread over the loud moments between `start` and `end` by number of letters.

    Args:
        words: As they are written.
        loud: Whether each frame of 20 milliseconds from `start` on is loud; none where there is no sound.
        start: Of the stretch, in seconds.
        end: Of the stretch.

    Returns:
        Times inside the stretch in order; over the whole stretch where nothing is loud.
    """
    weights = np.array([sum(map(str.isalnum, word)) + _WORD_WEIGHT for word in words], float)
    shares = np.concatenate([[0.0], np.cumsum(weights) / weights.sum()]) if len(words) else np.zeros(1)
    if not loud.any():
        edges = start + shares * (end - start)
        return [(float(first), float(last)) for first, last in itertools.pairwise(edges)]
    # A word begins when its sound does and ends when it is over: a pause belongs to none.
    whole = np.flatnonzero(loud)
    edges = shares * len(whole)
    times = []
    for begin, finish in itertools.pairwise(edges):
        begin_frame = whole[min(int(begin), len(whole) - 1)] + begin - int(begin)
        last = min(int(np.ceil(finish)) - 1, len(whole) - 1)
        finish_frame = whole[last] + finish - last
        first_time, last_time = (min(start + at * FRAME, end) for at in (begin_frame, finish_frame))
        times.append((float(first_time), float(max(first_time, last_time))))
    return times
