"""Folders and files that ask for far more than they hold: each is refused in a line, in seconds and within memory.

``python -m fuzz.hostile_folders FOLDER`` makes each and reads it; it prints what became of them as JSON. A new one is
one line of `CASES`: what is wrong, the command that meets it, and who damages a good copy.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from command import invoke
from fuzz.folders import run_files, study_files
from fuzz.harness import peak_bytes

_ADDRESS_SPACE = 6 * 2**30
_HUGE = 10**9
BILLIONS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGED = "a: &a {k: 1}\n" + BILLIONS.partition("\n")[2].replace("[", "{<<: [").replace("]", "]}")

Edit = Callable[[Path], Any]


def _in_json(name: str, *keys: str, value: Any) -> Edit:
    """A value put into a JSON file."""

    def edit(root: Path) -> None:
        content = json.loads((root / name).read_text())
        inner = content
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = value
        (root / name).write_text(json.dumps(content))

    return edit


def _text(name: str, content: str) -> Edit:
    return lambda root: (root / name).write_text(content)


def _leads_to(name: str, target: str) -> Edit:
    def edit(root: Path) -> None:
        (root / name).unlink(missing_ok=True)
        (root / name).symlink_to(target)

    return edit


def _pipe(name: str) -> Edit:
    def edit(root: Path) -> None:
        (root / name).unlink(missing_ok=True)
        os.mkfifo(root / name)

    return edit


def _sparse(name: str) -> Edit:
    """A file whose length is a terabyte of nothing, behind what it holds."""

    def edit(root: Path) -> None:
        with (root / name).open("ab") as file:
            file.truncate(2**40)

    return edit


def _repeated(column: str, text: str) -> Edit:
    """A parquet table of a few kilobytes: one text, 20,000 times."""

    def edit(root: Path) -> None:
        count = 20_000
        again = pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([text]))
        columns: dict[str, Any] = {"id": [f"i{n}" for n in range(count)], "text": ["a b"] * count}
        parquet.write_table(pa.table(columns | {column: again}), root / "data.parquet", compression="zstd")

    return edit


def _nulls(root: Path) -> None:
    """A table of three columns of nothing, 100 million times: runs of any length take no room."""
    none = pa.nulls(2**20)
    table = pa.table({"id": pa.chunked_array([none] * 100), "text": pa.chunked_array([none] * 100)})
    parquet.write_table(table, root / "data.parquet")


def _empty(_: Path) -> None:
    pass


RUN = ("evaluate", "run")
REPORT = ("report", "study")
DATA = ("data", "verify", "data")
CASES: dict[str, tuple[tuple[str, ...], Edit]] = {
    "aliases in config.yaml": (RUN, _text("config.yaml", BILLIONS)),
    "merged aliases in config.yaml": (RUN, _text("config.yaml", MERGED)),
    "deep config.yaml": (RUN, _text("config.yaml", "[" * 50_000)),
    "deep blocks in config.yaml": (RUN, _text("config.yaml", "".join(f"{' ' * n}a:\n" for n in range(400)))),
    "a number of 5,000 digits in config.yaml": (RUN, _text("config.yaml", f"seed: {'9' * 5000}")),
    "a number to base 60 in config.yaml": (RUN, _text("config.yaml", f"seed: 1{':59' * 30_000}")),
    "config.yaml of a terabyte": (RUN, _sparse("config.yaml")),
    "config.yaml that is a device": (RUN, _leads_to("config.yaml", "/dev/zero")),
    "config.yaml that is a pipe": (RUN, _pipe("config.yaml")),
    "run.json that leads to an endless device": (RUN, _leads_to("run.json", "/dev/zero")),
    "run.json that is a pipe": (RUN, _pipe("run.json")),
    "deep run.json": (RUN, _text("run.json", '{"data":' * 100_000)),
    "a number of 5,000 digits in run.json": (RUN, _text("run.json", f'{{"data": {"9" * 5000}}}')),
    "run.json of other values": (RUN, _text("run.json", '{"data": 5, "text_encoder": []}')),
    "processor.json with a billion classes": (RUN, _in_json("processor/processor.json", "num_classes", value=_HUGE)),
    "processor.json with a billion tokens": (RUN, _in_json("processor/processor.json", "max_length", value=_HUGE)),
    "processor.json with a billion columns": (
        RUN, _in_json("processor/processor.json", "widths", "acoustic", value=_HUGE)
    ),
    "processor.json that is a pipe": (RUN, _pipe("processor/processor.json")),
    "a tokenizer of a terabyte": (RUN, _sparse("processor/tokenizer.json")),
    "a tokenizer that is a pipe": (RUN, _pipe("processor/tokenizer.json")),
    "a million layers": (RUN, _in_json("model/config.json", "text_config", "num_hidden_layers", value=10**6)),
    "a million layers of our own": (RUN, _in_json("model/config.json", "sequence_layers", value=10**6)),
    "a width of a billion": (RUN, _in_json("model/config.json", "text_config", "hidden_size", value=10**9)),
    "a width of ten million": (RUN, _in_json("model/config.json", "text_config", "intermediate_size", value=10**7)),
    "a billion pieces": (RUN, _in_json("model/config.json", "text_config", "vocab_size", value=_HUGE)),
    "a billion labels": (RUN, _in_json("model/config.json", "num_labels", value=_HUGE)),
    "weights of a terabyte": (RUN, _sparse("model/model.safetensors")),
    "model settings that are a pipe": (RUN, _pipe("model/config.json")),
    "planted data without end": (RUN, lambda root: (root / "config.yaml").write_text(
        (root / "config.yaml").read_text().replace("planted:24", "planted:" + "9" * 5000))),
    "an encoder of a million layers": (
        ("train", "mosi", "--data", "planted:24", "--text-encoder", "run/model", "--output", "out"),
        _in_json("model/config.json", "text_config", "num_hidden_layers", value=10**6),
    ),
    "aliases in study.yaml": (REPORT, _text("study.yaml", BILLIONS)),
    "study.yaml that is a pipe": (REPORT, _pipe("study.yaml")),
    "history.jsonl that leads to an endless device": (REPORT, _leads_to("runs/mlcl/seed-1/history.jsonl", "/dev/zero")),
    "deep history.jsonl": (REPORT, _text("runs/mlcl/seed-1/history.jsonl", "[" * 200_000)),
    "predictions of a terabyte": (REPORT, _sparse("runs/mlcl/seed-1/predictions/test.csv")),
    "predictions that are a pipe": (REPORT, _pipe("runs/mlcl/seed-1/predictions/test.csv")),
    "aliases in a recipe file": (("config", "mine.yaml"), _text("../mine.yaml", BILLIONS)),
    "a recipe file that is a pipe": (("config", "mine.yaml"), _pipe("../mine.yaml")),
    "a recipe file that is a device": (("config", "mine.yaml"), _leads_to("../mine.yaml", "/dev/zero")),
    "aliases in --set": (("config", "mosi", "--set", f"train.epochs={BILLIONS}"), _empty),
    "a date that is none in --set": (("config", "mosi", "--set", "train.epochs=2001-99-99"), _empty),
    "one text for every item": (DATA, _repeated("_mine", "x" * 2**20)),
    "one context for every item": (DATA, _repeated("context", "x" * 2**20)),
    "one label for every item": (DATA, _repeated("label", "x" * 2**20 + " ")),
    "nothing, a hundred million times": (DATA, _nulls),
    "aliases in data.yaml": (DATA, lambda root: (_repeated("_mine", "x")(root), _text("data.yaml", BILLIONS)(root))),
    "a table that is a pipe": (DATA, _pipe("data.parquet")),
    "a data file of a terabyte": (("data", "verify", "data/big.pkl"), _sparse("big.pkl")),
    "a data file that is a pipe": (("data", "verify", "data/pipe.pkl"), _pipe("pipe.pkl")),
    "a data file that is a device": (("data", "verify", "/dev/zero"), _empty),
    "a part of a folder of a terabyte": (
        DATA, lambda root: (_repeated("_mine", "x")(root), _sparse("acoustic.npy")(root))
    ),
}  # fmt: skip


def main(folder: Path) -> None:
    """Make and read every case."""
    made = {"run": run_files(0, np.random.default_rng()), "study": study_files(0, np.random.default_rng())}
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    outcomes = {}
    for number, (name, (command, edit)) in enumerate(CASES.items()):
        place = folder / str(number)
        for part in ("run", "study", "data"):
            (place / part).mkdir(parents=True)
            for file, content in made.get(part, {}).items():
                (place / part / file).parent.mkdir(parents=True, exist_ok=True)
                (place / part / file).write_bytes(content)
        with chdir(place):
            root = next((word.partition("/")[0] for word in command[1:] if word.partition("/")[0] in made), "data")
            edit(Path(root))
            before, started = peak_bytes(), time.process_time()
            done = invoke(*command)
            seconds = time.process_time() - started
        outcomes[name] = {"code": done.code, "err": done.err[-600:], "seconds": seconds, "bytes": peak_bytes() - before}
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
