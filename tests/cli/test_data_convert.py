"""``mlcl data convert`` and ``mlcl data split``: what they write and refuse, and that nothing is half-written."""

import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from command import SMALL, TINY, invoke, refuse, succeed
from corpora import plain
from mlcl.data.formats import LAYOUTS, read_corpus
from mlcl.data.formats.texts import mustard
from mlcl.data.video import video_of
from mlcl.encode.tokenizer import load_tokenizer, word_tokenizer
from originals import csd_folder, write_mustard
from reading import read_with
from writers import mag_data, write_hkt, write_mag, write_pickle
from writers_arrays import mmsa_data

WRITABLE = [layout.name for layout in LAYOUTS if layout.write]


@pytest.mark.parametrize("to", ["mag", "folder", "datasets"])
def test_mag_survives_every_layout_that_holds_it(to: str, workplace: Path) -> None:
    write_mag(workplace / "data.pkl")
    assert succeed("data", "convert", "data.pkl", "out", "--to", to) == "5 train, 2 dev, 3 test: out\n"
    assert read_corpus("out").layout == to
    succeed("data", "convert", "out", "back.pkl", "--to", "mag")
    assert plain(read_corpus("back.pkl")) == plain(read_corpus("data.pkl"))


def test_hkt_survives_the_folder(workplace: Path) -> None:
    write_hkt(workplace / "data.pkl")
    succeed("data", "convert", "data.pkl", "out")
    succeed("data", "convert", "out", "back.pkl", "--to", "hkt")
    assert plain(read_corpus("back.pkl")) == plain(read_corpus("data.pkl"))


def test_a_converted_folder_trains_as_the_file_does(workplace: Path) -> None:
    write_mag(workplace / "data.pkl", sizes={"train": 9, "dev": 5, "test": 5})
    succeed("data", "convert", "data.pkl", "own", "--half")
    for name in ("data.pkl", "own"):
        text = succeed("train", "mosi", "--data", name, *TINY, *SMALL, "--output", f"run-{name}")
        assert f"run folder: run-{name}" in text
    metrics = [(workplace / f"run-{name}" / "metrics.json").read_text() for name in ("data.pkl", "own")]
    assert all(metrics)


def test_columns_of_a_release_become_those_of_another(workplace: Path) -> None:
    write_mag(workplace / "data.pkl", visual=47, acoustic=74)
    succeed("data", "convert", "data.pkl", "out", "--columns", "mfn")
    before, after = read_corpus("data.pkl").splits["dev"].main, read_corpus("out").splits["dev"].main
    np.testing.assert_array_equal(after.rows["acoustic"].values, before.rows["acoustic"].values[:, [1, 3, 6, 25, 60]])
    assert after.rows["visual"].width == 20
    np.testing.assert_array_equal(after.rows["visual"].values[:, -1], before.rows["visual"].values[:, 40])


def test_mmsa_with_words_and_vectors_becomes_mult(workplace: Path) -> None:
    write_pickle(workplace / "data.pkl", mmsa_data())
    to = ("data", "convert", "data.pkl", "out.pkl", "--to", "mult")
    assert "keep one with --label" in refuse(1, *to)
    outcome = invoke(*to, "--label", "M")
    assert (outcome.code, outcome.out) == (0, "5 train, 2 dev, 3 test: out.pkl\n")
    assert "note: data.pkl: the words are left out; the text is the vectors that the file has" in outcome.err
    assert read_corpus("out.pkl").widths() == {"text": 6, "acoustic": 5, "visual": 3}


def test_half_takes_half_the_room(workplace: Path) -> None:
    write_mag(workplace / "data.pkl")
    succeed("data", "convert", "data.pkl", "whole")
    succeed("data", "convert", "data.pkl", "half", "--half")
    sizes = [(workplace / name / "visual.npy").stat().st_size - 128 for name in ("whole", "half")]
    assert sizes[0] == 2 * sizes[1] > 0


