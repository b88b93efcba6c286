"""Better times for recognised words: where pocketsphinx is installed and the speech is English."""

from collections.abc import Iterable
from dataclasses import replace

from mlcl.media.recording import Sound, Word
from mlcl.media.words.place import in_time_order
from mlcl.media.words.pocketsphinx_times import PocketsphinxAligner
from mlcl.media.words.recognise import Recognised
from mlcl.media.words.speech_sound import SpeechSound

_AROUND = 0.5  # seconds before and after a phrase, as far as others leave room
_FARTHEST = 0.6  # median change of the times of a phrase, in seconds, over which the new ones are not believed


def refine_words(recognised: Recognised, sound: Iterable[Sound]) -> list[Word]:
    """Recognised words with times by pocketsphinx, phrase by phrase, where that is possible; else as they were.

    A recogniser writes the right words at times that are off by a tenth of a second and more.

    Args:
        recognised: What was heard.
        sound: Of the whole recording, read once.

    Returns:
        The same words in the same order with their confidence; `time_source` tells which have new times.
    """
    words = list(recognised.words)
    if not words or recognised.language != "en":
        return words
    try:
        aligner = PocketsphinxAligner()
    except ImportError:
        return words
    with SpeechSound(sound) as speech:
        bounds = (min(speech.start, words[0].start), max(speech.end, words[-1].end))
        phrases = recognised.phrases
        for at, (start, end) in enumerate(phrases):
            before = phrases[at - 1][1] if at else bounds[0]
            after = phrases[at + 1][0] if at + 1 < len(phrases) else bounds[1]
            begin, finish = max(start - _AROUND, before, speech.start), min(end + _AROUND, max(after, end))
            inside = [n for n, word in enumerate(words) if start <= word.start and word.end <= end]
            times = aligner.times([words[n].text for n in inside], speech.between(begin, finish))
            if times is None:
                continue
            new = [(begin + first, begin + last) for first, last in times]
            changes = sorted(abs(first - words[n].start) for n, (first, _) in zip(inside, new, strict=True))
            if changes[len(changes) // 2] > _FARTHEST:
                continue
            for n, (first, last) in zip(inside, new, strict=True):
                words[n] = replace(words[n], start=first, end=last, time_source="pocketsphinx")
    return in_time_order(words, *bounds)
