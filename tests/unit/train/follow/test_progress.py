"""The bar's terms fit their terminal, and a stage that is over does not end the next."""

import pytest

from mlcl.train.follow.progress import TrainProgress
from mlcl.train.state import TrainState

TERMS = {"loss": 123.4567, "task": 0.5, "umcl_text": 2.0, "umcl_visual": 4.0, "bmcl_text_visual": 10.0}
SHOWN = {  # by columns
    1: "",
    68: "",
    69: "loss 123.457",
    80: "loss 123.457 task 0.500",
    89: "loss 123.457 task 0.500",
    90: "loss 123.457 task 0.500 umcl 3.00",
    200: "loss 123.457 task 0.500 umcl 3.00 bmcl 10.00",
}


@pytest.mark.parametrize("columns", SHOWN)
def test_terms_are_whole_and_as_many_as_fit(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    progress = TrainProgress("mae")
    progress.step(TrainState(step=1, totals=TERMS, seen=1), 3, 2)
    assert progress.bar.tasks[0].fields["terms"] == SHOWN[columns]


def test_a_stage_that_is_over_does_not_end_the_next() -> None:
    progress = TrainProgress("mae")
    progress.step(TrainState(epoch=1, step=3), 3, 2)
    assert progress.bar.finished
    progress.announce("the model")
    progress.step(TrainState(step=1), 3, 2)
    assert not progress.bar.finished
    assert progress.bar.tasks[0].completed == 1
