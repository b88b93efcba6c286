"""The corpus an experiment names: a file, or the embedded planted corpus."""

import math
from pathlib import Path

from mlcl.config import DataConfig
from mlcl.data.columns import check_choice, choose_columns
from mlcl.data.corpus import Corpus
from mlcl.data.folds import refold
from mlcl.data.formats import read_corpus
from mlcl.data.synthetic import PlantedSettings, ceilings, planted_corpus
from mlcl.errors import DataError, UsageError
from mlcl.recipe import where_to_get

PLANTED = "planted"
_MOST_DIGITS = 6


def open_corpus(config: DataConfig, recipe: str) -> Corpus:
    """Read the corpus, with the columns that the experiment names and the splits of its fold.

    Raises:
        UsageError: If there is no such choice of columns.
        DataError: If the file is missing or not readable as a corpus.
        UsageError: If a fold is asked for that cannot be.
    """
    if config.columns is not None:
        check_choice(config.columns)
    corpus = _read(config, recipe)
    return corpus if config.fold is None else refold(corpus, config.fold)


def _read(config: DataConfig, recipe: str) -> Corpus:
    name, _, items = config.file.partition(":")
    if name == PLANTED:
        return planted_corpus(_planted_settings(items, config.task))
    path = Path(config.file)
    if not path.exists():
        raise DataError(f"no such file. {where_to_get(recipe)}. Then pass --data FILE", path=path)
    corpus = read_corpus(path)
    return corpus if config.columns is None else choose_columns(corpus, config.columns)


def best_reachable(config: DataConfig) -> dict[str, float] | None:
    """The best scores that any model of the configured modalities can reach; known for the embedded corpus only."""
    name, _, items = config.file.partition(":")
    if name != PLANTED:
        return None
    best = ceilings(_planted_settings(items, config.task), config.modalities)
    sign = best.pop("acc2", None)
    signs = {} if sign is None else {"acc2_has0": sign, "acc2_non0": sign}
    return {name: value for name, value in {**best, **signs}.items() if not math.isnan(value)}


def _planted_settings(items: str, task: str) -> PlantedSettings:
    """Settings of the embedded corpus: ``planted``, or ``planted:ITEMS`` for another size of the train split."""
    if items and not (items.isdecimal() and len(items) <= _MOST_DIGITS and int(items) > 0):
        raise UsageError(
            f"data.file = 'planted:{items[:40]}': the part after the colon is the number of train items, "
            "from 1 to 999999"
        )
    size = {"num_train": int(items)} if items else {}
    return PlantedSettings(task="classification" if task == "classification" else "regression", **size)
