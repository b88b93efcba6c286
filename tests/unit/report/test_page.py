"""The page: complete in itself, accessible, honest about what is missing, and silent about words where it must be."""

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from made_report import CANARY, Made, make

FIGURES = {
    "results", "differences", "curves-dev", "curves-task", "curves-mlcl-umcl", "curves-mlcl-bmcl", "curves-mlcl-tmcl",
    *(f"{kind}-{name}" for kind in ("truth", "confusion") for name in ("mlcl", "late_fusion", "text", "hkt")), "ranges",
    *(f"map-{name}-{level}" for name in ("mlcl", "late_fusion") for level in ("fused", "umcl", "bmcl", "tmcl")),
    "geometry-mlcl-alignment", "geometry-mlcl-uniformity", "geometry-fused",
}  # fmt: skip
TABLES = {"results", "comparison", "against-text", "worst", "cost", "systems"}
VOID = {"meta", "link", "img", "br", "hr", "input"}


class Tree(HTMLParser):
    """Tags with attributes, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(params=["regression", "classification"])
def made(request: pytest.FixtureRequest) -> Made:
    found: Made = request.getfixturevalue(request.param)
    return found


def test_the_pinned_figures_and_tables_are_there_and_nothing_else(regression: Made) -> None:
    assert {file.stem for file in (regression.folder / "figures").iterdir()} == FIGURES
    assert {file.name for file in (regression.folder / "tables").iterdir()} == {
        f"{name}.{suffix}" for name in TABLES for suffix in ("md", "tex", "csv")
    }
    assert {file for file in regression.folder.rglob("*") if file.is_file()} == set(regression.files)


def test_nothing_is_loaded_from_elsewhere(made: Made) -> None:
    for tag, attributes in Tree(made.html).tags:
        assert tag not in ("script", "link", "iframe", "img", "object")
        for name, value in attributes.items():
            if name.split(":")[-1] in ("href", "src", "srcset", "data", "action"):
                assert value is not None
                assert value.startswith("#"), (tag, name, value)
    assert "@import" not in made.html
    assert [target for target in re.findall(r"url\(([^)]*)\)", made.html) if not target.startswith("#")] == []


def test_every_anchor_has_its_place_and_no_id_stands_twice(made: Made) -> None:
    tree = Tree(made.html)
    assert tree.open == []
    ids = Counter(attributes["id"] for _, attributes in tree.tags if "id" in attributes)
    assert [name for name, count in ids.items() if count > 1] == []
    named = [v for _, a in tree.tags for k, v in a.items() if v and k.split(":")[-1] == "href"]
    used = [*named, *(f"#{v}" for _, a in tree.tags for k, v in a.items() if v and k == "aria-labelledby")]
    used += re.findall(r"url\((#[^)]*)\)", made.html)
    assert used
    assert [target for target in used if target[1:] not in ids] == []


def test_every_figure_says_in_numbers_what_it_shows(made: Made) -> None:
    drawings = [attributes for tag, attributes in Tree(made.html).tags if tag == "svg"]
    assert len(drawings) == len(list((made.folder / "figures").iterdir()))
    for attributes in drawings:
        assert attributes["role"] == "img"
        assert len(re.findall(r"\d", attributes["aria-label"] or "")) >= 3, attributes["aria-label"]


def test_every_figure_is_a_file_of_its_own_that_any_program_can_read(made: Made) -> None:
    for file in (made.folder / "figures").iterdir():
        root = ElementTree.parse(file).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "var(" not in file.read_text(encoding="utf-8"), "only a page knows the variables"
        assert "<image" not in file.read_text(encoding="utf-8"), "a raster is not sharp on paper"


def test_colours_of_figures_follow_the_page(made: Made) -> None:
    body = made.html.split("</style>")[1]
    used = set(re.findall(r"var\(--(\w+),", body))
    assert {"ink", "muted", "s0"} <= used
    style = made.html.split("<style>")[1].split("</style>")[0]
    dark = style[style.index("prefers-color-scheme: dark") :]
    assert {name for name in used if f"--{name}:" not in dark} == set()


def test_failed_and_missing_runs_are_shown_as_such(regression: Made) -> None:
    rows = (regression.folder / "tables" / "results.md").read_text(encoding="utf-8").splitlines()
    assert any("HKT" in row and "1 of 3 1 failed 1 missing" in row for row in rows)
    assert any("LFMIM" in row and "0 of 3 1 failed 2 missing" in row for row in rows)
    for text in ("2 of 15 runs failed: LFMIM seed 1 and HKT seed 2.", "3 of 15 runs are missing"):
        assert text in regression.html
    assert r"seed 2 failed: the loss became nan &lt;script&gt;\x1b[31m" in regression.html
    assert not any(sign in file.read_text(encoding="utf-8") for sign in "\x1b\x07" for file in regression.files)
    assert "<script>" not in regression.html


def test_the_text_only_row_is_marked_when_missing(classification: Made, regression: Made) -> None:
    table = (classification.folder / "tables" / "results.md").read_text(encoding="utf-8")
    assert "| Text only not in this study |" in table
    assert "whether fusion helps at all cannot be said" in classification.html
    assert "not in this study" not in regression.html


def test_marks(regression: Made) -> None:
    table = (regression.folder / "tables" / "results.md").read_text(encoding="utf-8")
    assert "HKT adaptation" in table
    assert "Text only text only" in table
    assert "MLCL adaptation" not in table
    assert "Adaptation: the authors never trained" in regression.html


def test_words_are_shown_escaped_where_they_are_given(classification: Made) -> None:
    assert f"{CANARY} &lt;b&gt;" in classification.html
    assert CANARY in (classification.folder / "tables" / "worst.csv").read_text(encoding="utf-8")


def test_without_words_no_file_holds_any(regression: Made) -> None:
    """The fixture's words exist in the classification report, so the search can fail."""
    for file in regression.files:
        assert CANARY not in file.read_text(encoding="utf-8")
    assert "Words are left out: no data file was given." in regression.html


def test_the_same_study_gives_the_same_bytes(classification: Made, tmp_path: Path) -> None:
    again = make(tmp_path / "study", words=True, task="classification", recipe="mustard", items=40, seeds=(1, 2), epochs=2, systems=["mlcl", "hkt"])  # fmt: skip # noqa: E501
    assert {f.name: f.read_bytes() for f in again.files} == {f.name: f.read_bytes() for f in classification.files}


def test_identity_of_the_data_is_on_the_page(made: Made) -> None:
    for text in ("ab" * 32, "cd" * 32, "all-MiniLM-L6-v2", "torch 2.13.0", "train 120", "tuned on dev with 20 trials"):
        assert text in made.html
