"""Code that comes with a folder is never run: every call that loads anything says so, and nothing else loads."""

import ast
import json
from pathlib import Path

import pytest
from transformers import BertModel

import mlcl
from mlcl.encode.build import read_encoder_config, read_encoder_weights
from mlcl.encode.tokenizer import load_tokenizer, word_tokenizer
from mlcl.errors import EncoderError
from mlcl.models import TextModel
from tiny import text_config

LOADERS = ("from_pretrained", "from_config", "pipeline", "load_dataset", "hub_load")
SOURCES = sorted(Path(mlcl.__file__).parent.rglob("*.py"))


def trusting(tree: ast.AST) -> list[int]:
    """Lines that load something and do not refuse its code; a loader may be handed to `load_pretrained`, which does."""
    handed = {
        id(call.args[0])
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and _name(call.func) == "load_pretrained" and call.args
    }
    called = {id(call.func): call for call in ast.walk(tree) if isinstance(call, ast.Call)}
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute | ast.Name) or _name(node) not in LOADERS or id(node) in handed:
            continue
        given = {word.arg: word.value for word in called[id(node)].keywords} if id(node) in called else {}
        refused = given.get("trust_remote_code")
        if not (isinstance(refused, ast.Constant) and refused.value is False):
            found.append(node.lineno)
    return found


def _name(node: ast.AST) -> str:
    return getattr(node, "attr", getattr(node, "id", ""))


def test_every_call_that_loads_refuses_code() -> None:
    assert len(SOURCES) > 100
    found = {str(source): trusting(ast.parse(source.read_text(encoding="utf-8"))) for source in SOURCES}
    assert {source: lines for source, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("line", "guilty"),
    [
        ("AutoModel.from_pretrained(name)", True),
        ("AutoModel.from_pretrained(name, trust_remote_code=True)", True),
        ("AutoModel.from_pretrained(name, **options)", True),
        ("load = AutoModel.from_pretrained", True),
        ("load_pretrained(AutoModel.from_pretrained, name)", False),
        ("AutoModel.from_config(config, trust_remote_code=False)", False),
        ("pipeline('x')", True),
    ],
)
def test_the_guard_sees_what_it_guards_against(line: str, guilty: bool) -> None:
    assert bool(trusting(ast.parse(line))) is guilty


def test_the_loader_itself_refuses_code() -> None:
    [source] = [path for path in SOURCES if path.parts[-2:] == ("encode", "pretrained.py")]
    calls = [
        n for n in ast.walk(ast.parse(source.read_text())) if isinstance(n, ast.Call) and _name(n.func) == "loader"
    ]
    assert [[ast.unparse(word) for word in call.keywords[:1]] for call in calls] == [["trust_remote_code=False"]]


def spoilt(folder: Path, file: str, **values: object) -> Path:
    """A BERT's folder with other values in a file, and code that leaves a trace when it is run."""
    tokenizer = word_tokenizer(["the", "movie"])
    BertModel(text_config(vocab_size=tokenizer.vocabulary_size)).save_pretrained(folder)
    tokenizer.save(folder)
    kept = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps({**kept, **values}))
    (folder / "code.py").write_text(f"open({str(folder / 'trace')!r}, 'w').write('x')\n")
    return folder


CODE = {"AutoConfig": "code.X", "AutoModel": "code.Y", "AutoTokenizer": ["code.Z", "code.Z"]}


def test_a_class_of_the_folder_s_own_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> str:
        raise AssertionError("a question was asked")

    monkeypatch.setattr("builtins.input", never)
    folder = spoilt(tmp_path / "a", "config.json", model_type="xbert", auto_map=CODE)
    with pytest.raises(EncoderError, match=r"^text encoder '\S+' comes with code of its own .*never run here") as error:
        read_encoder_config(str(folder))
    other = spoilt(tmp_path / "b", "tokenizer_config.json", tokenizer_class="X", auto_map=CODE)
    (other / "config.json").unlink()  # a run keeps its tokenizer alone
    with pytest.raises(EncoderError, match=r"^text encoder '\S+' comes with code of its own"):
        load_tokenizer(str(other))
    assert "\n" not in str(error.value)
    assert not [*tmp_path.rglob("trace")]


def test_of_a_known_class_the_code_beside_it_is_left_alone(tmp_path: Path) -> None:
    folder = spoilt(tmp_path, "config.json", auto_map=CODE)
    kept = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**kept, "auto_map": CODE}))
    config = read_encoder_config(str(folder))
    assert not hasattr(config, "auto_map")
    model = TextModel.from_text_encoder(str(folder))
    assert isinstance(model.text.encoder, BertModel)
    assert read_encoder_weights(model.text.encoder, str(folder)).keys() == {"pooler.dense.weight", "pooler.dense.bias"}
    assert load_tokenizer(str(folder)).encode(["movie"]) != []
    model.save_pretrained(tmp_path / "model")
    TextModel.from_pretrained(tmp_path / "model", trust_remote_code=True)
    assert not [*tmp_path.rglob("trace")]
