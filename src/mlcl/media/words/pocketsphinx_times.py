"""Word times by pocketsphinx: English, the words given; the most exact of the methods."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcl.media.words.spoken import sounds_of, spoken_words

MOST_SECONDS = 180.0  # of one stretch; it takes time that grows faster than the stretch, 35 s for so much
_FRAME = 0.01  # seconds
_LEAST_ENGLISH = 0.6  # share of distinct words that are in the dictionary


class PocketsphinxAligner:
    """Finds when given English words are said.

    The beams are wide: with those of the library five of seven real clips find no path.

    Raises:
        ImportError: If pocketsphinx is not installed.
    """

    def __init__(self) -> None:
        from pocketsphinx import Decoder

        self._decoder: Any = Decoder(samprate=16000, beam=1e-120, wbeam=1e-100, pbeam=1e-120, loglevel="FATAL")

    def is_english(self, words: Sequence[str]) -> bool:
        """Whether most of the words are in the English dictionary."""
        distinct = {word for word in words[:2000] if re.search(r"[^\W\d_]", word)}
        if not distinct:
            return True
        known = 0
        for word in distinct:
            spoken = spoken_words(word) if word.replace("\u2019", "'").isascii() else []
            known += bool(spoken) and all(self._decoder.lookup_word(part) is not None for part in spoken)
        return known >= _LEAST_ENGLISH * len(distinct)

    def times(self, words: Sequence[str], samples: NDArray[np.int16]) -> list[tuple[float, float]] | None:
        """Start and end of each word, in seconds from the first sample.

        Args:
            words: As they are written. What is not said, as a dash, has no length.
            samples: At 16,000 a second.

        Returns:
            None where the words do not fit the sound: where they are others, or nobody speaks.
        """
        spoken = [spoken_words(word) for word in words]
        flat = [part for parts in spoken for part in parts]
        if not flat or len(samples) < 1600 or not samples.any():
            return None
        found = self._aligned(flat, samples)
        if found is None:
            return None
        times: list[tuple[float, float]] = []
        at = 0
        for parts in spoken:
            if parts:
                times.append((found[at][0], found[at + len(parts) - 1][1]))
            else:
                last = times[-1][1] if times else found[0][0]
                times.append((last, last))
            at += len(parts)
        return times

    def _aligned(self, flat: list[str], samples: NDArray[np.int16]) -> list[tuple[float, float]] | None:
        for part in set(flat):
            if self._decoder.lookup_word(part) is None:
                sounds = sounds_of(part)
                if not sounds:
                    return None
                self._decoder.add_word(part, sounds, True)
        try:
            self._decoder.set_align_text(" ".join(flat))
            self._decoder.start_utt()
            try:
                self._decoder.process_raw(samples.astype("<i2").tobytes(), full_utt=True)
            finally:
                self._decoder.end_utt()
            pieces = self._decoder.seg()
        except RuntimeError:
            return None
        found = [
            (re.sub(r"\(\d+\)$", "", piece.word), piece.start_frame * _FRAME, (piece.end_frame + 1) * _FRAME)
            for piece in pieces or ()
            if piece.word[:1] not in "<[+"
        ]
        if [word for word, _, _ in found] != flat:
            return None
        return [(start, end) for _, start, end in found]
