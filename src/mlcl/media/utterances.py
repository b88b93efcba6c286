"""The words of a recording, from whatever tells them, and the items they are cut into."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlcl.errors import DataError
from mlcl.media.extraction import Utterance
from mlcl.media.jobs import Job, Stretch
from mlcl.media.recording import Sound, Word
from mlcl.media.specification import SentenceBounds
from mlcl.media.words.place import place_words
from mlcl.media.words.read import read_transcript
from mlcl.media.words.recognise import recognise
from mlcl.media.words.refine import refine_words
from mlcl.media.words.sentences import cut_sentences
from mlcl.media.words.transcript import Cue, Transcript, split_words

_AFTER = 1.0  # seconds that a transcript may go on after the recording without a note

SoundAgain = Callable[[], Iterable[Sound]]


@dataclass(frozen=True)
class Hearing:
    """How words are found.

    Attributes:
        recogniser: Whisper's folder or hub name; None to recognise nothing.
        language: Of the speech, as in ``en``; found when None.
        threads: Of the CPU.
    """

    recogniser: str | None = None
    language: str | None = None
    threads: int = 1


@dataclass(frozen=True)
class Spoken:
    """What was said.

    Attributes:
        utterances: The items.
        words_from: Where the words come from; empty where there are none.
        language: As the recogniser found it, or the transcript says.
        notes: What a user should know, one sentence each.
    """

    utterances: tuple[Utterance, ...]
    words_from: str = ""
    language: str | None = None
    notes: tuple[str, ...] = ()


def find_utterances(
    job: Job, sound: SoundAgain, span: tuple[float, float], hearing: Hearing, bounds: SentenceBounds
) -> Spoken:
    """Find what is said in a recording and cut it into items.

    Texts of stretches come first, then the transcript, then what is recognised. Without stretches the words are cut
    into sentences; without words, too, the whole recording is one item.

    Args:
        job: What is known of the recording.
        sound: Gives the sound from its beginning, each time it is called; nothing where there is none.
        span: First and last moment of the recording, in seconds.
        hearing: How words are found.
        bounds: Where sentences end.

    Raises:
        DataError: If the transcript cannot be read, or it or a stretch belongs to another recording.
    """
    told = _told(job.stretches, sound, span, hearing)
    rest = Spoken(())
    words: Sequence[Word] = ()
    if not job.stretches or any(part.text is None for part in job.stretches):
        words, rest = _heard(job.transcript, sound, span, hearing)
    if not job.stretches:
        return Spoken(_sentences(job.name, words, span, bounds), rest.words_from, rest.language, rest.notes)
    utterances = [
        _stretch(part, told[part.id] if part.text is not None else _inside(words, part, span), span)
        for part in job.stretches
    ]
    sources = ["the table of labels"] * bool(told) + [rest.words_from] * bool(rest.words_from)
    return Spoken(tuple(utterances), " and ".join(sources), rest.language or hearing.language, rest.notes)


def _heard(
    transcript: Path | None, sound: SoundAgain, span: tuple[float, float], hearing: Hearing
) -> tuple[Sequence[Word], Spoken]:
    if transcript is not None:
        given = read_transcript(transcript)
        words = place_words(
            given, sound(), model=hearing.recogniser, language=hearing.language, span=span, threads=hearing.threads
        )
        notes = [*given.notes, *_too_long(given, transcript.name, span[1])]
        return words, Spoken((), transcript.name, given.language or hearing.language, tuple(notes))
    if hearing.recogniser is None:
        return (), Spoken(())
    found = recognise(sound(), hearing.recogniser, hearing.language, threads=hearing.threads)
    name = Path(hearing.recogniser).name
    if not found.words:
        return (), Spoken((), "", found.language, (*found.notes, "no speech was recognised"))
    return refine_words(found, sound()), Spoken((), f"speech recognition ({name})", found.language, found.notes)


def _too_long(given: Transcript, name: str, end: float) -> list[str]:
    """A note on a transcript that goes on after the recording."""
    last = max((cue.end for cue in given.cues if cue.end is not None), default=0.0)
    if last <= end + _AFTER:
        return []
    return [f"{name} goes on to {last:.1f} s and the recording ends at {end:.1f} s: is it the transcript of this one?"]


def _told(
    stretches: Sequence[Stretch], sound: SoundAgain, span: tuple[float, float], hearing: Hearing
) -> dict[str, list[Word]]:
    """The words of the stretches that have a text, by the stretch."""
    known = [part for part in stretches if part.text is not None and split_words(part.text)]
    known.sort(key=lambda part: (part.start or span[0], part.end or span[1]))
    found: dict[str, list[Word]] = {part.id: [] for part in stretches if part.text is not None}
    if not known:
        return found
    cues = tuple(Cue(part.text or "", *_times(part, span), part.speaker) for part in known)
    placed = iter(
        place_words(
            Transcript(cues),
            sound(),
            model=hearing.recogniser,
            language=hearing.language,
            span=span,
            threads=hearing.threads,
        )
    )
    for part in known:
        found[part.id] = [next(placed) for _ in split_words(part.text or "")]
    return found


def _times(part: Stretch, span: tuple[float, float]) -> tuple[float, float]:
    """Where a stretch begins and ends."""
    start, end = part.start if part.start is not None else span[0], part.end if part.end is not None else span[1]
    if start >= span[1]:
        raise DataError(
            f"the item {part.id} begins at {start:g} s, and its recording ends at {span[1]:.1f} s; correct its start"
        )
    return start, max(end, start)


def _inside(words: Iterable[Word], part: Stretch, span: tuple[float, float]) -> list[Word]:
    start, end = _times(part, span)
    return [word for word in words if start <= (word.start + word.end) / 2 < end]


def _stretch(part: Stretch, words: Sequence[Word], span: tuple[float, float]) -> Utterance:
    speaker = part.speaker or next((word.speaker for word in words if word.speaker), None)
    return Utterance(part.id, *_times(part, span), tuple(words), speaker)


def _sentences(
    name: str, words: Sequence[Word], span: tuple[float, float], bounds: SentenceBounds
) -> tuple[Utterance, ...]:
    if not words:
        return (Utterance(name, *span, ()),)
    return tuple(
        Utterance(f"{name}_{number}", one.start, one.end, one.words, one.words[0].speaker)
        for number, one in enumerate(cut_sentences(words, bounds), 1)
    )
