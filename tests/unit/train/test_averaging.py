"""The average of the weights: its formula, that it is what gets scored and kept, and that a resumed one goes on."""

from pathlib import Path

import pytest
import torch
from torch import nn

import training
from mlcl.errors import Interrupted
from mlcl.train.averaging import WeightAverage


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


def test_training_goes_on_from_its_own_weights_and_keeps_the_averaged_ones(tmp_path: Path) -> None:
    """The trajectory does not depend on the averaging; what is scored does."""
    seen: dict[float, list[torch.Tensor]] = {}
    ends = {}
    for decay in (0.0, 0.9):
        run = training.Run(tmp_path / str(decay), settings={"average": decay})
        scored = seen.setdefault(decay, [])
        plain_score = run.score

        def score(run: training.Run = run, scored: list[torch.Tensor] = scored, plain=plain_score):  # type: ignore[no-untyped-def]
            scored.append(run.model.fusion.output.weight.detach().clone())
            return plain()

        run.score = score  # type: ignore[method-assign]
        run.fit()
        ends[decay] = run.model
    assert training.same(ends[0.0], ends[0.9])
    assert len(seen[0.9]) == 3
    assert all(not torch.equal(a, b) for a, b in zip(seen[0.0], seen[0.9], strict=True))


def test_a_resumed_training_has_the_same_average(tmp_path: Path) -> None:
    scored: dict[str, list[torch.Tensor]] = {"whole": [], "parts": []}

    def run(name: str) -> training.Run:
        made = training.Run(tmp_path / name, settings={"average": 0.9}, dropout=0.1)
        plain = made.score

        def score() -> dict[str, float | None]:
            scored[name].append(made.model.fusion.output.weight.detach().clone())
            return plain()

        made.score = score  # type: ignore[method-assign]
        return made

    run("whole").fit()
    first = run("parts")

    def stop(state: object) -> None:
        import os
        import signal

        if len(first.recorder.totals) == 4:
            os.kill(os.getpid(), signal.SIGINT)

    first.recorder.at_step = stop
    with pytest.raises(Interrupted):
        first.fit()
    second = run("parts")
    second.recorder.epochs = list(first.recorder.epochs)
    second.fit()
    assert len(scored["whole"]) == len(scored["parts"]) == 3
    assert all(torch.equal(a, b) for a, b in zip(scored["whole"], scored["parts"], strict=True))


def test_without_a_decay_nothing_is_kept() -> None:
    average = WeightAverage([nn.Parameter(torch.ones(2))], 0.0)
    average.update()
    assert average.parameters == average.averages == []
