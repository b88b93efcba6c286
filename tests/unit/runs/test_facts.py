"""Facts that leave this machine name no place on it, and say what a run cost."""

import json
import sys

import pytest
import torch

from mlcl.recipe import resolve
from mlcl.runs.facts import peak_memory, public_config


def test_a_public_configuration_has_names_in_place_of_paths() -> None:
    fold = "data.fold={number: 2, of: 5, lists: '/home/someone/lists.json'}"
    experiment = resolve("mosi", data="/home/someone/mosi.pkl", text_encoder="/home/someone/bert", changes=[fold])
    public = public_config(experiment)
    assert "someone" not in json.dumps(public)
    assert (public["data"]["file"], public["text_encoder"]) == ("mosi.pkl", "bert")
    assert public["data"]["fold"]["lists"] == "lists.json"
    public["data"]["file"], public["text_encoder"] = experiment.data.file, experiment.text_encoder
    public["data"]["fold"]["lists"] = "/home/someone/lists.json"
    assert public == experiment.model_dump(mode="json")


def test_peak_memory_is_in_bytes_and_covers_what_was_in_use() -> None:
    size = 300 * 2**20
    block = bytearray(size)
    block[:: 2**12] = b"x" * len(block[:: 2**12])  # touch every page
    peak = peak_memory(torch.device("cpu"))
    assert peak is not None
    assert size < peak < 2**37


def test_peak_memory_is_none_where_it_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert peak_memory(torch.device("mps")) is None
    monkeypatch.setattr(sys, "platform", "win32")
    assert peak_memory(torch.device("cpu")) is None
