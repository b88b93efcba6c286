"""Text encoders of many architectures through the command line, on single texts and on context and punchline."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from command import refuse, settings, succeed
from encoders import write_encoder
from writers import VOCABULARY, hkt_data, mag_data, write_pickle

SIZES = {"train": 9, "dev": 5, "test": 4}
KINDS = ["gpt2", "xlnet", "roberta", "t5", "fnet", "bert"]
FORMS = ["single", pytest.param("pair", id="with context")]
EASY = settings(train__epochs=1, train__batch_size=4, data__max_length=24)
KEPT = {"float16": torch.float16, "float32": torch.float32}


def data(form: str) -> dict[str, list[Any]]:
    return mag_data(SIZES) if form == "single" else hkt_data(SIZES)


def predicted(run: str, file: str) -> list[float]:
    succeed("predict", run, "--data", file, "--split", "test", "--output", "found.csv")
    with Path("found.csv").open(encoding="utf-8") as table:
        return [float(row.get("probability") or row["prediction"]) for row in csv.DictReader(table)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_an_item_has_one_prediction_alone_and_in_company(kind: str, form: str, workplace: Path) -> None:
    items = data(form)
    write_pickle(workplace / "all.pkl", items)
    write_encoder(workplace / "encoder", kind, VOCABULARY, dtype=KEPT["float16" if kind == "bert" else "float32"])
    recipe = "mosi" if form == "single" else "mustard"
    model = ("--model", "text", "--text-encoder", "encoder")
    succeed("train", recipe, *model, "--data", "all.pkl", *EASY, "--output", "run")
    together = predicted("run", "all.pkl")
    for number, item in enumerate(items["test"]):
        write_pickle(workplace / "one.pkl", {"test": [item]})
        assert predicted("run", "one.pkl") == pytest.approx([together[number]], abs=1e-5)
    assert len({round(value, 4) for value in together}) > 1


@pytest.mark.parametrize("kind", ["xlnet", "roberta", "fnet"])
def test_mag_trains_on_every_encoder_whose_first_states_can_be_reached(kind: str, workplace: Path) -> None:
    write_pickle(workplace / "all.pkl", data("single"))
    write_encoder(workplace / "encoder", kind, VOCABULARY)
    succeed("train", "mosi", "--model", "mag", "--data", "all.pkl", "--text-encoder", "encoder", *EASY)


@pytest.mark.parametrize(("kind", "most"), [("roberta", 38), ("bert", 40)])
def test_the_longest_text_is_that_of_the_encoder(kind: str, most: int, workplace: Path) -> None:
    """RoBERTa's positions begin behind that of its padding."""
    items = mag_data(SIZES)
    (words, visual, acoustic), label, name = items["train"][0]
    items["train"][0] = ((words * 50, visual.repeat(50, 0), acoustic.repeat(50, 0)), label, name)
    write_pickle(workplace / "all.pkl", items)
    write_encoder(workplace / "encoder", kind, VOCABULARY)
    train = ("train", "mosi", "--model", "text", "--data", "all.pkl", "--text-encoder", "encoder", *EASY)
    message = refuse(2, *train, *settings(data__max_length=most + 1))
    assert message.endswith(f"the text encoder has {most} positions; use --set data.max_length={most}")
    succeed(*train, *settings(data__max_length=most))


@pytest.mark.parametrize(
    ("model", "option", "step"), [("mlcl", "text_pooling", "model.text_pooling=mean"), ("hkt", "", "family of BERT")]
)
def test_a_first_token_that_sees_no_other_does_not_stand_for_the_text(
    model: str, option: str, step: str, workplace: Path
) -> None:
    write_pickle(workplace / "all.pkl", data("single"))
    write_encoder(workplace / "encoder", "gpt2", VOCABULARY)
    changes = settings(**{f"model__{option}": "cls"}) if option else []
    train = ("train", "mosi", "--model", model, "--data", "all.pkl", "--text-encoder", "encoder", *EASY, *changes)
    message = refuse(2, *train)
    assert "in a gpt2 it sees no other token" in message
    assert step in message


def test_capitals_reach_a_tokenizer_that_knows_them(workplace: Path) -> None:
    items = mag_data(SIZES)
    for word in ("good", "GOOD"):
        (_, visual, acoustic), label, name = items["test"][0]
        items["test"].append((([word], visual[:1], acoustic[:1]), label, name))
    write_pickle(workplace / "all.pkl", items)
    write_encoder(workplace / "encoder", "bert", [*VOCABULARY, "GOOD"])
    train = ("train", "mosi", "--model", "text", "--data", "all.pkl", "--text-encoder", "encoder", *EASY)
    succeed(*train, "--output", "cased")
    succeed(*train, "--output", "lowered", *settings(data__lower_case=True))
    assert len(set(predicted("cased", "all.pkl")[-2:])) == 2
    assert len(set(predicted("lowered", "all.pkl")[-2:])) == 1


def test_a_run_folder_with_code_is_refused_and_the_code_not_run(workplace: Path) -> None:
    write_pickle(workplace / "all.pkl", data("single"))
    write_encoder(workplace / "encoder", "bert", VOCABULARY)
    model = ("--model", "text", "--text-encoder", "encoder")
    succeed("train", "mosi", *model, "--data", "all.pkl", *EASY, "--output", "run")
    path = Path("run/processor/tokenizer_config.json")
    code = {"auto_map": {"AutoTokenizer": ["code.X", "code.X"]}, "tokenizer_class": "X"}
    path.write_text(json.dumps(json.loads(path.read_text()) | code))
    Path("run/digests.json").unlink()  # as a stranger would
    Path("run/processor/code.py").write_text("open('trace', 'w').write('x')\n")
    message = refuse(1, "predict", "run", "--data", "all.pkl", "--output", "found.csv")
    assert "comes with code of its own" in message
    assert "never run" in message
    assert not Path("trace").exists()
