"""The average of the weights: its formula, that it is what gets scored and kept, and that a resumed one goes on."""

import signal
from pathlib import Path

import pytest
import torch
from torch import nn

import training
from mlcl.errors import Interrupted
from mlcl.train.averaging import WeightAverage
from mlcl.train.state import TrainState


def test_the_average_follows_its_formula() -> None:
    parameter = nn.Parameter(torch.tensor([3.0], dtype=torch.float64))
    average, expected = WeightAverage([parameter], 0.5), 3.0
    for step, value in enumerate((5.0, 1.0, -2.0, 7.0, 7.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0), 1):
        with torch.no_grad():
            parameter.fill_(value)
        average.update()
        keep = min(0.5, step / (step + 9))
        expected = keep * expected + (1 - keep) * value
        with average.applied():
            assert parameter.item() == pytest.approx(expected, abs=1e-12)
        assert parameter.item() == value


class Watched(training.Run):
    """A run that remembers the output weights that each scoring saw."""

    def score(self) -> dict[str, float | None]:
        self.seen = [*getattr(self, "seen", []), self.model.fusion.output.weight.detach().clone()]
        return super().score()


def test_training_goes_on_from_its_own_weights_and_keeps_the_averaged_ones(tmp_path: Path) -> None:
    """The trajectory does not depend on the averaging; what is scored does."""
    plain, averaged = (Watched(tmp_path / str(decay), settings={"average": decay}) for decay in (0.0, 0.9))
    plain.fit()
    averaged.fit()
    assert training.same(plain.model, averaged.model)
    assert len(averaged.seen) == 3
    assert all(not torch.equal(a, b) for a, b in zip(plain.seen, averaged.seen, strict=True))


def test_a_resumed_training_has_the_same_average(tmp_path: Path) -> None:
    whole = Watched(tmp_path / "whole", settings={"average": 0.9}, dropout=0.1)
    whole.fit()

    def stop(state: TrainState) -> None:
        if (state.epoch, state.step) == (1, 1):
            signal.raise_signal(signal.SIGINT)

    first, second = (Watched(tmp_path / "parts", settings={"average": 0.9}, dropout=0.1) for _ in range(2))
    first.recorder.at_step = stop
    with pytest.raises(Interrupted):
        first.fit()
    second.recorder.epochs += first.recorder.epochs
    second.fit()
    assert len(whole.seen) == len(first.seen) + len(second.seen) == 3
    assert all(torch.equal(a, b) for a, b in zip(whole.seen, [*first.seen, *second.seen], strict=True))


def test_without_a_decay_nothing_is_kept() -> None:
    average = WeightAverage([nn.Parameter(torch.ones(2))], 0.0)
    average.update()
    assert average.parameters == average.averages == []
