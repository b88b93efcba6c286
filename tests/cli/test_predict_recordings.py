"""``mlcl predict`` on recordings: by the features of the run's training, the numbers of a data set, and a page each."""

import csv
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from at_once import AtOnce
from command import SMALL, TINY, files, invoke, refuse, succeed
from planted import write_planted
from spoken_recordings import WORDS, write_labelled, write_spoken

HEAR = ["--recogniser", "none"]
NEW = WORDS[:5]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with recordings, the data set extracted of them, a run trained on it, and one on foreign columns."""
    folder = tmp_path_factory.mktemp("made")
    with chdir(folder), pytest.MonkeyPatch.context() as patch:
        at_once(patch)
        write_labelled(Path("rec"), 8)
        write_spoken(Path("new/clip.wav"), NEW)
        write_spoken(Path("new/film.mp4"), NEW[:3], pictures=True)
        extract = ["extract", "rec", "--labels", "rec/labels.csv", "--visual", "none", *HEAR]
        succeed(*extract, "--output", "data")
        succeed("train", "mosi", "--data", "data", *TINY, *SMALL, "--output", "run", "--quiet")
        write_planted(Path("planted.pkl"), train=9, dev=5)
        succeed("train", "mosi", "--data", "planted.pkl", *TINY, *SMALL, "--output", "foreign", "--quiet")
        yield folder


def at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("mlcl.media.extract_folder.Worker", AtOnce)
    patch.setitem(sys.modules, "pocketsphinx", None)


@pytest.fixture
def place(made: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    at_once(monkeypatch)
    shutil.copytree(made, workplace, dirs_exist_ok=True)
    return workplace


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_new_recording_has_the_numbers_of_its_extraction_as_data(place: Path) -> None:
    succeed("predict", "run", "new", *HEAR, "--output", "out")
    succeed("extract", "new", "--visual", "none", *HEAR, "--output", "newdata")
    succeed("predict", "run", "--data", "newdata", "--output", "table.csv")
    ours, theirs = pd.read_csv("out/scores.csv").set_index("id"), pd.read_csv("table.csv").set_index("id")
    assert set(ours.index) == set(theirs.index)
    assert len(ours) == 2
    for name in ours.index:
        assert ours.loc[name, "prediction"] == pytest.approx(theirs.loc[name, "prediction"], abs=1e-6)
    assert ours.loc["clip_1", "prediction"] != ours.loc["film_1", "prediction"]


def test_a_recording_of_the_training_has_the_number_it_had_there(place: Path) -> None:
    succeed("predict", "run", "rec/talk03.wav", *HEAR, "--output", "out")
    succeed("predict", "run", "--output", "table.csv")
    known = pd.read_csv("table.csv").set_index("id")
    assert pd.read_csv("out/scores.csv")["prediction"].tolist() == pytest.approx(
        [known.loc["talk03", "prediction"]], abs=1e-6
    )


def test_tables_a_page_and_json_of_each_and_the_score_in_the_terminal(place: Path) -> None:
    outcome = invoke("predict", "run", "new/clip.wav", "new/film.mp4", *HEAR, "--output", "out")
    assert outcome.code == 0, outcome.err
    assert {entry.name for entry in Path("out").iterdir()} == {
        *("scores.csv", "words.csv", "clip.html", "clip.json", "film.html", "film.json")
    }
    first, second, last = outcome.out.splitlines()
    told = json.loads(Path("out/clip.json").read_text(encoding="utf-8"))
    assert first == f"{told['summary']['score']:+.2f}  clip.wav: out/clip.html"
    assert second.endswith("  film.mp4: out/film.html")
    assert last == "2 recordings, 2 sentences: out/scores.csv"
    assert [row["word"] for row in rows(Path("out/words.csv"))] == [*NEW, *NEW[:3]]
    clip, film = (Path(f"out/{name}.html").read_text(encoding="utf-8") for name in ("clip", "film"))
    assert 'href="../new/clip.wav"' in clip
    assert "data:image/jpeg" not in clip
    assert film.count("data:image/jpeg") == 1
    assert told["modalities"] == ["text", "acoustic"]
    assert {row["missing"] for row in rows(Path("out/scores.csv"))} == {""}


def test_frames_are_left_out_where_nobody_wants_them(place: Path) -> None:
    succeed("predict", "run", "new/film.mp4", *HEAR, "--output", "out", "--no-frames")
    assert "data:image/jpeg" not in Path("out/film.html").read_text(encoding="utf-8")


def test_the_same_command_twice_writes_the_same(place: Path) -> None:
    for name in ("one", "two"):
        succeed("predict", "run", "new", *HEAR, "--output", name)
    assert files(Path("one")) == files(Path("two"))
    succeed("predict", "run", "new", *HEAR, "--output", "one")
    assert files(Path("one")) == files(Path("two"))


def test_a_transcript_may_be_named(place: Path) -> None:
    Path("new/clip.srt").rename("words.srt")
    succeed("predict", "run", "new/clip.wav", "--transcript", "words.srt", *HEAR, "--output", "out")
    assert json.loads(Path("out/clip.json").read_text(encoding="utf-8"))["words_from"] == "words.srt"


def test_the_page_links_the_recording_by_whatever_name(place: Path) -> None:
    write_spoken(Path("odd/grüße & 50%# 😀.wav"), ["well"])
    succeed("predict", "run", "odd", *HEAR, "--output", "deep/er/out")
    (page,) = Path("deep/er/out").glob("*.html")
    assert 'href="../../../odd/gr%C3%BC%C3%9Fe%20%26%2050%25%23%20%F0%9F%98%80.wav"' in page.read_text(encoding="utf-8")


def test_a_run_on_foreign_columns_scores_the_text_alone_and_says_so(place: Path) -> None:
    outcome = invoke("predict", "foreign", "new/clip.wav", *HEAR, "--output", "out")
    assert outcome.code == 0, outcome.err
    assert (
        "note: the acoustic and visual columns of this run's training were not made by mlcl extract; recordings are "
        "scored on their text alone\n"
    ) in outcome.err
    told = json.loads(Path("out/clip.json").read_text(encoding="utf-8"))
    assert told["modalities"] == ["text"]
    assert told["sentences"][0]["missing"] == ["acoustic", "visual"]
    text = json.loads(succeed("predict", "foreign", "--text", " ".join(NEW), "--json"))
    assert told["summary"]["score"] == pytest.approx(text["score"], abs=1e-6)


def test_a_text_is_a_quick_question(place: Path) -> None:
    said = succeed("predict", "run", "--text", "well, that went brilliantly")
    told = json.loads(succeed("predict", "run", "--text", "well, that went brilliantly", "--json"))
    assert set(told) == {"text", "score", "modalities"}
    assert said.startswith(f"{told['score']:+.3f}")
    assert "from the text alone, without acoustic" in said


def edit(change: Callable[[dict[str, Any]], object]) -> None:
    """Pretend that the run was trained on other features."""
    file = Path("run/processor/processor.json")
    values = json.loads(file.read_text(encoding="utf-8"))
    change(values["features"]["acoustic"])
    file.write_text(json.dumps(values), encoding="utf-8")


OTHER: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "extractor": (lambda made: made.update(extractor="covarep"), "covarep"),
    "version": (lambda made: made.update(version=7), "version 7, and this mlcl has version"),
    "weights": (lambda made: made.update(weights={"a.bin": "ab" * 32}), "weights a.bin abababababab"),
    "package": (lambda made: made.update(packages={"torch": "9.9"}), "torch 9.9"),
    "parameters": (lambda made: made.update(parameters={"bands": 3}), "parameters {'bands': 3}"),
    "columns": (lambda made: made.update(columns=["x"] * 40), "'x'"),
}


@pytest.mark.parametrize("name", OTHER)
def test_other_features_than_those_of_the_training_are_refused_in_one_line(place: Path, name: str) -> None:
    change, message = OTHER[name]
    edit(change)
    digests = Path("run/digests.json")
    if digests.exists():
        digests.unlink()
    outcome = invoke("predict", "run", "new/clip.wav", *HEAR, "--output", "out")
    assert outcome.code in (1, 2)
    line = outcome.err.splitlines()[-1]
    assert line.startswith("mlcl: ")
    assert message in line
    assert not Path("out").exists()


def test_the_description_of_the_features_travels_with_data_and_run(place: Path) -> None:
    description = yaml.safe_load(Path("data/features.yaml").read_text(encoding="utf-8"))
    run = json.loads(Path("run/processor/processor.json").read_text(encoding="utf-8"))["features"]
    assert yaml.safe_load(Path("run/model/features.yaml").read_text(encoding="utf-8")) == description
    assert run == description


def lines(outcome: Any) -> list[str]:
    """What is no note and no progress."""
    return [line for line in outcome.err.splitlines() if not line.startswith(("note: ", "1/1 "))]


BAD = {
    "empty.wav": (lambda path: path.touch(), "is empty; get it again"),
    "text.mp4": (lambda path: path.write_text("hello"), "is not a recording"),
    "quiet.wav": (lambda path: write_spoken(path, ["well"], transcript=False), "it has no words: give --transcript"),
}


@pytest.mark.parametrize("name", BAD)
def test_one_bad_recording_is_one_line_and_writes_nothing(place: Path, name: str) -> None:
    make, message = BAD[name]
    make(Path(name))
    outcome = invoke("predict", "run", name, *HEAR, "--output", "out")
    assert outcome.code == 1
    (line,) = lines(outcome)
    assert line.startswith("mlcl: ")
    assert message in line
    assert not Path("out").exists()


def test_one_bad_recording_costs_the_others_nothing(place: Path) -> None:
    Path("new/empty.wav").touch()
    outcome = invoke("predict", "run", "new", *HEAR, "--output", "out")
    assert outcome.code == 0
    assert "failed: new/empty.wav: is empty; get it again\n" in outcome.err
    assert outcome.out.splitlines()[-1] == "2 recordings, 2 sentences, 1 failed: out/scores.csv"
    for name in ("a.wav", "b.wav"):
        Path("bad").mkdir(exist_ok=True)
        Path("bad", name).touch()
    outcome = invoke("predict", "run", "bad", *HEAR, "--output", "none")
    assert outcome.code == 1
    assert outcome.err.splitlines()[-1] == "mlcl: none of the 2 recordings could be scored; why is said above"


REFUSED = {
    "no output": (["new/clip.wav"], "--output is missing; name a folder to write"),
    "a table": (["new/clip.wav", "--output", "a.csv"], "--output a.csv: of recordings name a folder"),
    "the run": (["new/clip.wav", "--output", "run"], "--output run: that is the run's folder; name another place"),
    "beside the recording": (["new/clip.wav", "--output", "new"], "--output new: the recordings are in this folder"),
    "two sources": (["new", "--data", "data", "--output", "out"], "recordings and --data: give one of them"),
    "text and data": (["--text", "a", "--data", "data"], "--data and --text: give one of them"),
    "no text": (["--text", ""], "--text: has no words; put the sentence in quotes"),
    "json of recordings": (["new", "--json", "--output", "out"], "--json goes with --text"),
    "output of a text": (["--text", "a", "--output", "out"], "--output out: the score of --text is printed"),
    "split of recordings": (["new", "--split", "test", "--output", "out"], "--split test: recordings have no splits"),
    "nothing there": (["absent.mp4", "--output", "out"], "absent.mp4: there is no such file or folder"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_wrong_usage_is_one_line(place: Path, name: str) -> None:
    arguments, message = REFUSED[name]
    code = 1 if name == "nothing there" else 2
    assert refuse(code, "predict", "run", *arguments).startswith(message)


def test_predicting_beside_a_recording_does_not_become_its_transcript(place: Path) -> None:
    """`talk.json` is a transcript where it stands beside `talk.mp4`, and the user's own must not be written over."""
    before = files(Path("new"))
    refuse(2, "predict", "run", "new/clip.wav", "--output", "new", *HEAR)
    assert files(Path("new")) == before
    succeed("predict", "run", "new", "--output", "new/scores", *HEAR)
    succeed("predict", "run", "new", "--output", "new/scores", *HEAR)
    assert {name: content for name, content in files(Path("new")).items() if not name.startswith("scores")} == before


