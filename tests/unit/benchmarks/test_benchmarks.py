"""The benchmark: its numbers are what it says they are, and both sides do the same work."""

import json
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig

from benchmarks import cases, growth, run, workload
from benchmarks.difference import largest_difference
from benchmarks.floor import Floor
from benchmarks.machine import copy_rate, matrix_rate, peak_memory, peak_resident_memory
from benchmarks.pairs import Pair, measure_pair
from benchmarks.run import bench_table, build_app, run_bench
from benchmarks.workload import SHAPES, WORD_COUNTS, build_workload, draw_lengths, shape_of
from mlcl.cli import main
from mlcl.errors import UsageError

pytestmark = pytest.mark.long

SIZES = ["model.d_model=16", "model.num_heads=4", "model.fusion_feed_forward=16", "model.cross_dim_head=8"]
CPU = torch.device("cpu")
SMALL = BertConfig(hidden_size=24, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48, vocab_size=2100)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workload, "BertConfig", lambda: SMALL)
    for module in (cases, run):
        monkeypatch.setattr(module, "matrix_rate", partial(matrix_rate, size=64))
    monkeypatch.setattr(run, "copy_rate", partial(copy_rate, megabytes=1))


def test_the_histogram_is_mosi_s() -> None:
    assert sum(WORD_COUNTS) == 2199
    assert np.average(np.arange(1, 61), weights=WORD_COUNTS) == pytest.approx(12.4, abs=0.1)


@pytest.mark.parametrize(("recipe", "mean"), [("mosi", 15.3), ("mosei", 25.5)])
def test_drawn_lengths_have_the_field_s_mean(recipe: str, mean: float) -> None:
    """Sub-words with the two special tokens: about 15 and 26."""
    shape = SHAPES[recipe]
    lengths = draw_lengths(shape, 20_000, np.random.default_rng(0)) + 2
    assert lengths.mean() == pytest.approx(mean, abs=0.5)
    assert lengths.max() <= shape.padded


@pytest.mark.parametrize("profile", ["default", "release"])
def test_the_two_sides_compute_the_same_function(profile: str) -> None:
    work = build_workload("mosi", profile, items=6, changes=SIZES)
    work.model.double()
    items = np.arange(6)
    assert largest_difference(work.model, work.padded.batch(items), work.tight.batch(items)) < 1e-10


def test_the_difference_sees_a_difference() -> None:
    """The negative control: another item's rows."""
    work = build_workload("mosi", "default", items=6)
    assert largest_difference(work.model, work.padded.batch(np.arange(5)), work.tight.batch(np.arange(1, 6))) > 1e-3


def test_the_padded_side_has_the_release_s_length_and_the_other_none_of_it() -> None:
    work = build_workload("mosi", "default", items=6)
    items = np.arange(6)
    assert work.padded.batch(items).input_ids.shape[1] == 60
    assert work.tight.batch(items).input_ids.shape[1] == np.diff(work.tight.offsets).max()


def test_the_floor_counts_the_linear_layers_of_real_tokens() -> None:
    """Twice the operations for twice the item, and what a hand count of the pretrained layers gives, at the least."""
    work = build_workload("mosi", "default", items=6)
    floor = Floor(work, training=False)
    one, two = floor.operations([0]), floor.operations([0, 0])
    assert two == 2 * one
    tokens = int(np.diff(work.tight.offsets)[0])
    width, inner = SMALL.hidden_size, SMALL.intermediate_size
    assert one > 2 * tokens * SMALL.num_hidden_layers * (4 * width * width + 2 * width * inner)
    assert Floor(work, training=True).operations([0]) > 2.5 * one  # backward is twice a forward, but for the first


def test_pairs_alternate_and_warm_up() -> None:
    calls: list[str] = []
    pair = measure_pair(lambda n: calls.append(f"a{n}"), lambda n: calls.append(f"b{n}"), repeats=3, device=CPU)
    assert calls == ["a0", "b0", "a0", "b0", "b1", "a1", "a2", "b2"]
    assert len(pair.plain) == len(pair.ours) == 3


def test_a_pair_s_row_is_made_of_medians() -> None:
    row = Pair(plain=[4.0, 2.0, 6.0], ours=[1.0, 2.0, 2.0]).row(items=8)
    assert row == {
        "items_per_second_plain": 2.0,
        "items_per_second": 4.0,
        "ratio": 3.0,
        "ratio_low": 1.0,
        "ratio_high": 4.0,
    }


