"""In a terminal: whole lines above a bar that fits, plain text where it is asked for, and a terminal left as it was."""

import re
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from command import SIZES, SMALL, TINY
from planted import write_planted
from terminal import Shown, Terminals

OPTIONS = ["--data", "planted.pkl", *TINY, *SMALL]
BAR = re.compile(
    r"(starting|epoch \d/2) +[━╸╺ ]{20} +(0/\?|\d/6)( +[\d:-]{7})?(?P<terms>( +(loss|task|.mcl) \d+\.\d+)*)"
)
PLAIN = [("xterm-256color", True), ("dumb", False), ("dumb", True)]


@pytest.fixture(scope="module")
def terminals() -> Iterator[Terminals]:
    with Terminals() as started:
        yield started


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, terminals: Terminals) -> Iterator[Path]:
    """The working directory: it has data and a finished run."""
    folder = tmp_path_factory.mktemp("terminal")
    write_planted(folder / "planted.pkl", **SIZES)
    with chdir(folder):
        assert terminals.run("train", "mosi", *OPTIONS, "--output", "trained", term="dumb").code == 0
        yield folder


def assert_plain(shown: Shown) -> None:
    """No escape code, and no way back to the start of a line."""
    assert "\x1b" not in shown.output
    assert "\r" not in shown.output.replace("\r\n", "")


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize(("term", "no_color"), [("xterm-256color", False), *PLAIN])
def test_a_training_shows_whole_lines_and_a_bar_where_one_can_be_drawn(
    terminals: Terminals, place: Path, columns: int, term: str, no_color: bool
) -> None:
    run = f"run-{columns}-{term}-{no_color}"
    shown = terminals.run("train", "mosi", *OPTIONS, "--output", run, columns=columns, term=term, no_color=no_color)
    assert (shown.code, shown.changed) == (0, ()), shown.output
    text = "".join(line.ljust(columns) for line in shown.screen)  # long lines go on in the next row
    terms = r"loss \S+ task \S+ umcl \S+ bmcl \S+ tmcl \S+"
    epochs = re.findall(rf"epoch +(\d)/2  {terms}  dev mae \d\.\d{{3}} [* ]  \d+\.\d s, \d+ s left", text)
    assert epochs == ["1", "2"]
    assert shown.screen[0].startswith("epoch   1/2")
    assert shown.screen[-1] == f"run folder: {run}"
    assert not any(BAR.match(line) for line in shown.screen), "the bar was not taken away"
    if (term, no_color) in PLAIN:
        assert_plain(shown)
        return
    drawn = set()
    for *above, last in shown.frames:
        assert not any(BAR.match(line) for line in above)
        if bar := BAR.fullmatch(last):
            assert len(last) <= columns - len("^C")
            drawn.add(len(bar["terms"].split()) // 2)
    assert drawn >= {0, 2 if columns == 80 else 5}


READING = {
    "predict": (["predict", "trained", "--output", "{}.csv"], r"19 predictions: .*\.csv"),
    "evaluate": (["evaluate", "trained"], r"└─+┴─+┘"),
    "data verify": (["data", "verify", "planted.pkl"], r"planted.pkl: no errors and .* checks"),
    "data convert": (["data", "convert", "planted.pkl", "{}"], r"9 train, 5 dev, 5 test: .*"),
    "report": (["report", "trained", "--output", "{}"], r".*report.html and \d+ tables and figures"),
}


@pytest.mark.parametrize("no_color", [False, True])
@pytest.mark.parametrize("verb", READING)
def test_what_only_reads_leaves_the_terminal_as_it_was(
    terminals: Terminals, place: Path, verb: str, no_color: bool
) -> None:
    arguments, last = READING[verb]
    out = f"{verb.replace(' ', '-')}-{no_color}"
    shown = terminals.run(*(word.format(out) for word in arguments), no_color=no_color)
    assert (shown.code, shown.changed) == (0, ()), shown.output
    assert re.fullmatch(last, shown.screen[-1]), shown.screen
    if no_color:
        assert_plain(shown)
