"""Real files through every layout that holds them: not a word, row or label changes."""

from pathlib import Path

import pytest

from corpora import plain
from mlcl.data.formats import LAYOUTS, read_corpus
from mlcl.data.resplit import resplit
from mlcl.data.video import video_of
from real.test_files import real

WRITE = {layout.name: layout.write for layout in LAYOUTS if layout.write}
HELD = [
    ("mosi/mosi_three_modalities.pkl", "mag"),
    ("mosi/mosi_text_audio.pkl", "folder"),
    ("sarcasm_humor/sarcasm130_hkt.pkl", "hkt"),
    ("sarcasm_humor/sarcasm130_hkt.pkl", "folder"),
    ("sarcasm_humor/humor30_hkt.pkl", "datasets"),
]


@pytest.mark.parametrize(("name", "layout"), HELD)
def test_what_is_written_is_read_back(name: str, layout: str, tmp_path: Path) -> None:
    corpus, write = read_corpus(real(name)), WRITE[layout]
    assert write is not None
    write(corpus, tmp_path / "out")
    back = read_corpus(tmp_path / "out")
    assert back.layout == layout
    assert plain(back) == plain(corpus)


def test_mosi_is_divided_by_its_93_videos() -> None:
    corpus = resplit(read_corpus(real("mosi/mosi_text_audio.pkl")), by="video", shares=(0.7, 0.1, 0.2), seed=1)
    homes = [{video_of(identifier) for identifier in split.ids} for split in corpus.splits.values()]
    assert sum(map(len, homes)) == len(set().union(*homes)) == 93
    sizes = [len(split) / 2199 for split in corpus.splits.values()]
    assert sizes == pytest.approx([0.7, 0.1, 0.2], abs=0.01)
