"""What ``import mlcl`` offers, and what it costs."""

import inspect
import subprocess
import sys
from typing import Any

import pytest

import mlcl

OFFERED = [
    "AutoMultimodalModel",
    "BiModalContrast",
    "MLCLConfig",
    "MLCLModel",
    "MlclError",
    "TrainedRun",
    "TriModalContrast",
    "UniModalContrast",
    "info_nce",
    "load_release_weights",
    "read_corpus",
    "train",
]


def python(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_names_are_these_and_each_is_there() -> None:
    assert sorted(mlcl.__all__) == mlcl.__all__ == OFFERED
    assert set(OFFERED) <= set(dir(mlcl))
    assert all(callable(getattr(mlcl, name)) for name in OFFERED)
    assert mlcl.MLCLModel.config_class is mlcl.MLCLConfig


def test_a_name_that_is_not_offered_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"^module 'mlcl' has no attribute 'MLCL'$"):
        mlcl.MLCL  # noqa: B018


def test_importing_the_package_imports_no_torch() -> None:
    heavy = "[name for name in ('torch', 'transformers', 'pandas', 'numpy', 'rich') if name in sys.modules]"
    assert python(f"import sys, mlcl; mlcl.MlclError; dir(mlcl); mlcl.train; print(*{heavy})") == []


def test_train_is_a_function_and_a_package_in_either_order() -> None:
    """The package of the training loop has the same name; importing it must not hide the function."""
    first = "import mlcl; print(callable(mlcl.train)); from mlcl.train import stopping; print(callable(mlcl.train))"
    other = "from mlcl.train import stopping as s; import mlcl; print(callable(mlcl.train), mlcl.train.stopping is s)"
    assert python(first) + python(other) == ["True"] * 4
    from mlcl.runs import start

    assert inspect.signature(start.train).parameters["quiet"].default is True
    calls: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(start, "train", lambda *given, **named: calls.append((given, named)))
        mlcl.train("mosi", seed=1)
    assert calls == [(("mosi",), {"seed": 1})]


@pytest.mark.parametrize(
    "code",
    [
        "from transformers import AutoConfig, AutoModel; import mlcl",
        "import mlcl.models; from transformers import AutoConfig",
    ],
)
def test_transformers_knows_the_models(code: str) -> None:
    assert python(f"{code}; print(type(AutoConfig.for_model('mlcl_mag')).__name__)") == ["MAGConfig"]
