"""Word times: the words of a transcript placed in its recording, by the most exact method that can be had."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from mlcl.errors import DataError, UsageError, nearest
from mlcl.media.recording import Sound, Word
from mlcl.media.words.methods import METHODS, Placer
from mlcl.media.words.speech_sound import SpeechSound
from mlcl.media.words.transcript import Cue, Transcript, split_words, words_of

_SMALL_OVERLAP = 0.3  # seconds that two cues may share without being placed together
_MOST_TOGETHER = 30.0  # seconds; cues that overlap in a longer chain share out their time


def place_words(
    transcript: Transcript | Sequence[str] | str,
    sound: Iterable[Sound],
    *,
    model: str | Path | None = None,
    language: str | None = None,
    span: tuple[float, float] | None = None,
    threads: int = 0,
    order: Sequence[str] = METHODS,
) -> list[Word]:
    """Give each word of a transcript its time.

    Words that the transcript gives times keep them. The words of a cue with times are placed inside these; words
    without any are placed in the whole recording. The methods are tried in their order until one fits: ``pocketsphinx``
    (English, where installed), ``whisper`` forced on the words, ``whisper_matched`` (recognised words laid on them),
    and ``letters``. A stretch of more than half a minute is cut where Whisper hears the words; without a model,
    pocketsphinx takes up to three minutes and letters the rest.

    Args:
        transcript: What is said: a transcript, words, or a text.
        sound: Of the whole recording, read once.
        model: Folder or name of Whisper's weights; None to do without.
        language: Code as ``en``; None for that of the transcript, or to find it.
        span: Start and end of the recording in seconds, where it is longer than its sound.
        threads: Of the CPU; 0 lets the library choose.
        order: Methods that may be used, in this order.

    Returns:
        The words as written, all of them, in their order; starts and ends do not decrease and lie inside the recording.

    Raises:
        UsageError: If a method is unknown.
        DataError: If all words have times after the end of the recording.
        EncoderError: If there are no such weights.
    """
    for method in order:
        if method not in METHODS:
            raise UsageError(f"unknown method {method!r} for word times; {nearest(method, list(METHODS))}")
    given = transcript if isinstance(transcript, Transcript) else Transcript(())
    if isinstance(transcript, Transcript):
        words = transcript.words
    else:
        words = split_words(transcript) if isinstance(transcript, str) else list(transcript)
    placed: list[Word] = []
    with SpeechSound(sound) as speech:
        bounds = _bounds(given.cues, speech, span)
        placer = Placer(speech, words, model, language or given.language, threads, order)
        if given is not transcript:
            placed = [Word(text, *time) for text, time in zip(words, placer.place(words, *bounds), strict=True)]
        for group, start, end in _stretches(given.cues, bounds):
            placed += _placed(group, start, end, placer)
    return in_time_order(placed, *bounds)


def _bounds(cues: Sequence[Cue], speech: SpeechSound, span: tuple[float, float] | None) -> tuple[float, float]:
    spans = [part for part in (span, (speech.start, speech.end)) if part is not None and part[1] > part[0]]
    last = max((cue.end for cue in cues if cue.end is not None), default=0.0)
    if not spans:
        return 0.0, last
    bounds = min(start for start, _ in spans), max(end for _, end in spans)
    starts = [cue.start for cue in cues]
    if cues and all(start is not None and start >= bounds[1] for start in starts):
        raise DataError(
            f"all words of the transcript are after {min(start or 0.0 for start in starts):.1f} s, and the recording"
            f" ends at {bounds[1]:.1f} s; give the transcript of this recording"
        )
    return bounds


def _stretches(cues: Sequence[Cue], bounds: tuple[float, float]) -> list[tuple[list[Cue], float, float]]:
    """Cues that are placed together, and between which moments."""
    groups: list[tuple[list[Cue], float | None, float | None]] = []
    for cue in cues:
        if groups:
            before, start, end = groups[-1]
            alone = cue.words is None and before[-1].words is None
            if alone and cue.start is None and end is None:
                before.append(cue)
                continue
            if alone and _together(cue, start, end):
                groups[-1] = ([*before, cue], start, max(end or 0.0, cue.end or 0.0))
                continue
        groups.append(([cue], cue.start, cue.end))
    known = [end for _, _, end in groups]
    stretches: list[tuple[list[Cue], float, float]] = []
    for at, (group, given_start, given_end) in enumerate(groups):
        start, end = given_start, given_end
        if start is None:
            start = next((end for end in reversed(known[:at]) if end is not None), bounds[0])
        if end is None:
            end = next((other for _, other, _ in groups[at + 1 :] if other is not None), bounds[1])
        start = min(max(start, bounds[0]), bounds[1])
        stretches.append((group, start, min(max(end, start), bounds[1])))
    for at in range(len(stretches) - 1):
        (before, first, end), (group, start, last) = stretches[at : at + 2]
        if end > start:  # a small overlap is shared out
            middle = max((end + start) / 2, first)
            stretches[at : at + 2] = [(before, first, middle), (group, middle, max(last, middle))]
    return stretches


def _together(cue: Cue, start: float | None, end: float | None) -> bool:
    """Whether a cue overlaps the ones before so much that they share their time: two who speak at once."""
    if cue.start is None or cue.end is None or start is None or end is None:
        return False
    return cue.start < end - _SMALL_OVERLAP and max(cue.end, end) - start <= _MOST_TOGETHER


def _placed(group: Sequence[Cue], start: float, end: float, placer: Placer) -> list[Word]:
    given = group[0].words
    if given is not None:
        return [
            Word(word.text, word.start, word.end, "transcript", word.confidence, group[0].speaker) for word in given
        ]
    texts = [(word, cue.speaker) for cue in group for word in words_of(cue)]
    placed = placer.place([text for text, _ in texts], start, end)
    return [
        Word(text, begin, finish, source, None, speaker)
        for (text, speaker), (begin, finish, source) in zip(texts, placed, strict=True)
    ]


def in_time_order(words: Iterable[Word], start: float, end: float) -> list[Word]:
    """The words with such times that starts and ends do not decrease and lie between two moments."""
    made: list[Word] = []
    for word in words:
        begin = min(max(word.start, made[-1].start if made else start, start), end)
        finish = min(max(word.end, made[-1].end if made else begin, begin), end)
        made.append(Word(word.text, begin, finish, word.time_source, word.confidence, word.speaker))
    return [
        Word(word.text, word.start, max(min(word.end, after.start), word.start), *_rest(word))
        for word, after in pairwise(made)
    ] + made[-1:]


def _rest(word: Word) -> tuple[str, float | None, str | None]:
    return word.time_source, word.confidence, word.speaker
