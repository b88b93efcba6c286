"""Word times by Whisper, forced on the given words: where its decoder looks while it would write them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcl.media.words.loud import trim_to_loud

# Whisper's decoder looks at a word after it has begun: by .11 s on speech with known times, and on real speech by as
# much. Taken off, the median error falls from .13 to .05 s.
LAG = 0.1
MOST_SECONDS = 30.0  # Whisper's window
_TOKEN_SECONDS = 0.02
_MOST_TOKENS = 400  # the decoder has 448 places, some for its own signs
_LEAST_PROBABILITY = 0.02  # geometric mean over tokens; the right words have .1 and more


def whisper_times(
    whisper: Any, words: Sequence[str], samples: NDArray[np.float32], language: str
) -> list[tuple[float, float]] | None:
    """Start and end of each word, in seconds from the first sample.

    Args:
        whisper: As `load_whisper` gives it.
        words: As they are written.
        samples: At 16,000 a second, at most 30 seconds.
        language: Code of the language.

    Returns:
        None where the model finds the words improbable, or there are too many for one window.
    """
    from faster_whisper.audio import pad_or_trim
    from faster_whisper.tokenizer import Tokenizer

    if not words or len(samples) < 1600 or len(samples) > MOST_SECONDS * 16_000 + 1:
        return None
    tokenizer = Tokenizer(whisper.hf_tokenizer, whisper.model.is_multilingual, task="transcribe", language=language)
    tokens: list[int] = []
    bounds: list[tuple[int, int]] = []  # first token of each word, and the one after its last letter
    for word in words:
        spaced = f" {word}" if word[:1].isascii() or len(word) > 2 else word
        made = tokenizer.encode(spaced)
        letters = len(tokenizer.encode(spaced.rstrip(".,;:!?\"')]}\u2026\u201d\u2019\u3002\uff0c"))) or len(made)
        bounds.append((len(tokens), len(tokens) + min(letters, len(made))))
        tokens += made
    if len(tokens) > _MOST_TOKENS:
        return None
    features = whisper.feature_extractor(samples)
    frames = min(features.shape[-1], whisper.feature_extractor.nb_max_frames)
    encoded = whisper.encode(pad_or_trim(features))
    result = whisper.model.align(encoded, tokenizer.sot_sequence, [tokens], frames, median_filter_width=7)[0]
    probabilities = np.maximum(np.asarray(result.text_token_probs, float), 1e-9)
    if float(np.exp(np.log(probabilities).mean())) < _LEAST_PROBABILITY:
        return None
    path = np.asarray(result.alignments)
    starts = np.full(len(tokens) + 1, path[-1, 1], float)
    for token, moment in path[::-1]:
        if token <= len(tokens):
            starts[token] = moment
    starts = np.clip(np.maximum.accumulate(starts) * _TOKEN_SECONDS - LAG, 0, len(samples) / 16_000)
    return trim_to_loud([(float(starts[first]), float(starts[last])) for first, last in bounds], samples)
