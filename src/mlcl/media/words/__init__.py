"""Words and their times: transcripts, speech recognition, alignment, sentences."""

from mlcl.media.words.place import place_words
from mlcl.media.words.read import read_transcript
from mlcl.media.words.recognise import Recognised, recognise
from mlcl.media.words.refine import refine_words
from mlcl.media.words.sentences import cut_sentences
from mlcl.media.words.transcript import Cue, TimedWord, Transcript

__all__ = [
    "Cue",
    "Recognised",
    "TimedWord",
    "Transcript",
    "cut_sentences",
    "place_words",
    "read_transcript",
    "recognise",
    "refine_words",
]
