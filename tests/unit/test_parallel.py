"""Two processes compute what one does on the joined batch: values, terms and gradients, with uneven shares."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.multiprocessing

import tiny
import two_processes
from mlcl.parallel import gather_rows, global_mean, launched, rank, world_size

EXACT = 1e-12  # float64: the same sums, split in two
CASES = [(task, name) for task in two_processes.TASKS for name in two_processes.BATCHES]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("two")
    torch.multiprocessing.spawn(two_processes.work, args=(str(folder),), nprocs=2)
    return [torch.load(folder / f"{number}.pt", weights_only=True) for number in range(2)]


def one_process(task: str, name: str) -> dict[str, Any]:
    model = tiny.model(**two_processes.TASKS[task]).train()
    return two_processes.model_step(model, two_processes.BATCHES[name](), model)


def test_each_process_knows_its_place(results: list[dict[str, Any]]) -> None:
    assert [result["rank"] for result in results] == [0, 1]
    assert [result["world_size"] for result in results] == [2, 2]


def test_rows_of_all_processes_come_in_the_order_of_their_ranks(results: list[dict[str, Any]]) -> None:
    expected = torch.arange(10, dtype=torch.float64).view(5, 2)
    assert [result["first"] for result in results] == [0, 3]
    for result in results:
        assert torch.equal(result["joined"], expected)
        assert torch.equal(result["plain"], expected)
        assert torch.equal(result["one_empty"], expected[:3])
    assert [result["one_empty_first"] for result in results] == [0, 3]


def test_gradients_flow_back_to_the_process_that_owns_the_rows_from_both(results: list[dict[str, Any]]) -> None:
    weight = torch.arange(1, 11, dtype=torch.float64).view(5, 2)
    for result, share in zip(results, two_processes.SHARES, strict=True):
        assert torch.equal(result["gradient"], 2 * weight[share])


def test_the_average_of_the_global_means_is_the_mean_over_all_items(results: list[dict[str, Any]]) -> None:
    values = torch.arange(10, dtype=torch.float64).view(5, 2)[:, 0]
    assert sum(result["mean"] for result in results) / 2 == pytest.approx(values.mean().item(), abs=EXACT)
    assert [result["mean_of_nothing"] for result in results] == [0.0, 0.0]


@pytest.mark.parametrize(("task", "name"), CASES)
def test_loss_and_terms_are_those_of_one_process_on_the_joined_batch(
    results: list[dict[str, Any]], task: str, name: str
) -> None:
    expected, found = one_process(task, name), [result[f"{task}-{name}"] for result in results]
    for term, value in {"loss": expected["loss"], **expected["terms"]}.items():
        average = sum((part | part["terms"])[term].item() for part in found) / 2
        assert average == pytest.approx(value.item(), abs=EXACT), term


@pytest.mark.parametrize(("task", "name"), CASES)
def test_averaged_gradients_are_those_of_one_process_on_the_joined_batch(
    results: list[dict[str, Any]], task: str, name: str
) -> None:
    expected = one_process(task, name)["gradients"]
    for result in results:
        found = result[f"{task}-{name}"]["gradients"]
        assert set(found) == set(expected)
        for parameter, gradient in expected.items():
            torch.testing.assert_close(found[parameter], gradient, rtol=1e-9, atol=EXACT, msg=parameter)


@pytest.mark.parametrize("name", two_processes.TRAININGS)
def test_two_processes_train_the_weights_that_one_trains(
    results: list[dict[str, Any]], tmp_path: Path, name: str
) -> None:
    """Six steps of AdamW, clipped, with shares of 3 + 2 and 1 + 1 items. Adam divides gradients by their size, which
    makes rounding errors of some 1e-16 visible at 1e-9, but a rate of 1e-3 scales them down again."""
    expected = two_processes.train(name, tmp_path)
    start = tiny.model(**two_processes.TRAININGS[name][0]).state_dict()
    for result in results:
        for parameter, weight in expected["weights"].items():
            torch.testing.assert_close(result[name]["weights"][parameter], weight, rtol=0, atol=1e-9, msg=parameter)
        assert result[name]["best"] == expected["best"] == 2
    moved = {key: (value - start[key]).abs().max().item() for key, value in expected["weights"].items()}
    assert moved["fusion.output.weight"] > 1e-3
    assert [result[name]["kept"] for result in results] == [[0, 0], []]


def test_a_last_batch_with_fewer_items_than_processes_is_left_out(results: list[dict[str, Any]]) -> None:
    first, second = (result[two_processes.ODD] for result in results)
    assert len(first["means"]) == len(second["means"]) == 2
    assert all(torch.equal(weight, second["weights"][name]) for name, weight in first["weights"].items())


@pytest.mark.parametrize("name", two_processes.TRAININGS)
def test_two_processes_record_the_means_over_all_items(
    results: list[dict[str, Any]], tmp_path: Path, name: str
) -> None:
    expected = two_processes.train(name, tmp_path)["means"]
    for mean, wanted in zip(results[0][name]["means"], expected, strict=True):
        assert mean["loss"] == pytest.approx(wanted["loss"], abs=1e-6)
        assert mean["task"] == pytest.approx(wanted["task"], abs=1e-6)


def test_without_gathering_the_contrast_and_its_gradients_differ(results: list[dict[str, Any]]) -> None:
    """The negative control: the equalities above are due to the keys of the other process."""
    expected, found = one_process("regression", "joined"), [result["not gathered"] for result in results]
    for term, value in expected["terms"].items():
        average = sum(part["terms"][term].item() for part in found) / 2
        assert (abs(average - value.item()) < EXACT) == (term == "task"), term
    difference = found[0]["gradients"]["view_2.text.linear.weight"] - expected["gradients"]["view_2.text.linear.weight"]
    assert difference.abs().max() > 1e-4


def test_one_process_alone_gathers_and_averages_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = torch.arange(6.0).view(3, 2)
    joined, first = gather_rows(rows)
    assert joined is rows
    assert (first, rank(), world_size()) == (0, 0, 1)
    assert global_mean(rows[:, 1]).item() == 3.0
    assert global_mean(rows[:0, 1]).item() == 0.0
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert not launched()
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert launched()
