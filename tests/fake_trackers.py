"""Stand-ins for trackers' packages that write down what they are told, for tests without network."""

import json
from pathlib import Path
from typing import Any

_COMMON = """
import json
from pathlib import Path

TOLD = Path({told!r})
FAIL = {fail!r}


def tell(what, **values):
    with TOLD.open("a", encoding="utf-8") as file:
        file.write(json.dumps([what, values]) + "\\n")
    if what == FAIL:
        raise ConnectionError("no\\nnetwork")


class Run:
    def __init__(self):
        self.summary = self

    def log(self, values, step):
        tell("log", values=values, step=step)

    def update(self, values):
        tell("summary", values=values)

    def finish(self, exit_code=0):
        print("bye")
        tell("finish", exit_code=exit_code)


def init(settings=None, **options):
    print("hello")
    tell("init", settings=settings, **options)
    return Run()
"""
_SETTINGS = """
def Settings(**values):
    return values
"""


def write_fakes(folder: Path, *, fail: str = "") -> Path:
    """Write ``wandb`` and ``trackio`` into `folder`; return the file that says what they were told.

    Args:
        folder: To be put on Python's path.
        fail: What fails: ``init``, ``log`` or ``finish``.
    """
    told = folder / "told.jsonl"
    source = _COMMON.format(told=str(told), fail=fail)
    for name, more in (("wandb", _SETTINGS), ("trackio", "")):
        (folder / f"{name}.py").write_text(source + more, encoding="utf-8")
    return told


def read_told(told: Path, what: str = "") -> list[Any]:
    """What was told, in order: pairs of a name and values, or the values of one name."""
    entries = [json.loads(line) for line in told.read_text(encoding="utf-8").splitlines()] if told.exists() else []
    return [values for name, values in entries if name == what] if what else entries
