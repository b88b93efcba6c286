"""``mlcl extract``: a folder of recordings becomes a data set, once, in parts, and again after anything."""

import csv
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from at_once import AtOnce
from command import files, invoke, refuse, succeed
from mlcl.data.source import read_corpus
from mlcl.media.specification import FeatureSpecification
from spoken_recordings import WORDS, write_labelled, write_spoken

FAST = ["--visual", "none", "--recogniser", "none"]
MADE = {"acoustic.npy", "acoustic.offsets.npy", "data.csv", "data.yaml", "features.yaml", "recordings"}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source") / "rec"
    write_labelled(folder, 4)
    return folder


@pytest.fixture
def rec(workplace: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four recordings with transcripts, and labels, in the working directory."""
    shutil.copytree(source, workplace / "rec")
    monkeypatch.setattr("mlcl.media.extract_folder.Worker", AtOnce)
    monkeypatch.setattr(AtOnce, "done", [])
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)  # it takes half a second to start
    return Path("rec")


def extract(*arguments: object) -> str:
    return succeed("extract", *arguments, *FAST)


def done() -> list[str]:
    """What was extracted since this was asked last."""
    found = sorted(AtOnce.done)
    AtOnce.done.clear()
    return found


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def stamps(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in (folder / "recordings").iterdir()}


NAMES = [f"talk{number:02d}.wav" for number in range(4)]


def test_a_folder_becomes_a_data_set_with_labels(rec: Path) -> None:
    said = extract(rec, "--labels", rec / "labels.csv", "--output", "data")
    assert said == "2 train, 1 dev, 1 test: data\n"
    assert {entry.name for entry in Path("data").iterdir()} == MADE
    table = rows(Path("data/data.csv"))
    assert [row["id"] for row in table] == ["talk00", "talk01", "talk02", "talk03"]
    labels = {row["file"]: row for row in rows(rec / "labels.csv")}
    for row in table:
        assert row["label"] == str(float(labels[f"{row['id']}.wav"]["label"]))
        assert row["split"] == labels[f"{row['id']}.wav"]["split"]
    corpus = read_corpus("data")
    assert corpus.word_aligned
    assert corpus.features == FeatureSpecification.read(Path("data/features.yaml"))
    for split in corpus.splits.values():
        rows_of = split.main.rows["acoustic"]
        assert rows_of.lengths.tolist() == [len(words) for words in split.main.words]
        assert np.asarray(rows_of.values).any(axis=1).all(), "every word has a tone"


def test_words_of_one_tone_have_rows_of_their_own(rec: Path) -> None:
    """The positive control: which word it was can be told from its row, and no longer when rows are one word off."""
    extract(rec, "--output", "data")
    split = read_corpus("data").splits["train"]
    words = [word for item in split.main.words for word in item]
    values = np.asarray(split.main.rows["acoustic"].values)
    heard = values[:, :40].argmax(axis=1)

    def told(pairs: list[tuple[str, int]]) -> float:
        """Share of the words whose loudest band grows with their pitch, over all pairs of different words."""
        right = [(WORDS.index(a) < WORDS.index(b)) == (x < y) for a, x in pairs for b, y in pairs if a != b and x != y]
        return float(np.mean(right))

    assert told(list(zip(words, heard, strict=True))) > 0.95
    assert told(list(zip(words[1:], heard[:-1], strict=True))) < 0.8


def test_sentences_of_a_long_recording_are_items(rec: Path) -> None:
    write_spoken(Path("long.wav"), WORDS)
    extract("long.wav", "--most-words", 3, "--output", "data", "--context", 1)
    table = rows(Path("data/data.csv"))
    assert len(table) >= 3
    assert [row["id"] for row in table] == [f"long_{number}" for number in range(1, len(table) + 1)]
    context = read_corpus("data").splits["train"].context
    assert context is not None
    said = [" ".join(words) for words in context.words]
    assert said == ["", *(row["text"] for row in table[:-1])]


def test_streams_keep_their_own_clock(rec: Path) -> None:
    extract(rec, "--align", "stream", "--output", "data")
    corpus = read_corpus("data")
    assert not corpus.word_aligned
    split = corpus.splits["train"]
    assert all(split.main.rows["acoustic"].lengths > [5 * len(words) for words in split.main.words])


def test_the_same_command_again_does_nothing_twice(rec: Path) -> None:
    extract(rec, "--output", "data")
    assert done() == NAMES
    before, content = stamps(Path("data")), files(Path("data"))
    extract(rec, "--output", "data")
    assert done() == []
    assert stamps(Path("data")) == before
    assert files(Path("data")) == content


def test_the_order_of_the_files_and_the_way_they_are_named_change_nothing(rec: Path) -> None:
    extract(rec, "--output", "one")
    extract(*[rec.resolve() / name for name in reversed(NAMES)], "--output", Path("two").resolve())
    first, second = files(Path("one")), files(Path("two"))
    assert {name for name in first if name.startswith("recordings/")} == {n for n in second if "recordings/" in n}
    assert all(second[name] == first[name] for name in first if name.startswith("recordings/"))


def test_a_recording_or_transcript_that_has_changed_is_extracted_again(rec: Path) -> None:
    extract(rec, "--output", "data")
    done()
    write_spoken(rec / "talk01.wav", ["again", "nobody"], transcript=False)
    (rec / "talk02.srt").write_text("1\n00:00:00,200 --> 00:00:00,600\nother\n", encoding="utf-8")
    extract(rec, "--output", "data")
    assert done() == ["talk01.wav", "talk02.wav"]
    assert [row["text"] for row in rows(Path("data/data.csv")) if row["id"].startswith("talk02")] == ["other"]


def test_a_recording_that_is_new_is_added_and_one_that_is_gone_left_out(rec: Path) -> None:
    extract(rec, "--output", "data")
    done()
    write_spoken(rec / "new.wav", ["well"])
    (rec / "talk00.wav").unlink()
    extract(rec, "--output", "data")
    assert done() == ["new.wav"]
    ids = {row["id"].split("_")[0] for row in rows(Path("data/data.csv"))}
    assert ids == {"new", "talk01", "talk02", "talk03"}


def test_another_number_of_sentences_before_extracts_nothing_again(rec: Path) -> None:
    extract(rec, "--output", "data", "--most-words", 2)
    done()
    extract(rec, "--output", "data", "--most-words", 2, "--context", 2)
    assert done() == []
    assert read_corpus("data").splits["train"].context is not None
    assert FeatureSpecification.read(Path("data/features.yaml")).sentences.context == 2


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (["--pause", "0.4"], r"sentences.pause was 0.8, is 0.4"),
        (["--align", "stream"], r"align was words, is stream"),
        (["--acoustic", "none"], r"acoustic was logmel, is none"),
        (["--most-words", "9"], r"sentences.most_words was 50, is 9"),
    ],
)
def test_other_settings_are_refused_by_name_and_change_nothing(rec: Path, changed: list[str], named: str) -> None:
    extract(rec, "--output", "data")
    line = refuse(2, "extract", rec, "--output", "data", *FAST, *changed)
    assert line == (
        f"--output data: its features were made otherwise ({named}); name another folder, or give the same options"
    )


def test_half_precision_halves_what_is_kept_and_the_data_set(rec: Path) -> None:
    extract(rec, "--output", "whole")
    extract(rec, "--output", "half", "--half")
    sizes = {name: sum(f.stat().st_size for f in Path(name, "recordings").iterdir()) for name in ("whole", "half")}
    assert sizes["half"] < 0.8 * sizes["whole"]
    whole, half = np.load("whole/acoustic.npy"), np.load("half/acoustic.npy")
    assert (whole.dtype, half.dtype) == (np.float32, np.float16)
    assert np.allclose(whole, half, rtol=1e-2, atol=1e-2)
    done()
    extract(rec, "--output", "half")
    assert done() == NAMES, "rows that were rounded are not taken for whole ones"


def test_what_fails_is_a_row_and_costs_nothing_else(rec: Path) -> None:
    extract(rec, "--output", "good")
    (rec / "empty.wav").touch()
    (rec / "text.mp4").write_text("hello")
    done()
    outcome = invoke("extract", rec, "--output", "data", *FAST)
    assert outcome.code == 0
    assert outcome.out.splitlines()[-1] == ("2 of 6 recordings failed, see data/failures.csv; --retry tries them again")
    failed = {row["recording"]: row["reason"] for row in rows(Path("data/failures.csv"))}
    assert set(failed) == {"empty.wav", "text.mp4"}
    for reason in failed.values():
        assert f"failed: {reason}\n" in outcome.err
    for name in ("data.csv", "acoustic.npy"):
        assert Path("data", name).read_bytes() == Path("good", name).read_bytes()


def test_failures_are_left_alone_until_retry_or_another_file(rec: Path) -> None:
    (rec / "empty.wav").touch()
    (rec / "text.mp4").write_text("hello")
    extract(rec, "--output", "data")
    done()
    extract(rec, "--output", "data")
    assert done() == []
    assert len(rows(Path("data/failures.csv"))) == 2
    extract(rec, "--output", "data", "--retry")
    assert done() == ["empty.wav", "text.mp4"]
    write_spoken(rec / "empty.wav", ["well"])
    extract(rec, "--output", "data")
    assert done() == ["empty.wav"], "it is another file now"
    assert [row["recording"] for row in rows(Path("data/failures.csv"))] == ["text.mp4"]
    (rec / "text.mp4").unlink()
    extract(rec, "--output", "data")
    assert not Path("data/failures.csv").exists()


def test_parts_and_their_join_are_the_whole(rec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (rec / "empty.wav").touch()
    monkeypatch.setattr("sys.argv", ["/bin/mlcl", "extract", "rec", "--shard", "1/2", "--output", "a b"])
    extract(rec, "--output", "whole")
    done()
    first = extract(rec, "--output", "parts", "--shard", "1/2")
    assert first == (
        "2 of 3 recordings of part 1/2: parts\nwhen all parts are done, join them: mlcl extract rec --output 'a b'\n"
    )
    half = done()
    assert not Path("parts/data.csv").exists()
    extract(rec, "--output", "parts", "--shard", "2/2")
    assert sorted(half + done()) == sorted(["empty.wav", *NAMES])
    extract(rec, "--output", "parts")
    assert done() == []
    assert files(Path("parts")) == files(Path("whole"))


def test_parts_may_begin_at_the_same_moment(rec: Path) -> None:
    """Another process has made the folder, and its description is on its way."""
    Path("parts").mkdir()
    Path("parts/.features.yaml.node7.1234").write_text("format")
    extract(rec, "--output", "parts", "--shard", "1/2")


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2", "1/2/3"])
def test_a_part_that_is_none_is_refused(rec: Path, shard: str) -> None:
    line = refuse(2, "extract", rec, "--output", "data", *FAST, f"--shard={shard}")
    assert line == f"--shard {shard}: give the part and how many there are, as in 2/8"


def test_the_output_may_lie_inside_of_the_input(rec: Path) -> None:
    extract(rec, "--output", rec / "data")
    content = files(rec / "data")
    done()
    outcome = invoke("extract", rec, "--output", rec / "data", *FAST, "--labels", rec / "labels.csv")
    assert "are no recordings" not in outcome.err
    assert "is no recording" not in outcome.err
    assert done() == NAMES, "items of the table are other items"
    assert outcome.code == 0
    extract(rec, "--output", rec / "data")
    assert files(rec / "data") == content


def test_odd_names_go_through(rec: Path) -> None:
    names = ["-dash.wav", "grüße 😀.wav", "a b.wav", "語" * 70 + ".wav", "=1+1.wav", "sub/ a.wav"]
    for name in names:
        write_spoken(Path("odd", name), ["well", "that"])
    write_spoken(Path("-x.wav"), ["well"])
    extract("odd", "--output", "data")
    ids = [row["id"] for row in rows(Path("data/data.csv"))]
    assert len(set(ids)) == len(names)
    read_corpus("data")
    succeed("extract", "--output", "data2", *FAST, "--", "-x.wav")


def test_one_at_a_time_works_on_a_folder(rec: Path) -> None:
    from mlcl.lock import alone_in

    extract(rec, "--output", "data")
    with alone_in(Path("data"), "is extracting into"):
        line = refuse(1, "extract", rec, "--output", "data", *FAST)
    assert line == "data: another process is extracting into it; wait for it, or stop it"


def labels(text: str) -> Path:
    Path("labels.csv").write_text(text, encoding="utf-8")
    return Path("labels.csv")


def test_stretches_of_one_recording_are_items_and_others_are_left_out_aloud(rec: Path) -> None:
    table = labels("file,label,start,end\ntalk02,1,0,1.1\ntalk02,2,1.1,3\n")
    outcome = invoke("extract", rec, "--labels", table, "--output", "data", *FAST)
    assert "note: 3 of 4 recordings are not in the table of labels, and left out\n" in outcome.err
    assert [(row["id"], row["label"]) for row in rows(Path("data/data.csv"))] == [
        ("talk02_1", "1.0"),
        ("talk02_2", "2.0"),
    ]
    assert done() == ["talk02.wav"]


WRONG_LABELS = {
    "file,label\nother,1\n": "labels.csv, row 2: names 'other', which is not among the recordings",
    "file,label\ntalk00,1\ntalk00,2\n": "labels.csv, row 3: names the item 'talk00' again",
    "file,label,split\ntalk00,1,train\ntalk01,1,valley\n": "labels.csv, row 3",
    "file,label\ntalk00,1\ntalk01,inf\n": "labels.csv, row 3",
}


@pytest.mark.parametrize("text", WRONG_LABELS)
def test_wrong_labels_are_one_line_before_any_recording_is_read(rec: Path, text: str) -> None:
    assert refuse(1, "extract", rec, "--labels", labels(text), "--output", "data", *FAST).startswith(WRONG_LABELS[text])
    assert done() == []


def test_a_stretch_after_the_end_costs_its_recording_only(rec: Path) -> None:
    table = labels("file,label,start,end\ntalk00,1,99,100\ntalk01,2,,\n")
    outcome = invoke("extract", rec, "--labels", table, "--output", "data", *FAST)
    assert outcome.code == 0, outcome.err
    (failed,) = rows(Path("data/failures.csv"))
    assert "talk00" in failed["reason"]
    assert "begins at 99 s" in failed["reason"]


REFUSED = {
    "missing": (1, ["absent.mp4"], "absent.mp4: there is no such file or folder; check the path"),
    "no recordings": (2, ["empty"], "empty: no recording in it; known suffixes are .3gp"),
    "one name twice": (2, ["rec/talk00.wav", "sub/talk00.wav"], "rec/talk00.wav and sub/talk00.wav have one name"),
    "one transcript": (2, ["rec", "--transcript", "rec/talk00.srt"], "--transcript rec/talk00.srt: here are 4 rec"),
    "no labels": (1, ["rec", "--labels", "gone.csv"], "gone.csv"),
    "no set": (2, ["rec", "--acoustic", "lgmel"], "lgmel"),
    "other kind": (2, ["rec", "--acoustic", "face"], "--acoustic face: this set is visual; allowed: "),
    "no processes": (2, ["rec", "--processes", "0"], "--processes 0: must be at least 1"),
    "no patience": (2, ["rec", "--patience", "0"], "--patience 0.0: must be at least 1 second"),
    "no pause": (2, ["rec", "--pause", "0"], "--pause 0.0: should be greater than 0"),
    "pause that is none": (2, ["rec", "--pause", "nan"], "--pause nan: "),
    "many words": (2, ["rec", "--most-words", "100000"], "--most-words 100000: should be less than or equal to 1000"),
    "context": (2, ["rec", "--context", "-1"], "--context -1: should be greater than or equal to 0"),
    "in the way": (1, ["rec", "--output", "full"], "full: exists and is no folder of mlcl extract; name another"),
    "a file": (1, ["rec", "--output", "file"], "file: exists and is no folder of mlcl extract; name another"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_one_line_and_nothing_written(rec: Path, name: str) -> None:
    Path("empty").mkdir()
    Path("full").mkdir()
    Path("full/mine.txt").touch()
    Path("file").touch()
    Path("sub").mkdir()
    Path("sub/talk00.wav").touch()
    code, arguments, message = REFUSED[name]
    output = [] if "--output" in arguments else ["--output", "data"]
    assert message in refuse(code, "extract", *arguments, *output, "--visual", "none", "--recogniser", "none")


def picture(path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (64, 48)).save(path)


def other_transcript(path: Path) -> None:
    write_spoken(path, ["well", "that"])
    path.with_suffix(".srt").write_text("1\n00:10:00,000 --> 00:10:02,000\nsomething else\n", encoding="utf-8")


def broken_transcript(path: Path) -> None:
    write_spoken(path, ["well", "that"])
    path.with_suffix(".srt").write_bytes(b"\x00\x01\x02")


BAD = {
    "empty.wav": (lambda path: path.touch(), "is empty; get it again"),
    "text.mp4": (lambda path: path.write_text("hello"), "is not a recording"),
    "other.wav": (other_transcript, "give the transcript of this recording"),
    "broken.wav": (broken_transcript, "broken.srt"),
    "pipe.wav": (os.mkfifo, "is not a regular file"),
}


@pytest.mark.parametrize("name", BAD)
def test_one_bad_recording_is_one_line(rec: Path, name: str) -> None:
    make, message = BAD[name]
    make(Path(name))
    outcome = invoke("extract", name, "--output", "data", *FAST)
    assert outcome.code == 1
    assert outcome.out == ""
    lines = [line for line in outcome.err.splitlines() if not line.startswith("note: ")]
    assert len(lines) == 1, lines
    assert lines[0].startswith("mlcl: ")
    assert message in lines[0]
    assert not Path("data/data.csv").exists()
    assert not list(Path("data").rglob("*.safetensors*"))


def test_a_tiny_recording_and_a_very_long_word_are_recordings_and_words(rec: Path) -> None:
    write_spoken(Path("bits", "short.wav"), ["well"], transcript=False)
    os.truncate("bits/short.wav", 44 + 3200)
    write_spoken(Path("bits", "word.wav"), ["well", "that"], transcript=False)
    Path("bits/word.txt").write_text("x" * 5000 + " end", encoding="utf-8")
    extract("bits", "--output", "data")
    assert [len(row["text"]) for row in rows(Path("data/data.csv"))] == [0, 5004]


def test_formulas_do_nothing_in_a_spreadsheet(rec: Path) -> None:
    for name in ("=cmd.wav", "@a.wav"):
        Path("odd").mkdir(exist_ok=True)
        Path("odd", name).touch()
    write_spoken(Path("odd/good.wav"), ["well"])
    extract("odd", "--output", "data")
    assert all(row["recording"].startswith("'") for row in rows(Path("data/failures.csv")))


def test_transcripts_of_windows_are_read_and_noted(rec: Path) -> None:
    (rec / "talk00.srt").write_bytes("1\r\n00:00:00,200 --> 00:00:01,000\r\nmüde\r\n".encode("cp1252"))
    outcome = invoke("extract", rec / "talk00.wav", "--output", "data", *FAST)
    assert "note: talk00.wav: " in outcome.err
    assert rows(Path("data/data.csv"))[0]["text"] == "müde"


def test_quiet_says_what_failed_only(rec: Path) -> None:
    (rec / "empty.wav").touch()
    (rec / "notes.docx").touch()
    outcome = invoke("extract", rec, "--output", "data", *FAST, "--quiet")
    assert outcome.err == "failed: rec/empty.wav: is empty; get it again\n"


def test_words_without_any_features_are_a_data_set_of_texts(rec: Path) -> None:
    extract(rec, "--output", "data", "--acoustic", "none")
    assert read_corpus("data").widths() == {}


def test_a_missing_weight_is_one_line_before_the_folder_is_made(rec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLCL_CACHE", str(Path("nowhere").resolve()))
    line = refuse(2, "extract", rec, "--output", "data", "--recogniser", "none")
    assert "mlcl features fetch face" in line


def test_the_description_says_nothing_of_this_machine(rec: Path) -> None:
    extract(rec, "--output", "data")
    for name, content in files(Path("data")).items():
        if content is not None:
            assert str(Path.cwd()).encode() not in content, name
    json.dumps(FeatureSpecification.read(Path("data/features.yaml")).model_dump(mode="json"))