def several(workplace: Path) -> None:
    (workplace / "own").mkdir()
    (workplace / "own" / "data.csv").write_text(
        "id,split,text,label_mood,label_arousal,speaker\n"
        + "".join(f"v{n // 2}_{n},train,so good,{n % 3 - 1},{n % 2},s{n % 4}\n" for n in range(24))
    )


def test_one_label_is_kept(workplace: Path) -> None:
    several(workplace)
    for name, task in (("mood", "regression"), ("arousal", "classification")):
        succeed("data", "convert", "own", name, "--label", name)
        before, after = read_corpus("own").splits["train"], read_corpus(name)
        assert after.task == task
        labels = after.splits["train"].labels
        assert labels is not None
        np.testing.assert_array_equal(labels, before.columns[name])
        assert after.splits["train"].columns == {}


@pytest.mark.parametrize("by", ["video", "item"])
def test_split_keeps_groups_whole(by: str, workplace: Path) -> None:
    several(workplace)
    text = succeed("data", "split", "own", "out", "--by", by, "--shares", "0.5,0.25,0.25", "--seed", "3")
    assert text == "12 train, 6 dev, 6 test: out\n"
    corpus = read_corpus("out")
    homes = [{video_of(i) if by == "video" else i for i in part.ids} for part in corpus.splits.values()]
    assert sum(map(len, homes)) == len(set().union(*homes)) == (12 if by == "video" else 24)
    succeed("data", "split", "own", "again", "--by", by, "--shares", "0.5,0.25,0.25", "--seed", "3")
    assert (workplace / "again/data.csv").read_bytes() == (workplace / "out/data.csv").read_bytes()


def test_split_writes_the_layout_of_the_file_or_another(workplace: Path) -> None:
    write_mag(workplace / "data.pkl", sizes={"train": 20, "dev": 5, "test": 5})
    succeed("data", "split", "data.pkl", "out.pkl", "--by", "item")
    succeed("data", "split", "data.pkl", "own", "--by", "item", "--to", "folder")
    assert (read_corpus("out.pkl").layout, read_corpus("own").layout) == ("mag", "folder")
    assert plain(read_corpus("out.pkl")) == plain(read_corpus("own"))
    ids = [identifier for part in pickle.loads(Path("out.pkl").read_bytes()).values() for _, _, identifier in part]
    assert sorted(ids) == sorted(
        item[2] for part in mag_data({"train": 20, "dev": 5, "test": 5}).values() for item in part
    )


def test_text_makes_token_ids_for_mmsa(workplace: Path) -> None:
    write_mag(workplace / "data.pkl")
    words = {word for split in read_corpus("data.pkl").splits.values() for item in split.main.words for word in item}
    word_tokenizer(words).save(workplace / "tokenizer")
    tokenizer = load_tokenizer("tokenizer")
    succeed("data", "convert", "data.pkl", "out.pkl", "--to", "mmsa", "--text", "tokenizer")
    written = pickle.loads(Path("out.pkl").read_bytes())
    for split in written.values():
        assert split["text_bert"].shape[::2] == split["audio"].shape[:2] == split["vision"].shape[:2]
        for (ids, mask, types), text in zip(split["text_bert"], split["raw_text"], strict=True):
            assert ids[mask == 1].tolist() == [tokenizer.cls_id, *tokenizer.encode([text])[0], tokenizer.sep_id]
            assert not types.any()
    succeed("data", "convert", "out.pkl", "back", "--label", "M")
    succeed("data", "convert", "data.pkl", "own")
    for name, split in read_corpus("own").splits.items():
        back = read_corpus("back").splits[name]
        assert (back.ids, back.main.words) == (split.ids, split.main.words)
        for kind, rows in split.main.rows.items():
            np.testing.assert_array_equal(back.main.rows[kind].values, rows.values)