def test_peak_memory_sees_a_large_array() -> None:
    """200 MB come and go; the peak says so to a tenth."""
    size = 200_000_000
    used = peak_memory(lambda: np.ones(size // 8).sum(), CPU)
    if used is None:
        pytest.skip("this system does not report a process's peak memory")
    assert used == pytest.approx(size, rel=0.1)


@pytest.mark.parametrize(("recipe", "profile"), [("mosi", "default"), ("mosei", "release")])
def test_every_case_has_the_promised_keys(recipe: str, profile: str) -> None:
    result = run_bench(
        ["train", "predict"],
        recipe=recipe,
        profile=profile,
        precision="fp32",
        device="cpu",
        repeats=2,
        changes=[*SIZES, "train.batch_size=4", "train.eval_batch_size=4"],
        seed=0,
    )
    promised = {"case", "items_per_second_plain", "items_per_second", "ratio", "floor_share", "peak_bytes"}
    for row in result["cases"]:
        assert row.keys() >= promised | {"difference_fp32", "difference_float64"}
        assert row["difference_float64"] < 1e-10
        assert row["difference_fp32"] < 2e-5
        assert 0 < row["floor_share"] < 1
    assert [row["case"] for row in result["cases"]] == [
        f"{recipe} {profile} train fp32",
        f"{recipe} {profile} predict fp32",
    ]
    assert result["machine"]["matrix_product_gflops"]["fp32"] > 0
    assert bench_table(result).row_count == 6


def test_growth_is_measured_over_batches_and_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "BATCH_SIZES", (2, 4))
    monkeypatch.setattr(growth, "ROW_COUNTS", (3, 40))
    monkeypatch.setattr(growth, "_BATCH", 2)
    settings: dict[str, Any] = {"precision": "fp32", "device": "cpu", "repeats": 1, "changes": SIZES, "seed": 0}
    result = run_bench(["growth"], recipe="mosi", profile="default", **settings)
    rows = result["cases"]
    assert [row["batch_size"] for row in rows] == [2, 4, 2, 2]
    assert [row.get("rows") for row in rows] == [None, None, 3, 40]
    assert all(row["seconds"] > 0 for row in rows)
    assert bench_table(result).row_count >= 2
    release = run_bench(["growth"], recipe="mosi", profile="release", **settings)
    assert len(release["cases"]) == 2  # the padded length is part of its function


def test_preparation_is_measured_cold_and_from_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(workload.SHAPES, "mosi", workload.Shape(60, 1.07, 60, 5, 3))
    row = run_bench(
        ["prepare"],
        recipe="mosi",
        profile="default",
        precision="fp32",
        device="cpu",
        repeats=1,
        changes=None,
        seed=0,
    )["cases"][0]
    assert row["preparation_seconds"] > 0
    assert row["cached_seconds"] > 0
    assert row["array_bytes"] % (8 * 4) == 0


def test_conversion_is_measured_over_the_file_s_arrays() -> None:
    settings = {"precision": "fp32", "device": "cpu", "repeats": 1, "changes": None, "seed": 0}
    result = run_bench(["convert"], recipe="mosei", profile="default", items=40, **settings)  # type: ignore[arg-type]
    row = result["cases"][0]
    assert row["items"] == 40
    assert row["file_bytes"] > 2 * row["array_bytes"] > 2 * row["row_bytes"] > 0
    assert row["array_bytes"] == 40 * 500 * (74 + 35) * 4
    assert row["conversion_seconds"] > 0
    assert row["reading_seconds"] > 0
    assert bench_table(result).row_count >= 2


def test_private_memory_leaves_out_what_is_mapped(tmp_path: Path) -> None:
    """Looking at a mapped file takes resident memory alone; an array takes both."""
    path, size = tmp_path / "zeros", 2**26
    path.write_bytes(bytes(size))
    mapped = np.memmap(path, np.uint8, "r")
    resident, private = peak_resident_memory(lambda: mapped.sum())
    if resident is None or private is None:
        pytest.skip("this system does not say")
    assert private < size / 4 < size <= resident * 1.1
    resident, private = peak_resident_memory(lambda: np.ones(size, np.uint8).sum())
    assert resident is not None
    assert private is not None
    assert min(resident, private) > 0.8 * size


def test_the_plain_optimiser_is_torch_s_own() -> None:
    work = build_workload("mosi", "release", items=2)
    optimiser: Any = cases._plain_optimiser(work.model, work.experiment.train)
    [inner] = optimiser.optimisers
    assert not inner.defaults["fused"]
    assert type(inner) is torch.optim.Adam


def test_an_unknown_shape_is_refused() -> None:
    with pytest.raises(UsageError, match="--recipe demo: no shape to measure"):
        shape_of("demo")


def test_help_names_and_describes_exactly_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--help"], build_app()) == 0
    text = capsys.readouterr().out
    options = {
        *("--recipe", "--profile", "--precision", "--device", "--repeats", "--seed", "--set"),
        *("--items", "--threads", "--json"),
    }
    assert set(re.findall(r"--[a-z-]+", text)) == options | {"--what", "--help", "--version"}
    for option in options:
        assert re.search(rf"{option}\b[^a-z\n]*[A-Z]*\S*\s+\S+ \S+", text), f"{option} is not described"
    assert "WHAT" in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--repeats", "0"], "--repeats 0: must be at least 1"),
        (["convert", "--items", "0"], "--items 0: must be at least 1"),
        (["train", "--recipe", "demo"], "--recipe demo: no shape to measure"),
        (["train", "--sed", "3"], "Unknown option: --sed. Did you mean --seed? (see python -m benchmarks --help)"),
    ],
)
def test_a_wrong_command_is_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(arguments, build_app()) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"mlcl: {message}")


def test_the_module_writes_what_it_measured_to_a_file(tmp_path: Path) -> None:
    """As ``make bench`` runs it, from the root of the repository; children of it import it too."""
    command = [sys.executable, "-m", "benchmarks", "convert", "--items", "4", "--json", str(tmp_path / "b.json")]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    result = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    assert result.keys() == {"machine", "repeats", "seed", "cases"}
    assert [row["case"] for row in result["cases"]] == ["mosi convert"]
    assert "mosi convert" in done.stdout


def test_mlcl_bench_names_the_new_command(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["bench"], ["bench", "train", "--recipe", "mosi"], ["bench", "--help"]):
        assert main.run(arguments) == 2
        assert capsys.readouterr() == (
            "",
            'mlcl: bench: run `make bench ARGS="train --recipe mosi"` in a checkout of the source instead\n',
        )
