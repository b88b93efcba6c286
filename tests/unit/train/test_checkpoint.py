"""Checkpoints: everything comes back, a crash leaves the old file, a damaged file is named."""

import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import Adam, Optimizer

from mlcl.errors import RunError
from mlcl.seeding import random_state, restore_random_state, seed_everything
from mlcl.train.checkpoint import load_checkpoint, save_checkpoint
from mlcl.train.state import TrainState

STATE = TrainState(
    epoch=2, step=3, totals={"loss": 1.25}, seen=7, best_score=0.5, best_epoch=1, history=[{"dev": {"mae": None}}]
)


def trained(seed: int = 0) -> tuple[nn.Module, Optimizer]:
    """A module and an optimiser with moments."""
    torch.manual_seed(seed)
    module = nn.Linear(5, 3)
    optimiser = Adam(module.parameters(), lr=0.1, fused=True)
    for _ in range(2):
        optimiser.zero_grad()
        module(torch.randn(7, 5)).square().sum().backward()
        optimiser.step()
    return module, optimiser


def draws() -> list[float]:
    """One draw from each generator that training may use, and a second normal one from those that cache."""
    return [torch.rand(()).item(), np.random.normal(), np.random.normal(), random.random(), random.gauss(0, 1)]


def test_everything_comes_back(tmp_path: Path) -> None:
    module, optimiser = trained()
    np.random.normal()  # leaves a cached second draw behind
    random.gauss(0, 1)
    save_checkpoint(tmp_path / "checkpoint.pt", module, optimiser, STATE)
    expected = draws()
    other, other_optimiser = trained(seed=1)
    assert load_checkpoint(tmp_path / "checkpoint.pt", other, other_optimiser) == STATE
    assert draws() == expected
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in module.state_dict().items())
    first, second = optimiser.state_dict(), other_optimiser.state_dict()
    assert first["param_groups"] == second["param_groups"]
    for index, moments in first["state"].items():
        assert all(torch.equal(value, second["state"][index][name]) for name, value in moments.items())


def test_seeding_reaches_every_generator_and_its_state_can_be_restored() -> None:
    seed_everything(5)
    first = draws()
    state = random_state()
    second = draws()
    assert all(a != b for a, b in zip(first, second, strict=True))
    seed_everything(5)
    assert draws() == first
    restore_random_state(state)
    assert draws() == second
    seed_everything(2**40 + 5)  # numpy takes 32 bits only
    assert draws() != first


def test_the_random_state_is_plain_data(tmp_path: Path) -> None:
    """What a safe loader accepts is what an attacker cannot abuse."""
    torch.save(random_state(), tmp_path / "state.pt")
    assert torch.load(tmp_path / "state.pt", weights_only=True).keys() == {"torch", "cuda", "numpy", "python"}


def test_the_folder_is_made(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "a" / "b" / "checkpoint.pt", *trained(), STATE)
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["checkpoint.pt"]


@pytest.mark.parametrize("moment", ["start", "middle", "sync"])
def test_a_crash_while_writing_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, *trained(), STATE)
    old = path.read_bytes()

    def crash(*arguments: Any) -> None:
        if moment == "middle":
            arguments[1].write(b"half a file")
        raise OSError("disk full")

    monkeypatch.setattr(*(("os.fsync", crash) if moment == "sync" else ("torch.save", crash)))
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(path, *trained(seed=1), TrainState())
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def other_module(content: dict[str, Any]) -> object:
    return {**content, "model": nn.Linear(2, 2).state_dict()}


def without(part: str) -> Callable[[dict[str, Any]], object]:
    return lambda content: {name: value for name, value in content.items() if name != part}


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"",
        lambda raw: b"no checkpoint at all",
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw[:-1],
        lambda raw: raw[:100] + bytes(50) + raw[150:],
    ],
    ids=["empty", "text", "half", "one byte short", "zeros inside"],
)
def test_a_damaged_file_is_named(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, *trained(), STATE)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RunError, match=r"checkpoint\.pt is damaged or of another model; delete it"):
        load_checkpoint(path, *trained())


@pytest.mark.parametrize(
    "change",
    [other_module, *map(without, ("model", "optimiser", "state", "random")), lambda content: [content], lambda _: None],
    ids=["other model", "no model", "no optimiser", "no state", "no random", "list", "None"],
)
def test_a_file_with_other_content_is_named(tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, *trained(), STATE)
    torch.save(change(torch.load(path, weights_only=True)), path)
    with pytest.raises(RunError, match=r"checkpoint\.pt is damaged or of another model; delete it"):
        load_checkpoint(path, *trained())


def _packed(path: Path) -> None:
    """The same archive, its parts compressed, as torch never writes them."""
    with zipfile.ZipFile(path) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def _repeated(path: Path) -> None:
    """A moment that is one number, said to be a billion."""
    content = torch.load(path, weights_only=True)
    moments = next(iter(content["optimiser"]["state"].values()))
    moments["exp_avg"] = torch.zeros(1).expand(10**6, 1000)
    torch.save(content, path)


@pytest.mark.parametrize(("damage", "reason"), [(_packed, "it is packed"), (_repeated, "repeats its values")])
def test_a_checkpoint_takes_no_more_memory_than_its_file(
    tmp_path: Path, damage: Callable[[Path], None], reason: str
) -> None:
    module, optimiser = trained()
    save_checkpoint(tmp_path / "checkpoint.pt", module, optimiser, STATE)
    damage(tmp_path / "checkpoint.pt")
    with pytest.raises(RunError, match="is damaged") as caught:
        load_checkpoint(tmp_path / "checkpoint.pt", module, optimiser)
    assert reason in str(caught.value.__cause__)
