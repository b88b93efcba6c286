"""One case after another: damage, read, judge."""

import io
import json
import resource
import shutil
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fuzz.guard import Guard
from fuzz.layouts import TARGETS
from fuzz.mutations import damage, replace
from fuzz.targets import Files, Target
from mlcl.data.corpus import Corpus
from mlcl.data.formats import read_corpus
from mlcl.data.inspection import inspect_corpus
from mlcl.errors import DataError, MlclError
from validity import check

SLOWER = 1.0  # times the seconds of a target may a case take; an ordinary one takes a millisecond
BYTES = 2**30  # of memory beyond what the process had
_TEMPLATES = 12  # valid data sets per layout
_INSPECT_EVERY = 8


class Outcome(NamedTuple):
    """What became of a file: a valid corpus, or a proper error."""

    corpus: Corpus | None
    message: str
    seconds: float


def judge(path: Path, guard: Guard, target: Target | None = None) -> Outcome:
    """Read a file; raise AssertionError, or what reading raised, unless the outcome is one of the two."""
    if target is not None and target.read is not None:
        return _judge_folder(path, guard, target.read, target.seconds)
    modules = "antigravity" in sys.modules
    started = time.process_time()
    corpus = error = None
    try:
        with guard.watching():
            corpus = read_corpus(path)
    except DataError as caught:
        error = caught
    seconds = time.process_time() - started
    seen, guard.seen = guard.seen, []
    assert not seen, f"reading did this: {seen}"
    assert ("antigravity" in sys.modules) == modules, "reading imported a module that the file names"
    assert seconds < 2 * SLOWER, f"{seconds:.1f} s"
    if corpus is not None:
        check(corpus)
        return Outcome(corpus, "", seconds)
    message = str(error)
    assert error is not None
    assert error.path is not None, "names no path"
    assert Path(error.path) == path or path in Path(error.path).parents, f"names {error.path}"  # a file of a folder
    assert message.startswith(error.path)
    assert 0 < len(message) < 2000
    assert message.isprintable(), ascii(message)
    return Outcome(None, message, seconds)


def _judge_folder(path: Path, guard: Guard, read: Callable[[Path], object], most: float) -> Outcome:
    """Read a folder that is no data set: what is read, or one line of an error of ours."""
    started = time.process_time()
    message = ""
    try:
        with guard.watching(imports=True), redirect_stderr(io.StringIO()):
            read(path)
    except MlclError as error:
        message = " ".join(str(error).split())
        assert 0 < len(message) < 2000
        assert "unexpected" not in message.partition(":")[0]
    seconds = time.process_time() - started
    seen, guard.seen = guard.seen, []
    assert not seen, f"reading did this: {seen}"
    assert seconds < most * SLOWER, f"{seconds:.1f} s"
    return Outcome(None, message, seconds)


class Fuzzer:
    """Runs cases, counts outcomes, and keeps what went wrong.

    Args:
        folder: Where the damaged files are written.
        seed: All cases depend on it and on their number.
        guard: Notices what reading must not do.
        only: One layout; all when None.
    """

    def __init__(self, folder: Path, seed: int, guard: Guard, only: str | None = None) -> None:
        self.folder, self.seed, self.guard = folder, seed, guard
        self.targets = {only: TARGETS[only]} if only else TARGETS
        self.counts: dict[str, Counter[str]] = {name: Counter() for name in self.targets}
        self.failures: list[str] = []
        self.slowest = 0.0
        self.made = {
            name: [_template(target, number) for number in range(_TEMPLATES)] for name, target in self.targets.items()
        }
        self.pieces = [content for made in self.made.values() for _, files in made for content in files.values()]
        for name, target in self.targets.items():  # so that whatever reading imports is imported
            self._warm_up(name, target)
        self.before = peak_bytes()

    def run(self, case: int) -> None:
        """Make, read and judge one case."""
        names = list(self.targets)
        name = names[case % len(names)]
        path = self._write(self.files(name, case))
        try:
            self.counts[name][self._judge(path, case, self.targets[name])] += 1
        except Exception:  # noqa: BLE001 - whatever it is, it is a failure of this case
            self.counts[name]["failure"] += 1
            self.failures.append(f"--seed {self.seed} --first {case} ({name})\n{traceback.format_exc()}")

    def files(self, name: str, case: int) -> Files:
        """The damaged files of a case."""
        rng = np.random.default_rng([self.seed, case])
        data, files = self.made[name][rng.integers(_TEMPLATES)]
        if rng.random() < 0.5:
            for _ in range(rng.integers(1, 4)):
                data = replace(rng, data)
            try:
                files = self.targets[name].write(data, rng)
            except Exception:  # noqa: BLE001 - no such file can be written; its bytes are damaged instead
                return damage(rng, files, self.pieces[rng.integers(len(self.pieces))])
            if rng.random() < 0.9:
                return files
        for _ in range(rng.integers(1, 3)):
            files = damage(rng, files, self.pieces[rng.integers(len(self.pieces))])
            if not files:
                break
        return files

    def summary(self) -> dict[str, Any]:
        """What became of the cases."""
        return {
            "cases": sum(count.total() for count in self.counts.values()),
            "failures": len(self.failures),
            "outcomes": {name: dict(sorted(count.items())) for name, count in self.counts.items()},
            "slowest_seconds": round(self.slowest, 3),
            "peak_mib": (peak_bytes() - self.before) // 2**20,
        }

    def _judge(self, path: Path, case: int, target: Target) -> str:
        outcome = judge(path, self.guard, target)
        self.slowest = max(self.slowest, outcome.seconds)
        assert peak_bytes() - self.before < BYTES, f"{(peak_bytes() - self.before) // 2**20} MiB"
        if outcome.message:
            return "error"
        if outcome.corpus is None:
            return "corpus"
        assert not target.always_error
        if case % _INSPECT_EVERY == 0:
            json.dumps(inspect_corpus(outcome.corpus).as_json(), allow_nan=False)
        return "corpus"

    def _write(self, files: Files) -> Path:
        """Write a case, and return the path to read."""
        root = self.folder / "case"
        if root.is_dir():
            shutil.rmtree(root)
        root.mkdir()
        for name, content in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
        return root / next(iter(files)) if len(files) == 1 else root

    def _warm_up(self, name: str, target: Target) -> None:
        """The files as they are must be read, or the damaged ones would show nothing."""
        for _, files in self.made[name]:
            path = self._write(files)
            if target.read is not None:
                target.read(path)
                continue
            try:
                check(read_corpus(path))
                assert not target.always_error
            except DataError:
                if not target.always_error:
                    raise


def _template(target: Target, number: int) -> tuple[Any, Files]:
    data = target.make(number)
    return data, target.write(data, np.random.default_rng(number))


def peak_bytes() -> int:
    """The most memory that the process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
