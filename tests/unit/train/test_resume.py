"""Stopping and going on: bit for bit the training that was never stopped, and signals that behave."""

import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from mlcl.errors import Interrupted
from mlcl.train.state import TrainState
from training import Run, same

SETTINGS = {"accumulate": 2, "epochs": 2}  # of three steps


def test_the_same_seed_gives_the_same_weights_and_another_order_of_draws_outside_does_not_matter(
    tmp_path: Path,
) -> None:
    first, second = Run(tmp_path / "1", dropout=0.3), Run(tmp_path / "2", dropout=0.3)
    first.fit()
    torch.rand(17)
    second.fit()
    assert same(first.model, second.model)


class Undistributed:
    """In the place of `DistributedDataParallel`: the model as it is."""

    def __new__(cls, model: Any) -> Any:
        return model


@pytest.mark.parametrize("processes", [1, 2])
def test_a_training_stopped_after_any_step_goes_on_bit_for_bit(
    tmp_path: Path, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dropout is on, so a wrong random state shows; accumulation too, so a step has parts.

    Of two processes this is the first, alone with its share of each batch, and finds another's random state.
    """
    monkeypatch.setattr("mlcl.train.loop.DistributedDataParallel", Undistributed)
    monkeypatch.setattr("mlcl.train.loop.world_size", lambda: processes)
    monkeypatch.setattr("mlcl.train.loop._broadcast", lambda value: value)
    if processes > 1:
        monkeypatch.setattr("mlcl.train.checkpoint.restore_random_state", lambda state: None)
    whole = Run(tmp_path / "whole", dropout=0.3, settings=SETTINGS)
    expected = whole.fit()
    assert len(whole.recorder.gradients) == 6
    for stop in range(1, 7):
        folder = tmp_path / str(stop)

        def interrupt(state: TrainState, stop: int = stop) -> None:
            if 3 * state.epoch + state.step == stop:
                signal.raise_signal(signal.SIGINT)

        stopped = Run(folder, dropout=0.3, settings=SETTINGS, at_step=interrupt)
        place = f"epoch {(stop + 2) // 3}, step {stop % 3} of 3" if stop % 3 else f"after epoch {stop // 3} of 2"
        with pytest.raises(Interrupted, match=place):
            stopped.fit()
        torch.rand(stop)  # the process that goes on has drawn other numbers
        resumed = Run(folder, dropout=0.3, settings=SETTINGS)
        resumed.recorder.epochs += stopped.recorder.epochs
        state = resumed.fit()
        assert same(resumed.model, whole.model), stop
        assert len(stopped.recorder.gradients) + len(resumed.recorder.gradients) == 6
        for record, wanted in zip(state.history, expected.history, strict=True):
            assert {**record, "seconds": 0} == {**wanted, "seconds": 0}, stop


def test_a_finished_training_is_not_continued(tmp_path: Path) -> None:
    first, again = Run(tmp_path), Run(tmp_path)
    first.fit()
    state = again.fit()
    assert again.recorder.gradients == []
    assert same(first.model, again.model)
    assert state.epoch == 3


def test_the_previous_signal_handlers_are_put_back(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    Run(tmp_path).fit()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_second_signal_acts_at_once(tmp_path: Path) -> None:
    def twice(state: TrainState) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        Run(tmp_path, at_step=twice).fit()
