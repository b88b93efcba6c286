"""Text encoders that are missing, incomplete or damaged: exit 1, one line that names the encoder, nothing written."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from transformers import BertModel

from command import SIZES, SMALL, files, invoke, refuse, settings, succeed
from mlcl.encode.build import tiny_config
from mlcl.encode.tokenizer import word_tokenizer
from writers import VOCABULARY, write_mag

TRAIN = ["train", "mosi", "--data", "mag.pkl", *SMALL, *settings(train__epochs=1)]
WEIGHTS, CONFIG, TOKENIZER, VOCAB = "model.safetensors", "config.json", "tokenizer.json", "vocab.txt"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete text encoder, as `save_pretrained` writes it."""
    folder = tmp_path_factory.mktemp("encoder")
    tokenizer = word_tokenizer(VOCABULARY)
    BertModel(tiny_config(tokenizer.vocabulary_size)).save_pretrained(folder)
    tokenizer.save(folder)
    return folder


@pytest.fixture
def encoder(whole: Path, workplace: Path) -> Path:
    """A copy of it in the working directory, beside a data file."""
    write_mag(workplace / "mag.pkl", sizes=SIZES)
    return Path(shutil.copytree(whole, workplace / "encoder"))


def _lose(*names: str) -> Callable[[Path], object]:
    return lambda folder: [(folder / name).unlink() for name in names]


def _write(name: str, content: str | bytes) -> Callable[[Path], object]:
    data = content if isinstance(content, bytes) else content.encode()
    return lambda folder: (folder / name).write_bytes(data)


def _change_config(**values: object) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        kept = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        (folder / CONFIG).write_text(json.dumps({**kept, **values}), encoding="utf-8")

    return change


def _truncate(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:5000])


def _lose_a_layer(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    kept = {name: value for name, value in weights.items() if "layer.1." not in name}
    save_file(kept, folder / WEIGHTS, metadata={"format": "pt"})


def _other_vocabulary(folder: Path) -> None:
    for name in (TOKENIZER, "tokenizer_config.json"):
        (folder / name).unlink()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"w{number}" for number in range(99)), "the", "movie"]
    (folder / VOCAB).write_text("\n".join(words), encoding="utf-8")


# what is done to the folder; what the message must contain beside the folder's name
CASES: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "no weights": (_lose(WEIGHTS), [WEIGHTS, "pytorch_model.bin"]),
    "no config.json": (_lose(CONFIG), [CONFIG]),
    "no tokenizer": (_lose(TOKENIZER, "tokenizer_config.json"), ["tokenizer"]),
    "nothing": (_lose(WEIGHTS, CONFIG, TOKENIZER, "tokenizer_config.json"), [CONFIG]),
    "empty weights": (_write(WEIGHTS, b""), [WEIGHTS]),
    "truncated weights": (_truncate(WEIGHTS), [WEIGHTS]),
    "git-lfs pointer for weights": (_write(WEIGHTS, "version https://git-lfs.github.com/spec/v1\n"), [WEIGHTS]),
    "weights without a layer": (_lose_a_layer, ["encoder.layer.1.", "no value"]),
    "weights of another size": (_change_config(hidden_size=32), [CONFIG]),
    "config.json that is no JSON": (_write(CONFIG, "junk"), [CONFIG]),
    "config.json without a model type": (_write(CONFIG, "{}"), ["model_type"]),
    "config.json of an unknown model": (_write(CONFIG, '{"model_type": "xyz"}'), ["xyz"]),
    "tokenizer.json that is no JSON": (_write(TOKENIZER, "junk"), ["tokenizer"]),
    "tokenizer.json that is empty JSON": (_write(TOKENIZER, "{}"), ["tokenizer"]),
    "vocabulary beyond the weights": (_other_vocabulary, ["tokenizer"]),
}


@pytest.mark.parametrize("name", CASES)
def test_training_refuses_the_folder(encoder: Path, name: str) -> None:
    spoil, parts = CASES[name]
    spoil(encoder)
    message = refuse(1, *TRAIN, "--text-encoder", "encoder")
    assert [part for part in ("encoder", *parts) if part not in message] == []


@pytest.mark.parametrize("content", ["", "good\nbad\n"], ids=["empty", "no [UNK]"])
def test_a_vocabulary_that_is_none_is_refused(encoder: Path, content: str) -> None:
    for name in (TOKENIZER, "tokenizer_config.json"):
        (encoder / name).unlink()
    (encoder / VOCAB).write_text(content, encoding="utf-8")
    message = refuse(1, *TRAIN, "--text-encoder", "encoder")
    assert [part for part in ("encoder", VOCAB) if part not in message] == []


@pytest.mark.parametrize(
    "name", ["no-such-encoder", "someone/no-such-encoder", "no/such/folder", "./folder", "mag.pkl"]
)
def test_a_name_that_is_neither_folder_nor_known_to_the_hub(encoder: Path, name: str) -> None:
    message = refuse(1, *TRAIN, "--text-encoder", name)
    assert repr(name) in message
    assert "no folder" in message
    assert "--text-encoder FOLDER" in message


def test_without_a_text_encoder_the_message_says_what_was_looked_for(encoder: Path) -> None:
    message = refuse(1, *TRAIN, *settings(text_encoder="no-such-encoder"))
    assert "no-such-encoder" in message
    shutil.move(encoder, "BERT_EN")
    succeed(*TRAIN)  # the folder that people who come from the release have


def test_the_whole_folder_trains_in_silence_and_so_does_one_with_vocab_txt_alone(encoder: Path) -> None:
    """Control; transformers' own log must stay quiet about keys that an encoder does not need."""
    assert invoke(*TRAIN, "--text-encoder", "encoder", "--quiet").err == ""
    tokenizer = word_tokenizer(VOCABULARY)
    words = sorted(tokenizer.pretrained.get_vocab().items(), key=lambda pair: pair[1])
    _lose(TOKENIZER, "tokenizer_config.json")(encoder)
    (encoder / VOCAB).write_text("\n".join(word for word, _ in words), encoding="utf-8")
    succeed(*TRAIN, "--text-encoder", "encoder", "--output", "second")
    first = files(Path("runs/mosi-default-5576"))
    assert files(Path("second"))["model/model.safetensors"] == first["model/model.safetensors"]


def test_the_text_encoder_s_weights_are_where_training_starts(encoder: Path) -> None:
    frozen = settings(train__encoder_learning_rate=0)
    succeed(*TRAIN, *frozen, "--text-encoder", "encoder", "--output", "run")
    given, kept = load_file(encoder / WEIGHTS), load_file("run/model/model.safetensors")
    inside = {name.removeprefix("text.encoder."): value for name, value in kept.items() if "text.encoder." in name}
    assert len(inside) > 20
    assert [name for name, value in inside.items() if not value.equal(given[name])] == []
