"""Sound cut into long chunks at fixed places, each with some of its neighbours, for extractors that want it whole."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcl.media.acoustic.frames import runs_without_gaps
from mlcl.media.recording import Sound


@dataclass(frozen=True, eq=False)
class Chunk:
    """A stretch that is worth rows, with sound around it.

    Attributes:
        samples: (samples,) float32, the neighbours' sound included.
        rate: Samples a second.
        start: Time of the first sample in seconds.
        core_start: Where the rows of this chunk begin, in seconds.
        core_end: Where they end.
        first: Whether sound begins with it, or goes on after a gap.
    """

    samples: NDArray[np.float32]
    rate: int
    start: float
    core_start: float
    core_end: float
    first: bool


def chunks_of(sound: Iterable[Sound], core: int, context: int) -> Iterator[Chunk]:
    """Chunks of `core` whole seconds, with up to `context` whole seconds before and after.

    Cores follow each other without gap or overlap and begin with the sound, and anew after a gap. Where stretches are
    cut changes no chunk.
    """
    for start, rate, parts in runs_without_gaps(sound):
        held: list[NDArray[np.float32]] = []
        count, origin, done = 0, 0, 0  # samples that are held, position of the first, cores that are given
        ended = False
        while not ended:
            part = next(parts, None)
            ended = part is None
            if part is not None:
                held.append(part)
                count += len(part)
            while (ended and origin + count > done * core * rate) or (
                origin + count >= ((done + 1) * core + context) * rate
            ):
                whole = np.concatenate(held) if held else np.zeros(0, np.float32)
                begin = max(0, done * core - context) * rate
                end = min(((done + 1) * core + context) * rate, origin + count)
                core_end = min((done + 1) * core, (origin + count) / rate)
                samples = whole[begin - origin : end - origin]
                yield Chunk(samples, rate, start + begin / rate, start + done * core, start + core_end, done == 0)
                done += 1
                keep = max(0, done * core - context) * rate
                held, count, origin = [whole[keep - origin :]], origin + count - keep, keep
