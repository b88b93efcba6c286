"""Every model compiles: in a process of its own, since the checks of shapes in a test run cannot be traced."""

import inspect
import os
import subprocess
import sys

import pytest
import torch

from every_model import batch, build
from mlcl.models.registry import MODELS

pytestmark = pytest.mark.long

EXACT = 1e-12  # float64, values of order 1


def compare() -> None:
    """Predictions of each model, compiled and not; the backend runs what was traced as it is."""
    for name in MODELS:
        model = build(name)
        known = inspect.signature(model.forward).parameters
        given = {key: value for key, value in batch(range(7)).inputs(labels=False).items() if key in known}
        torch.compiler.reset()
        with torch.no_grad():
            compiled = torch.compile(model, backend="eager")(**given).logits
            torch.testing.assert_close(compiled, model(**given).logits, rtol=EXACT, atol=EXACT)
        print(name, flush=True)


def test_compiled_models_predict_the_same() -> None:
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, __file__], env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.split()) == (0, list(MODELS)), done.stderr[-2000:]


if __name__ == "__main__":
    compare()
