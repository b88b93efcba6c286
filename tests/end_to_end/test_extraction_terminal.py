"""Extraction and prediction of recordings in a terminal: a bar that fits, whole lines, and Ctrl-C."""

import re
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from command import SMALL, TINY
from spoken_recordings import WORDS, write_labelled, write_spoken
from terminal import Terminals

FAST = ["--visual", "none", "--recogniser", "none"]
BAR = re.compile(r" ?\d/\d [━╸╺ ]{16} .*")


@pytest.fixture(scope="module")
def terminals() -> Iterator[Terminals]:
    with Terminals() as started:
        yield started


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("terminal")
    with chdir(folder):
        write_labelled(Path("rec"), 4)
        Path("rec/bad.wav").touch()
        write_spoken(Path(f"rec/{'a very long name of a recording ' * 3}.wav"), WORDS[:2])
        yield folder


@pytest.fixture(scope="module")
def trained(place: Path, terminals: Terminals) -> str:
    labels = ["--labels", "rec/labels.csv"]
    assert terminals.run("extract", "rec", *labels, *FAST, "--output", "data", term="dumb").code == 0
    train = ["train", "mosi", "--data", "data", *TINY, *SMALL, "--output", "run", "--quiet"]
    assert terminals.run(*train, term="dumb").code == 0
    return "run"


def assert_frames_fit(frames: list[list[str]], columns: int) -> None:
    drawn = 0
    for *above, last in frames:
        assert not any(BAR.fullmatch(line) for line in above), "a bar was left above"
        if BAR.fullmatch(last):
            assert len(last) <= columns
            drawn += 1
    assert drawn


@pytest.mark.long
@pytest.mark.parametrize("columns", [80, 200])
def test_an_extraction_shows_whole_lines_above_a_bar(terminals: Terminals, place: Path, columns: int) -> None:
    shown = terminals.run("extract", "rec", *FAST, "--output", f"data-{columns}", columns=columns)
    assert (shown.code, shown.changed) == (0, ()), shown.output
    text = "".join(line.ljust(columns) for line in shown.screen)
    ended = re.findall(r"(\d)/6  (.+?\.wav)  \d s", text)
    assert sorted(int(number) for number, _ in ended) == [1, 3, 4, 5, 6]
    assert "failed: rec/bad.wav: is empty; get it again" in text
    assert not any(BAR.fullmatch(line) for line in shown.screen), "the bar was not taken away"
    assert_frames_fit(shown.frames, columns)


@pytest.mark.long
@pytest.mark.parametrize(("term", "no_color"), [("dumb", False), ("xterm-256color", True)])
def test_where_no_bar_can_be_drawn_there_is_plain_text(
    terminals: Terminals, place: Path, term: str, no_color: bool
) -> None:
    shown = terminals.run("extract", "rec", *FAST, "--output", f"data-{term}", term=term, no_color=no_color)
    assert (shown.code, shown.changed) == (0, ()), shown.output
    assert "\x1b" not in shown.output
    assert "\r" not in shown.output.replace("\r\n", "")


@pytest.mark.long
@pytest.mark.parametrize("columns", [80, 200])
def test_a_prediction_leaves_scores_and_a_terminal_as_it_was(terminals: Terminals, trained: str, columns: int) -> None:
    shown = terminals.run(
        *("predict", trained, "rec", "--recogniser", "none", "--output", f"out-{columns}"), columns=columns
    )
    assert (shown.code, shown.changed) == (0, ()), shown.output
    assert shown.screen[-1] == f"5 recordings, 5 sentences, 1 failed: out-{columns}/scores.csv"
    assert len(re.findall(r"^[+-]\d\.\d\d  ", "\n".join(shown.screen), re.MULTILINE)) == 5
    assert_frames_fit(shown.frames, columns)


@pytest.mark.long
@pytest.mark.parametrize("processes", [1, 2])
def test_ctrl_c_says_how_to_go_on_and_keeps_what_is_done(terminals: Terminals, place: Path, processes: int) -> None:
    arguments = ["extract", "rec", *FAST, "--output", f"stopped-{processes}", "--processes", processes]
    shown = terminals.run(*arguments, interrupt=lambda output: "2/6" in output)
    assert (shown.code, shown.changed) == (130, ()), shown.output
    text = "".join(line.ljust(80) for line in shown.screen).rstrip()
    assert re.search(r"mlcl: stopped; what is done is kept; go on with mlcl extract rec --visual none", text)
    assert "Traceback" not in shown.output
    assert "semaphore" not in shown.output
    kept = {
        file.name: file.stat().st_mtime_ns for file in Path(f"stopped-{processes}/recordings").glob("*.safetensors")
    }
    assert 1 <= len(kept) < 5
    again = terminals.run(*arguments)
    assert (again.code, again.changed) == (0, ()), again.output
    for name, stamp in kept.items():
        assert Path(f"stopped-{processes}/recordings", name).stat().st_mtime_ns == stamp
