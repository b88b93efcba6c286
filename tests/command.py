"""Run ``mlcl`` in this process, with settings so small that a training takes a third of a second."""

import io
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from mlcl.cli.main import run


def settings(**values: object) -> list[str]:
    """``--set`` for each value; ``train__epochs=3`` sets ``train.epochs``."""
    pairs = (f"{key.replace('__', '.')}={value}" for key, value in values.items())
    return [word for pair in pairs for word in ("--set", pair)]


TINY_MODEL = {
    "data__max_length": 24,
    "model__d_model": 16,
    "model__num_heads": 4,
    "model__sequence_layers": 1,
    "model__cross_depth": 1,
    "model__cross_dim_head": 8,
    "model__fusion_layers": 1,
    "model__fusion_feed_forward": 32,
}
# Nine train items in batches of four, and five dev items in batches of four: every last batch has one item.
SMALL = settings(**TINY_MODEL, train__epochs=2, train__batch_size=4, train__eval_batch_size=4)
SIZES = {"train": 9, "dev": 5, "test": 5}
TINY = ["--text-encoder", "tiny"]


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str


def invoke(*arguments: object) -> Outcome:
    """Run a command; what libraries log goes where it would go for a user, to the error stream."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), _library_log(err):
        code = run([str(argument) for argument in arguments])
    return Outcome(code, out.getvalue(), err.getvalue())


def succeed(*arguments: object) -> str:
    """Run a command that must succeed; return what it prints."""
    outcome = invoke(*arguments)
    assert outcome.code == 0, outcome.err
    return outcome.out


def refuse(code: int, *arguments: object) -> str:
    """Run a command that must be refused: one line that starts with "mlcl: ", and nothing written; return the line."""
    before = files(Path())
    outcome = invoke(*arguments)
    shown = outcome.err[-500:]
    assert outcome.code == code, shown
    assert outcome.out == ""
    assert not outcome.err.startswith("mlcl: unexpected "), f"nobody wrote a message for this: {shown}"
    assert outcome.err.startswith("mlcl: "), shown
    assert outcome.err.count("\n") == 1, shown
    after = files(Path())
    assert [name for name in {**before, **after} if after.get(name, 0) != before.get(name, 0)] == [], "written or gone"
    return outcome.err.removeprefix("mlcl: ").rstrip()


def files(folder: Path) -> Mapping[str, bytes | None]:
    """Every file under a folder with its bytes, and every folder with None."""
    return {
        str(entry.relative_to(folder)): entry.read_bytes() if entry.is_file() else None
        for entry in sorted(folder.rglob("*"))
    }


@contextmanager
def _library_log(stream: io.StringIO) -> Iterator[None]:
    """transformers binds its handler to the error stream of its first use; move it to `stream` for a while."""
    handlers = [h for h in logging.getLogger("transformers").handlers if isinstance(h, logging.StreamHandler)]
    before = [handler.setStream(stream) for handler in handlers]
    try:
        yield
    finally:
        for handler, old in zip(handlers, before, strict=True):
            if old is not None:
                handler.setStream(old)
