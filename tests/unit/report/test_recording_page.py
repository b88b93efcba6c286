"""The page of a recording: all that is known of it, once; nothing that acts, and nothing from elsewhere."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from mlcl.report.recording_page import MOST_FRAMES, clock, frame_times, recording_page
from mlcl.runs.timeline import Timeline
from timelines import TEXTS, classes, sentence, timeline

JPEG = b"\xff\xd8\xff\xe0" + bytes(3000)
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """What a browser makes of a page, as far as these tests ask."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == [], "every tag is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "title"):
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page(shown: Timeline, **more: object) -> Page:
    return Page(recording_page(shown, link="../talk.mp4", **more))  # type: ignore[arg-type]


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;\x1b[31m\x00\u202e{{7*7}}"


def hostile(classes_too: bool) -> Timeline:
    one = sentence(0, "x", id=HOSTILE, speaker=HOSTILE)
    one = replace(one, words=(replace(one.words[0], text=HOSTILE, time_source=HOSTILE),))
    names = {
        **{"recording": HOSTILE, "run": HOSTILE, "label": HOSTILE, "words_from": HOSTILE, "language": HOSTILE},
        **{"notes": (HOSTILE,), "modalities": (HOSTILE,)},
    }
    if classes_too:
        return classes((HOSTILE, HOSTILE + "2"), **names)
    return timeline((one,), **names)


@pytest.mark.parametrize("classes_too", [False, True])
def test_what_strangers_wrote_is_text(classes_too: bool) -> None:
    shown = hostile(classes_too)
    html = recording_page(shown, link=HOSTILE, frames=[(0.5, JPEG)])
    found = Page(html)
    assert found.all("script") == []
    assert len(found.all("img")) == 1
    assert not [name for _, attributes in found.tags for name in attributes if name.startswith("on")]
    for sign in ("\x1b", "\x00", "\u202e"):
        assert sign not in html
    assert "\\x1b[31m\\x00\\u202e{{7*7}}" in unescape(html), "it is shown, and not computed"
    assert "<script>alert(1)</script>" in found.words


def test_a_page_needs_nobody_and_runs_nothing() -> None:
    for shown in (timeline(), classes(("no", "yes"))):
        html = recording_page(shown, link="../talk.mp4", frames=[(0.5, JPEG)])
        found = Page(html)
        assert not {"script", "link", "iframe", "object", "embed", "video", "audio", "form"} & {
            t for t, _ in found.tags
        }
        for _, attributes in found.tags:
            for name in ("src", "href"):
                value = attributes.get(name)
                assert value is None or value.startswith(("#", "data:image/jpeg;base64,")) or value == "../talk.mp4"
        assert not re.search(r"https?:|//[a-z]|url\(|@import", html)
        assert html.count('href="../talk.mp4"') == 1, "the recording is linked, never embedded"


def test_every_sentence_stands_once_in_the_words_and_once_in_the_table() -> None:
    found = page(timeline())
    rows = [attributes["id"] for attributes in found.all("tr") if attributes.get("id")]
    assert rows == ["s1", "s2", "s3"]
    for text in TEXTS:
        assert found.words.count(text) == 2


def test_no_sentence_of_the_page_is_said_twice() -> None:
    found = page(timeline(notes=("it has no picture", "its sound begins 2.0 s after the pictures")))
    said = [part.strip() for part in re.split(r"(?<=[.!?]) ", found.words) if len(part) > 25]
    assert len(said) == len(set(said)) > 6


def test_all_marks_lead_to_rows_and_are_reached_by_keyboard() -> None:
    found = page(timeline())
    places = {attributes["id"] for _, attributes in found.tags if attributes.get("id")}
    links = [attributes for attributes in found.all("a") if (attributes["href"] or "").startswith("#")]
    assert len(links) == 6, "a bar and a time of each"
    assert all((attributes["href"] or "")[1:] in places for attributes in links)
    assert all(attributes.get("tabindex") in (None, "0") for _, attributes in found.tags)
    sheet = [attributes for tag, attributes in found.tags if attributes.get("class") == "sheet"]
    assert [attributes.get("tabindex") for attributes in sheet] == ["0"], "what scrolls can be scrolled with keys"
    bars = [attributes for attributes in found.all("a") if (attributes.get("class") or "").startswith("bar")]
    assert all(text in (bar["aria-label"] or "") for bar, text in zip(bars, TEXTS, strict=True))
    assert all(attributes.get("alt") for attributes in found.all("img"))


def test_headings_descend_without_a_gap() -> None:
    levels = [int(tag[1]) for tag, _ in page(timeline()).tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_notes_are_sentences_and_the_run_is_a_name() -> None:
    found = page(timeline(notes=("it has no picture", "No face was found.")))
    problems = [attributes for attributes in found.all("p") if attributes.get("class") == "problem"]
    assert len(problems) == 2
    assert "It has no picture." in found.words
    assert "No face was found." in found.words
    assert ".." not in found.words
    html = recording_page(timeline(run="x<y"), link="a")
    assert "<code>x&lt;y</code>" in html
    assert "Mean score of 3 sentences, weighted by duration." in found.words


def test_the_page_says_what_such_scores_are_not() -> None:
    words = page(timeline()).words
    for part in ("does not say what anyone feels", "no diagnosis", "hiring", "at work and in education is prohibited"):
        assert part in words


@pytest.mark.parametrize("number", [1, 300, 3000])
def test_even_of_long_recordings_a_page_is_small(number: int) -> None:
    """An hour of speech has about 700 sentences."""
    sentences = tuple(sentence(at, "well that went brilliantly but nobody laughed again") for at in range(number))
    shown = timeline(sentences, duration=float(number))
    times = frame_times(shown)
    assert 1 <= len(times) <= MOST_FRAMES
    html = recording_page(shown, link="a", frames=[(time, JPEG * 2) for time in times])
    assert len(html.encode()) < (2_000_000 if number <= 700 else 6_000_000)
    assert html.count("data:image/jpeg") == len(times)


def test_without_frames_there_is_no_strip() -> None:
    assert page(timeline()).all("img") == []
    assert not [a for _, a in page(timeline()).tags if a.get("class") == "strip"]
    assert len(page(timeline(), frames=[(0.5, JPEG), (1.5, JPEG)]).all("img")) == 2


def bars(shown: Timeline) -> list[dict[str, float]]:
    html = recording_page(shown, link="a")
    pattern = r'class="bar (\w+)".*?left:([\d.]+)%;width:([\d.]+)%.*?bottom:([\d.]+)%;height:([\d.]+)%;opacity:([\d.]+)'
    keys = ("left", "width", "bottom", "height", "opacity")
    return [dict(zip(keys, map(float, match[1:]), strict=True)) for match in re.findall(pattern, html)]


def test_bars_stand_where_and_as_high_as_the_numbers_say() -> None:
    drawn = bars(timeline())
    assert [round(bar["left"]) for bar in drawn] == [0, 33, 67]
    assert [round(bar["width"]) for bar in drawn] == [33, 33, 33]
    low, zero, high = drawn
    assert (round(low["bottom"]), round(low["height"])) == (33, 17), "from -1 up to 0, on a scale from -3 to 3"
    assert (zero["bottom"], zero["height"]) == (50, 1)
    assert (high["bottom"], round(high["height"])) == (50, 17)


@pytest.mark.parametrize("scale", [(-3.0, 3.0), (0.0, 1.0), (1.0, 5.0), (-5.0, -1.0), None])
@pytest.mark.parametrize("scores", [(0.0, 0.0, 0.0), (2.0, 3.0, 4.0), (-9.0, 0.5, 9.0), (-2.0, -2.0, -2.0)])
def test_every_bar_stays_inside(scale: tuple[float, float] | None, scores: tuple[float, ...]) -> None:
    sentences = tuple(sentence(at, TEXTS[at], score=score) for at, score in enumerate(scores))
    for bar in bars(timeline(sentences, label_range=scale)):
        assert 0 <= bar["left"] <= bar["left"] + bar["width"] <= 100.001
        assert 0 <= bar["bottom"] <= bar["bottom"] + bar["height"] <= 101.001
        assert 0.45 <= bar["opacity"] <= 1.0001


@pytest.mark.parametrize("names", [("no", "yes"), tuple(f"class {n}" for n in range(12))])
def test_classes_have_a_key_and_their_probability(names: tuple[str, ...]) -> None:
    shown = classes(names)
    found = page(shown)
    share = max(shown.summary["probabilities"])
    assert f"{names[-1]} ({share:.0%})" in found.words
    assert all(name in found.words for name in names)
    assert all(0 <= bar["height"] <= 100 for bar in bars(shown))


def test_a_recording_without_words_says_so() -> None:
    found = page(timeline((sentence(0, "", unsure_words=0, missing=("text",)),), words_from=""))
    assert "No words are known of this recording." in found.words
    assert "without text" in found.words


def test_doubtful_words_are_marked() -> None:
    html = recording_page(timeline(), link="a")
    assert len(re.findall(r'<span class="unsure"[^>]*>(well|but|again)</span>', html)) == 3
    assert html.count('class="unsure"') == 3


def test_a_recording_without_length_is_a_page() -> None:
    nothing = sentence(0, "", start=0.0, end=0.0, score=0.0)
    nothing = replace(nothing, end=0.0)
    assert page(timeline((nothing,), duration=0.0)).words


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0:00.0"),
        (62.46, "1:02.5"),
        (59.96, "1:00.0"),
        (3602.5, "1:00:02.5"),
        (3599.99, "1:00:00.0"),
        (-1, "0:00.0"),
    ],
)
def test_times_are_written_as_people_read_them(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown
