"""Two processes train as one does: the same batches, losses, gradients, and one run folder."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from transformers import BertModel

from command import SMALL, TINY, files, refuse, settings, succeed
from mlcl.encode.build import tiny_config
from mlcl.encode.tokenizer import word_tokenizer
from patience import HANGS
from planted import write_planted

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("workplace")]
NO_DROPOUT = settings(
    **{
        f"model__{part}_dropout": 0
        for part in ("view", "attention", "relu", "residual", "embedding", "fusion", "modality")
    }
)
# 21 items in batches of eight: the last batch has five, three for one process and two for the other.
TRAIN = ["train", "mosi", "--data", "data.pkl", *SMALL, *NO_DROPOUT, *settings(train__batch_size=8)]


@pytest.fixture
def encoder(workplace: Path) -> Path:
    """A text encoder without dropout: processes draw their dropouts independently, so only without can they agree."""
    write_planted(workplace / "data.pkl", train=21, dev=5, test=5)
    tokenizer = word_tokenizer(["the", "good", "bad", "great", "awful", "today", "yesterday"])
    config = tiny_config(tokenizer.vocabulary_size)
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    BertModel(config).save_pretrained(workplace / "encoder")
    tokenizer.save(workplace / "encoder")
    return workplace / "encoder"


def torchrun(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """Launch two processes on this machine, which talk over gloo."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    command = [*launcher, "--master-addr", "127.0.0.1", "--master-port", str(port), "-m", "mlcl"]
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": "lo"}
    process = subprocess.Popen(
        [*command, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        out, err = process.communicate(timeout=HANGS)
    except subprocess.TimeoutExpired:
        process.terminate()  # the launcher gives its processes, which wait for one another, half a minute
        process.communicate(timeout=HANGS)
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def history(run: str) -> list[Any]:
    return [json.loads(line) for line in Path(run, "history.jsonl").read_text(encoding="utf-8").splitlines()]


def test_two_processes_compute_what_one_does(encoder: Path) -> None:
    """float32 sums in another order differ in the last bits, and Adam's division makes more of them: hence 1e-3."""
    options = [*TRAIN, "--text-encoder", "encoder"]
    succeed(*options, "--output", "one")
    done = torchrun(*options, "--output", "two")
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("run folder: two") == 1
    assert [line.split()[1] for line in done.stderr.splitlines() if line.startswith("epoch ")] == ["1/2", "2/2"]
    assert set(files(Path("two"))) == set(files(Path("one")))

    for single, double in zip(history("one"), history("two"), strict=True):
        assert double["train"] == pytest.approx(single["train"], rel=1e-3)
        assert double["dev"] == pytest.approx(single["dev"], rel=1e-3, abs=1e-3)
    one, two = (load_file(f"{run}/model/model.safetensors") for run in ("one", "two"))
    moved = load_file("encoder/model.safetensors")
    for name, value in one.items():
        assert two[name].allclose(value, rtol=1e-3, atol=1e-4), name
    name = "encoder.layer.0.output.dense.weight"
    assert not one[f"text.encoder.{name}"].allclose(moved[name], rtol=1e-3, atol=1e-4), "nothing was learnt"

    evaluated = json.loads(succeed("evaluate", "two", "--json"))
    assert evaluated["test"] == json.loads(Path("two/metrics.json").read_text(encoding="utf-8"))["test"]


def test_a_launch_without_output_is_refused(encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert "--output" in refuse(2, *TRAIN, *TINY)
