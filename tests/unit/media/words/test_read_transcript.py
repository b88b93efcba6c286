"""Transcripts of every form are read to the same words and times, and damage is one error with its line."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcl.errors import DataError
from mlcl.media.words import Cue, Transcript, read_transcript
from mlcl.media.words.read import SUFFIXES

SRT = """1
00:00:01,000 --> 00:00:02,500
<i>Hello</i> {\\an8}&amp; goodbye,
- really?

2
00:00:03,250 --> 00:00:04,000 X1:100 X2:200
Caf\u00e9 \u201cquoted\u201d

3
01:00:05,500 --> 01:00:06,000
>> Yes.
"""
TIMES = [(1.0, 2.5), (3.25, 4.0), (3605.5, 3606.0)]
TEXTS = ["Hello & goodbye, really?", "Caf\u00e9 \u201cquoted\u201d", "Yes."]


def read(folder: Path, name: str, content: str | bytes) -> Transcript:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_transcript(path)


def times(transcript: Transcript) -> list[tuple[float | None, float | None]]:
    return [(cue.start, cue.end) for cue in transcript.cues]


@pytest.mark.parametrize(
    "content",
    [
        SRT.encode(),
        b"\xef\xbb\xbf" + SRT.encode(),
        SRT.replace("\n", "\r\n").encode(),
        SRT.encode("cp1252"),
        SRT.encode("utf-16"),
        SRT.replace(",500", ".5").replace(",250", ".25").encode(),
        SRT.replace("00:00:0", "00:0").encode(),
        SRT.replace("\n\n", "\n").encode(),
    ],
    ids=["as it is", "byte order mark", "CRLF", "cp1252", "utf-16", "points", "no hours", "no empty lines"],
)
def test_subtitles_are_read_alike_however_they_are_written(tmp_path: Path, content: bytes) -> None:
    transcript = read(tmp_path, "a.srt", content)
    assert [cue.text for cue in transcript.cues] == TEXTS
    assert times(transcript) == TIMES


def test_cp1252_is_said(tmp_path: Path) -> None:
    assert "Windows-1252" in read(tmp_path, "a.srt", SRT.encode("cp1252")).notes[0]
    assert read(tmp_path, "a.srt", SRT).notes == ()


def test_a_number_that_is_said_is_no_number_of_a_cue(tmp_path: Path) -> None:
    assert read(tmp_path, "a.srt", "1\n00:01,0 --> 00:02,0\n42\n\n2\n00:02,0 --> 00:03,0\n7\n").words == ["42", "7"]


def test_webvtt_gives_speakers_and_skips_what_is_not_said(tmp_path: Path) -> None:
    transcript = read(
        tmp_path,
        "a.vtt",
        "WEBVTT - title\n\nNOTE a remark\nof two lines\n\nSTYLE\n::cue { color: red }\n\nname of cue\n"
        "00:01.000 --> 00:02.000 align:start position:0%\n<v.loud Mary Ann>Hi <b>you</b></v>\n<v Bob>No &lt;3\n\n"
        "00:00:03.000 --> 00:00:04.000\n[laughter]\n\n00:04.000 --> 00:05.000\nTOM: not a speaker\n",
    )
    assert transcript.cues == (
        Cue("Hi you", 1.0, 2.0, "Mary Ann"),
        Cue("No <3", 1.0, 2.0, "Bob"),
        Cue("TOM: not a speaker", 4.0, 5.0),
    )
    assert transcript.notes == ("cues left out because they only describe sounds: 1",)


def test_rolling_captions_say_each_word_once_with_its_time(tmp_path: Path) -> None:
    transcript = read(
        tmp_path,
        "a.vtt",
        "WEBVTT\n\n00:01.000 --> 00:03.000\n \nwe<00:01.500><c> go</c><00:02.000><c> on</c>\n\n"
        "00:03.000 --> 00:03.010\nwe go on\n \n\n00:03.010 --> 00:05.000\nwe go on\nand<00:04.000><c> on</c>\n",
    )
    words = [word for cue in transcript.cues for word in cue.words or ()]
    assert [(word.text, word.start) for word in words] == [
        ("we", 1.0),
        ("go", 1.5),
        ("on", 2.0),
        ("and", 3.01),
        ("on", 4.0),
    ]


def test_whisperx_words_without_times_lie_between_their_neighbours(tmp_path: Path) -> None:
    segment = {
        "start": 0,
        "end": 4,
        "text": " In 2020 we met",
        "speaker": "SPEAKER_01",
        "words": [
            {"word": "In", "start": 0.5, "end": 1.0, "score": 0.9},
            {"word": "2020"},
            {"word": "we", "start": 2.0, "end": 2.5, "score": 0.8},
            {"word": "met"},
        ],
    }
    transcript = read(tmp_path, "a.json", json.dumps({"segments": [segment], "language": "en"}))
    (cue,) = transcript.cues
    assert cue.words is not None
    assert [(word.text, word.start, word.end, word.confidence) for word in cue.words] == [
        ("In", 0.5, 1.0, 0.9),
        ("2020", 1.0, 2.0, None),
        ("we", 2.0, 2.5, 0.8),
        ("met", 2.5, 4.0, None),
    ]
    assert (cue.speaker, transcript.language) == ("SPEAKER_01", "en")


def test_whisper_segments_without_words_are_cues(tmp_path: Path) -> None:
    content = json.dumps([{"start": 1.5, "end": 2, "text": " late "}, {"start": 0, "end": 1, "text": "early"}])
    assert read(tmp_path, "a.json", content).cues == (Cue("early", 0.0, 1.0), Cue("late", 1.5, 2.0))


def textgrid(tiers: dict[str, list[tuple[float, float, str]]], *, short: bool = False) -> str:
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", "xmax = 3", "tiers? <exists>"]
    lines += [f"size = {len(tiers)}", "item []:"]
    for at, (name, intervals) in enumerate(tiers.items(), 1):
        lines += [f"    item [{at}]:", '        class = "IntervalTier"', f'        name = "{name}"']
        lines += ["        xmin = 0", "        xmax = 3", f"        intervals: size = {len(intervals)}"]
        for number, (start, end, text) in enumerate(intervals, 1):
            quoted = text.replace('"', '""')
            lines += [f"        intervals [{number}]:", f"            xmin = {start}", f"            xmax = {end}"]
            lines += [f'            text = "{quoted}"']
    if not short:
        return "\n".join(lines) + "\n"
    kept = [line.split(" = ")[-1].replace("tiers? ", "") for line in lines if " = " in line or "exists" in line]
    return "\n".join(["File type = " + kept[0], "Object class = " + kept[1], *kept[2:]]) + "\n"


WORDS = [(0.0, 1.0, ""), (1.0, 1.5, 'the "best"'), (1.5, 2.0, "2"), (2.0, 3.0, "sil")]
PHONES = [(0.0, 1.0, "sil"), (1.0, 1.2, "DH"), (1.2, 3.0, "AH0")]


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_both_forms_of_textgrid_are_read_alike(tmp_path: Path, short: bool, encoding: str) -> None:
    content = textgrid({"phones": PHONES, "words": WORDS}, short=short).encode(encoding)
    transcript = read(tmp_path, "a.TextGrid", content)
    assert [(cue.text, cue.start, cue.end) for cue in transcript.cues] == [('the "best"', 1.0, 1.5), ("2", 1.5, 2.0)]
    assert [cue.words is not None for cue in transcript.cues] == [False, True]


def test_tiers_of_two_speakers_are_read_together_in_order(tmp_path: Path) -> None:
    tiers = {"Ann - words": [(1.0, 2.0, "no")], "Ann - phones": PHONES, "Bo - words": [(0.0, 1.0, "yes")]}
    cues = read(tmp_path, "a.TextGrid", textgrid(tiers)).cues
    assert [(cue.text, cue.speaker) for cue in cues] == [("yes", "Bo"), ("no", "Ann")]


def test_it_is_not_guessed_which_of_two_tiers_has_the_words(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="its tiers are one, two; call the one"):
        read(tmp_path, "a.TextGrid", textgrid({"one": [(0.0, 1.0, "a")], "two": [(0.0, 1.0, "b")]}))


def test_lines_of_plain_text_are_cues_without_times(tmp_path: Path) -> None:
    transcript = read(tmp_path, "a.txt", "Hello  there.\n\n\tI am.\n")
    assert transcript.cues == (Cue("Hello there."), Cue("I am."))
    assert transcript.words == ["Hello", "there.", "I", "am."]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.srt", "1\n00:00:01,000 --> 00:00:02,000\nx\n\n2\n00:00:0x --> 3\ny\n", "line 6: .*no pair of times"),
        ("a.srt", "1\n00:00:05,000 --> 00:00:02,000\nx\n", "line 2: a cue from 5.0 to 2.0 s cannot be"),
        ("a.srt", "only text\n", "holds no words"),
        ("a.vtt", "WEBVTT\n\n00:01.0 --> 00:02.0\na<00:09.0> b\n", "line 3: the times inside a cue go backwards"),
        ("a.vtt", b"\x00\x01binary", "holds bytes that are no text"),
        ("a.txt", "", "holds no words"),
        ("a.json", "{", "is not JSON"),
        ("a.json", '{"text": "x"}', "has no list of segments"),
        ("a.json", '{"segments": [{"start": 0}]}', r"segments\[0\]: has no text"),
        ("a.json", '{"segments": [{"start": true, "end": 2, "text": "x"}]}', r"its start is True, which is no time"),
        ("a.json", '{"segments": [{"start": 1e999, "end": 2, "text": "x"}]}', "which is no time in seconds"),
        ("a.json", '{"segments": [{"start": 0, "end": 2, "text": "x", "words": [{}]}]}', r"words\[0\]: has no word"),
        ("a.TextGrid", "hello", "is no TextGrid"),
        ("a.TextGrid", textgrid({"words": WORDS})[:-60], "line 2.: a number is missing"),
        ("a.TextGrid", textgrid({"words": WORDS}).replace("size = 4", "size = 99999999"), "is no count"),
        ("a.doc", "x", "allowed: .srt, .vtt"),
    ],
)
def test_a_wrong_file_is_one_error_that_says_where(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path, name, content)


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "none.srt", tmp_path):
        with pytest.raises(DataError):
            read_transcript(path)


PIECES = [SRT, textgrid({"words": WORDS}), '{"segments": [{"start": 0, "end": 2, "text": "x", "words": []}]}', "WEBVTT"]


@settings(max_examples=150, deadline=None)
@given(
    base=st.sampled_from(PIECES),
    cuts=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 30), st.text(max_size=5)), max_size=6),
    suffix=st.sampled_from(SUFFIXES),
)
def test_damage_gives_a_transcript_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, base: str, cuts: list[tuple[int, int, str]], suffix: str
) -> None:
    for at, size, new in cuts:
        base = base[:at] + new + base[at + size :]
    folder = tmp_path_factory.mktemp("damaged")
    try:
        transcript = read(folder, f"a{suffix}", base.encode("utf-8", "surrogatepass"))
    except DataError:
        return
    assert transcript.words
    for cue in transcript.cues:
        assert cue.start is None or cue.end is None or 0 <= cue.start <= cue.end
