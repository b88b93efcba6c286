"""Damaged copies of real recordings: each is read or refused in a line, and the process that asks goes on.

By hand: ``python tests/real/test_damaged_recordings.py 500 0`` prints the counts.
"""

import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from damaged_recordings import damaged
from decoding_tasks import read_through
from mlcl.errors import DataError
from mlcl.media.isolated import Worker

FOLDER = Path(os.environ.get("MLCL_DATA") or Path(__file__).parents[3] / "shared" / "data") / "clips"
CASES = int(os.environ.get("MLCL_FUZZ_MEDIA", "500"))
PATIENCE = 10.0


def clips() -> list[Path]:
    found = [*FOLDER.glob("*.m*"), *FOLDER.glob("*.wav"), *FOLDER.glob("*.flac"), *sorted(FOLDER.glob("emotion/*"))[:1]]
    return sorted(found)


def read_damaged(folder: Path, cases: int, seed: int) -> dict[str, Any]:
    """Counts of outcomes, and whatever must not be: failures of a law, endings of the child, hangs."""
    outcomes: Counter[str] = Counter()
    wrong, slowest = [], 0.0
    contents = {path: path.read_bytes() for path in clips()}
    with Worker(patience=PATIENCE) as worker:
        for case in range(cases):
            rng = np.random.default_rng([seed, case])
            source = list(contents)[case % len(contents)]
            what, made = damaged(contents[source], rng)
            path = folder / f"damaged{source.suffix}"
            path.write_bytes(made)
            name = f"case {case}, {source.name}, {what}"
            start = time.monotonic()
            try:
                result = worker.run(read_through, path)
                outcomes["read whole" if not result["faults"] else "read with faults"] += 1
            except DataError as error:
                message = str(error)
                if message.count("\n") or str(path) not in message:
                    wrong.append(f"{name}: {message!r}")
                ended = "the process that read it" in message or "without progress" in message
                if ended or "Error:" in message:
                    wrong.append(f"{name}: {message}")
                outcomes["child ended" if ended else "refused"] += 1
            slowest = max(slowest, time.monotonic() - start)
    return {"outcomes": dict(outcomes), "wrong": wrong, "slowest": round(slowest, 1)}


@pytest.mark.long
def test_every_damaged_recording_is_read_or_refused_in_a_line(tmp_path: Path) -> None:
    if not clips():
        pytest.skip(f"{FOLDER} is not here; set MLCL_DATA to the folder with the real files")
    found = read_damaged(tmp_path, CASES, seed=0)
    assert found["wrong"] == []
    assert sum(found["outcomes"].values()) == CASES
    assert found["outcomes"]["refused"] > CASES / 20
    assert found["outcomes"]["read with faults"] > CASES / 20


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as made:
        print(read_damaged(Path(made), int(sys.argv[1]), int(sys.argv[2])))
