"""``mlcl train``: progress, names of runs, and files that are unusual but right."""

import json
import re
import shutil
from pathlib import Path

import pytest
from transformers import BertModel

from command import SIZES, SMALL, TINY, files, invoke, settings, succeed
from mlcl.encode.build import tiny_config
from mlcl.encode.tokenizer import word_tokenizer
from writers import VOCABULARY, write_hkt, write_mag


def test_progress_in_a_pipe_is_one_plain_line_per_epoch(workplace: Path) -> None:
    write_mag(workplace / "mag.pkl", sizes=SIZES)
    loud = invoke("train", "mosi", "--data", "mag.pkl", *TINY, *SMALL)
    lines = loud.err.splitlines()
    assert [line.split()[:2] for line in lines] == [["epoch", "1/2"], ["epoch", "2/2"]]
    assert all(re.search(r"loss \d+\.\d+ task \d+\.\d+ umcl .* left$", line) for line in lines)
    assert invoke("train", "mosi", "--data", "mag.pkl", *TINY, *SMALL, "--quiet").err == ""


def test_each_run_gets_a_free_name_and_its_own_seed_in_it(workplace: Path) -> None:
    write_mag(workplace / "mag.pkl", sizes=SIZES)
    for seed in ("5576", "5576", "7", "5576"):
        succeed("train", "mosi", "--data", "mag.pkl", *TINY, *SMALL, "--seed", seed, *settings(train__epochs=1))
    names = ["mosi-default-5576", "mosi-default-5576-2", "mosi-default-5576-3", "mosi-default-7"]
    assert sorted(path.name for path in Path("runs").iterdir()) == names


def test_output_may_be_an_empty_folder_but_never_one_with_files(workplace: Path) -> None:
    write_mag(workplace / "mag.pkl", sizes=SIZES)
    Path("mine").mkdir()
    succeed("train", "mosi", "--data", "mag.pkl", *TINY, *SMALL, "--output", "mine")
    before = files(workplace)
    outcome = invoke("train", "mosi", "--data", "mag.pkl", *TINY, *SMALL, "--output", "mine")
    assert (outcome.code, outcome.err.count("\n")) == (1, 1)
    assert "mine exists and is not empty" in outcome.err
    assert "--resume mine" in outcome.err
    assert files(workplace) == before


@pytest.mark.parametrize("recipe", ["mosi", "mustard"])
def test_splits_of_one_item_work_and_an_undefined_metric_is_null(workplace: Path, recipe: str) -> None:
    write = write_mag if recipe == "mosi" else write_hkt
    write(workplace / "one.pkl", sizes={"train": 5, "dev": 1, "test": 1})
    out = succeed("train", recipe, "--data", "one.pkl", *TINY, *SMALL, "--output", "run")
    metrics = json.loads(Path("run/metrics.json").read_text(encoding="utf-8"))
    undefined = "corr" if recipe == "mosi" else "auroc"
    assert [metrics[split][undefined] for split in ("dev", "test")] == [None, None]
    assert "n/a" in out
    assert "nan" not in out.lower()


def test_a_file_without_test_split_trains_and_reports_dev(workplace: Path) -> None:
    write_mag(workplace / "two.pkl", sizes={"train": 5, "valid": 3})
    succeed("train", "mosi", "--data", "two.pkl", *TINY, *SMALL, "--output", "run")
    assert set(json.loads(Path("run/metrics.json").read_text(encoding="utf-8"))) == {"dev"}


def test_a_text_encoder_folder_is_named_in_config_only(workplace: Path) -> None:
    """config.yaml keeps what the user typed; the files that are shared with others do not say where it was."""
    write_mag(workplace / "mag.pkl", sizes=SIZES)
    folder = workplace / "my-encoder"
    tokenizer = word_tokenizer(VOCABULARY)
    BertModel(tiny_config(tokenizer.vocabulary_size)).save_pretrained(folder)
    tokenizer.save(folder)
    succeed("train", "mosi", "--data", "mag.pkl", "--text-encoder", folder, *SMALL, "--output", "run")
    naming = {name for name, data in files(Path("run")).items() if data and str(workplace).encode() in data}
    assert naming == {"config.yaml"}
    shutil.rmtree(folder)  # the run carries its own tokenizer and weights
    assert json.loads(succeed("evaluate", "run", "--json"))["test"]
