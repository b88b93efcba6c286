"""In a terminal: whole lines above a bar that fits, plain text where it is asked for, and a terminal left as it was."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path
from textwrap import dedent

import pytest

from command import SIZES, SMALL, TINY, settings
from planted import write_planted
from terminal import Shown, Terminals

OPTIONS = ["--data", "planted.pkl", *TINY, *SMALL]
BAR = re.compile(
    r"(starting|epoch \d/2) +[━╸╺ ]{20} +(0/\?|\d/6)( +[\d:-]{7})?(?P<terms>( +(loss|task|.mcl) \d+\.\d+)*)"
)
PLAIN = [("xterm-256color", True), ("dumb", False), ("dumb", True)]
TERMINALS = [("xterm-256color", False), *(pytest.param(*case, marks=pytest.mark.long) for case in PLAIN)]


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


@pytest.mark.parametrize("columns", [80, pytest.param(200, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    ("term", "no_color"), [("xterm-256color", False), *(pytest.param(*case, marks=pytest.mark.long) for case in PLAIN)]
)
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


@pytest.mark.long
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


def begun(folder: str) -> Callable[[str], bool]:
    """Whether the training in a run folder has finished an epoch."""
    return lambda output: Path(folder, "history.jsonl").exists()


LONGER = [*OPTIONS, *settings(train__epochs=8)]
STOPPED = {  # the command, where it stops, when Ctrl-C is pressed, and the last line of the finished work
    "train": (
        ["train", "mosi", *LONGER],
        r"stopped (in|after) epoch \d.*",
        begun("runs/mosi-default-5576"),
        "run folder: runs/mosi-default-5576",
    ),
    "crossvalidate": (
        ["crossvalidate", "mosi", *LONGER, "--folds", "2", "--output", "two folds"],
        r"fold 2 of 2: stopped (in|after) epoch \d.*",
        begun("two folds/fold-2"),
        "cross-validation: two folds",
    ),
    "tune": (
        ["tune", "mosi", *LONGER, "--trials", "3", "--study", "my study"],
        "stopped( in trial 1| between trials)?",
        lambda output: "trial 0, 1 of 3" in output,
        "study folder: my study",
    ),
    "compare": (
        ["compare", "mosi", *LONGER, "--models", "mlcl", "--seeds", "1", "--output", "study"],
        "stopped",
        begun("study/runs/mlcl/seed-1"),
        "study folder: study; mlcl report study shows all of it",
    ),
}


def stop_and_go_on(terminals: Terminals, verb: str, term: str = "xterm-256color") -> Shown:
    """Press Ctrl-C in the midst of a command, then give the command that its last line names."""
    arguments, where, moment, finished = STOPPED[verb]
    write_planted(Path("planted.pkl"), **SIZES)
    stopped = terminals.run(*arguments, term=term, interrupt=moment)
    assert (stopped.code, stopped.changed) == (130, ()), stopped.output
    named = re.search(rf"\rmlcl: {where}; go on with mlcl (?P<command>.*)\r\n$", stopped.output)
    assert named, stopped.output
    assert finished not in stopped.output
    assert any(re.match(f"mlcl: {where}", line) for line in stopped.screen), "the echo of Ctrl-C is in the way"
    assert not any(re.search("Traceback|[━╸╺]", line) for line in stopped.screen), stopped.screen
    after = terminals.run(*shlex.split(named["command"]), term=term)
    assert (after.code, after.changed, after.screen[-1]) == (0, (), finished), after.output
    return stopped


@pytest.mark.long
@pytest.mark.parametrize("verb", ["train", "crossvalidate", "tune"])
def test_after_ctrl_c_the_last_line_names_the_command_that_goes_on(
    terminals: Terminals, workplace: Path, verb: str
) -> None:
    stop_and_go_on(terminals, verb)


def test_ctrl_c_while_modules_are_loaded_is_understood() -> None:
    """The first import of the command line is where Ctrl-C arrives."""
    start = """
        import sys
        from mlcl.cli.main import main

        class Pressed:
            def find_spec(self, *names):
                raise KeyboardInterrupt

        sys.meta_path.insert(0, Pressed())
        sys.argv = ["mlcl", "train", "my recipe.yaml"]
        main()
    """
    done = subprocess.run([sys.executable, "-c", dedent(start)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (130, "mlcl: stopped; go on with mlcl train 'my recipe.yaml'\n")


@pytest.mark.long
def test_ctrl_c_in_a_terminal_without_a_bar(terminals: Terminals, workplace: Path) -> None:
    assert "\x1b" not in stop_and_go_on(terminals, "train", term="dumb").output


@pytest.mark.long
@pytest.mark.parametrize("verb", STOPPED)
def test_ctrl_c_in_a_command_that_a_shell_has_started(workplace: Path, verb: str) -> None:
    with Terminals(fresh=True) as terminals:
        stop_and_go_on(terminals, verb)