def test_stopping_says_that_nothing_was_written(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(AtOnce, "run", stop)
    outcome = invoke("predict", "run", "new", *HEAR, "--output", "out")
    assert outcome.code == 130
    assert lines(outcome)[-1].startswith("mlcl: stopped; nothing was written; go on with mlcl predict run new")
    assert not Path("out").exists()


def test_a_second_call_into_one_folder_keeps_the_rows_of_other_recordings(place: Path) -> None:
    succeed("predict", "run", "new/clip.wav", *HEAR, "--output", "out")
    first = rows(Path("out/scores.csv")), rows(Path("out/words.csv"))
    succeed("predict", "run", "new/film.mp4", *HEAR, "--output", "out")
    both = rows(Path("out/scores.csv"))
    assert [row["recording"] for row in both] == ["clip.wav"] * len(first[0]) + ["film.mp4"] * (
        len(both) - len(first[0])
    )
    assert both[: len(first[0])] == first[0]
    assert rows(Path("out/words.csv"))[: len(first[1])] == first[1]
    succeed("predict", "run", "new/clip.wav", *HEAR, "--output", "out")
    again = rows(Path("out/scores.csv"))
    assert sorted(map(str, again)) == sorted(map(str, both)), "a recording is there once"


def test_tables_with_other_columns_are_not_replaced(place: Path) -> None:
    Path("out").mkdir()
    Path("out/scores.csv").write_text("recording,id,mood\nold.wav,1,good\n", encoding="utf-8")
    line = refuse(2, "predict", "run", "new/clip.wav", *HEAR, "--output", "out", "--quiet")
    assert "--output out: scores.csv in it is of another run; name another folder" in line