def test_readers_are_told_how_to_read(workplace: Path) -> None:
    csd_folder(workplace / "csd")
    write_mustard(workplace / "mustard")
    succeed("data", "convert", "csd", "mean")
    for name, value in (("collapse", "first"), ("pauses", "keep")):
        succeed("data", "convert", "csd", value, f"--{name}", value)
        assert plain(read_corpus(value)) != plain(read_corpus("mean"))
        assert plain(read_corpus(value)) == plain(read_corpus("csd", options={name: value}))
    assert succeed("data", "convert", "mustard", "fold", "--fold", 1) == "6 train, 2 dev, 2 test: fold\n"
    assert plain(read_corpus("fold")) == plain(read_with(mustard, workplace / "mustard", fold=1))


def test_layouts_are_listed_with_what_can_be_done(workplace: Path) -> None:
    text = succeed("data", "layouts")
    found = json.loads(succeed("data", "layouts", "--json"))
    assert [row["name"] for row in found] == [layout.name for layout in LAYOUTS]
    assert [row["name"] for row in found if row["write"]] == WRITABLE
    assert all(row["name"] in text for row in found)
    assert re.search(r"^mag +x +x +\S", text, re.MULTILINE)
    assert re.search(r"^csd +x +csd: one", text, re.MULTILINE)


REFUSED: dict[str, tuple[list[str], int, str]] = {
    "layout": (
        ["convert", "data.pkl", "out", "--to", "foldre"],
        2,
        "--to foldre: no such layout can be written; did you",
    ),
    "existing": (["convert", "data.pkl", "data.pkl"], 1, "data.pkl: exists already"),
    "lost": (["convert", "data.pkl", "out", "--to", "hkt"], 1, "cannot be written as hkt: it needs acoustic, hcf"),
    "columns": (["convert", "data.pkl", "out", "--columns", "mfm"], 2, "unknown columns 'mfm'; did you mean 'mfn'"),
    "width": (
        ["convert", "data.pkl", "out", "--columns", "facet20"],
        1,
        "keeps 20 of 47 visual columns, and here are 3",
    ),
    "text": (
        ["convert", "data.pkl", "out", "--to", "folder", "--text", "bert"],
        2,
        "--text bert: folder holds words and no token ids; it goes --to mmsa",
    ),
    "option": (
        ["convert", "data.pkl", "out", "--collapse", "first"],
        2,
        "data.pkl: option collapse goes with csd, not with mag; leave it out",
    ),
    "fold": (["convert", "own", "out", "--fold", "0"], 2, "own: option fold goes with mustard, not with folder"),
    "label": (
        ["convert", "data.pkl", "out", "--label", "M"],
        2,
        "unknown label 'M'; it has one label without a name",
    ),
    "other label": (["convert", "own", "out", "--label", "mod"], 2, "unknown label 'mod'; did you mean 'mood'"),
    "no file": (["convert", "nothing.pkl", "out"], 1, "nothing.pkl: does not exist"),
    "by": (["split", "data.pkl", "out", "--by", "vidoe"], 2, "unknown grouping 'vidoe'; did you mean 'video'"),
    "speaker": (["split", "data.pkl", "out", "--by", "speaker"], 1, "name no speaker"),
    "few": (["split", "data.pkl", "out", "--by", "item", "--shares", "1"], 2, "1 shares: give one each for train"),
    "sum": (["split", "data.pkl", "out", "--by", "item", "--shares", "1,1,1"], 2, "must be positive and sum to 1"),
    "numbers": (["split", "data.pkl", "out", "--by", "item", "--shares", "a,b,c"], 2, "--shares a,b,c: give numbers"),
    "groups": (["split", "two.pkl", "out", "--by", "item"], 2, "2 items in 2 groups cannot be divided into 3 parts"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_writes_nothing(case: str, workplace: Path) -> None:
    write_mag(workplace / "data.pkl")
    write_pickle(workplace / "two.pkl", mag_data({"train": 2}))
    several(workplace)
    arguments, code, message = REFUSED[case]
    assert message in refuse(code, "data", *arguments)


def test_every_layout_that_can_be_written_is_offered(workplace: Path) -> None:
    message = refuse(2, "data", "convert", "x", "out", "--to", "nothing")
    assert all(name in message for name in WRITABLE)
