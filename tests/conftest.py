"""One environment for every test, set before anything heavy is imported."""

import gc
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.update(
    {
        "OMP_NUM_THREADS": "1",  # the same order of sums everywhere, so that runs can be compared bit for bit
        "HF_HUB_OFFLINE": "1",
        "MLCL_CACHE": tempfile.mkdtemp(prefix="mlcl-cache-"),  # no test reads or fills the cache of its user
        "COLUMNS": "100",  # rich believes COLUMNS only when LINES is set too
        "LINES": "40",
        "NO_COLOR": "1",
        "TERM": "dumb",
    }
)

# How fast a drawn example is depends on who else uses the machine.
settings.register_profile("laws", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("laws")

_PRODUCTS = {".csv", ".jsonl", ".parquet", ".pkl", ".pt", ".safetensors"}


def pytest_collection_finish() -> None:
    """What is imported by now stays; the collector need not look through it again in every test."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the working directory of the test."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session", autouse=True)
def _nothing_leaks() -> Iterator[None]:
    """No test may leave a run or a table in the directory from which the tests were started."""
    start = Path.cwd()
    before = _products(start)
    yield
    assert _products(start) == before


def _products(folder: Path) -> set[str]:
    runs = {str(entry) for entry in folder.glob("runs/*")}
    return runs | {entry.name for entry in folder.iterdir() if entry.suffix in _PRODUCTS}
