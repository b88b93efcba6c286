"""Reading a transcript, whichever of the usual forms it has."""

from pathlib import Path

from mlcl.errors import DataError, nearest
from mlcl.files import read_bytes
from mlcl.media.words.subtitles import read_subtitles
from mlcl.media.words.textgrid import read_textgrid
from mlcl.media.words.transcript import Cue, Transcript, clean_text, in_order
from mlcl.media.words.whisper_json import read_whisper_json
from mlcl.safe.text_file import CP1252_NOTE, read_json, read_text

SUFFIXES = (".srt", ".vtt", ".json", ".TextGrid", ".txt")
_MOST_BYTES = 2**25  # of one transcript; 10 hours of speech take 1 MB as subtitles, 10 MB as JSON with words


def read_transcript(path: str | Path) -> Transcript:
    """What was said in a recording, read from a file.

    The form is told by the name: subtitles (.srt, .vtt), JSON of Whisper or whisperX (.json), Praat's .TextGrid, or
    plain text (.txt), where each line is a cue without times.

    Raises:
        DataError: If the file cannot be read, has another form or no words. The message has the line.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in {known.lower() for known in SUFFIXES}:
        raise DataError(f"is no transcript by its name; {nearest(path.suffix, list(SUFFIXES))}", path=path)
    if suffix == ".json":
        return read_whisper_json(read_json(path, max_bytes=_MOST_BYTES), path)
    text, guessed = _text(path)
    if "\0" in text:
        raise DataError("holds bytes that are no text; name the transcript of the recording", path=path)
    if suffix == ".textgrid":
        found = read_textgrid(text, path)
    elif suffix == ".txt":
        found = Transcript(in_order((Cue(clean_text(line)) for line in text.splitlines()), path))
    else:
        found = read_subtitles(text, path)
    notes = (*found.notes, *([CP1252_NOTE] if guessed else []))
    return Transcript(found.cues, found.language, notes)


def _text(path: Path) -> tuple[str, bool]:
    text, guessed = read_text(path, max_bytes=_MOST_BYTES, prose=True)
    if guessed and text[:2] in ("\xff\xfe", "\xfe\xff"):  # Praat and Windows save UTF-16 with a byte order mark
        try:
            return read_bytes(path, _MOST_BYTES).decode("utf-16"), False
        except UnicodeDecodeError:
            raise DataError("is not clean UTF-16; save it as UTF-8", path=path) from None
    return text, guessed
