"""Cross-validation: all items of a file, dealt into folds that keep groups whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlcl.config import DataConfig, FoldConfig
from mlcl.data.corpus import Corpus, Segment, Split, take
from mlcl.data.labels import choose_label, target_of
from mlcl.data.resplit import groups_of, join
from mlcl.data.split import divide, k_folds
from mlcl.errors import DataError, UsageError
from mlcl.files import sha256
from mlcl.safe.text_file import read_json
from mlcl.safe.unpickler import load_pickle

Items = NDArray[np.int64]
_PARTS = ("train", "dev", "test")
_PICKLES = (".p", ".pkl", ".pickle")
DEV_SHARE = 0.15
"""How much of what is not test becomes dev."""


@dataclass(frozen=True, eq=False)
class Fold:
    """Indices of the items of one fold, each in one part at most.

    Attributes:
        train: To learn from; normalisation is fitted on them alone.
        dev: To choose the epoch.
        test: To be predicted.
    """

    train: Items
    dev: Items
    test: Items


def pool(corpus: Corpus) -> Split:
    """All items of the corpus; raises a DataError if some have no labels, or the splits cannot be joined."""
    for name, split in corpus.splits.items():
        if split.labels is None:
            raise DataError("a split without labels; cross-validation needs them all", path=corpus.path, place=name)
    try:
        return join(list(corpus.splits.values()))
    except DataError as error:
        raise DataError(str(error), path=corpus.path) from error


def deal(items: Split, config: FoldConfig) -> list[Fold]:
    """All folds of a cross-validation; the same for the same items, `of`, `by`, `seed` and `lists`.

    Groups stay whole: an item's group is never in two parts of a fold. Labels are spread evenly as far as groups allow.

    Raises:
        UsageError: If there are too few groups, or as many lists are given as `of` does not say.
        DataError: If the file does not name the groups, or the lists do not fit the items.
    """
    groups = groups_of(items, config.by)
    if config.lists is not None:
        return _listed(items, groups, config, Path(config.lists))
    tests = k_folds(groups, config.of, config.seed, items.labels)
    return [_fold(items, groups, test, config.seed) for test in tests]


def labelled_folds(corpus: Corpus, folds: Sequence[Fold], config: DataConfig) -> tuple[list[Fold], NDArray[np.float64]]:
    """The folds as they are learnt, without items that lack the chosen label, and the (items,) labels.

    Raises:
        UsageError: If the file has no such label.
        DataError: If no test item of a fold has one, or the folds have different numbers of classes.
    """
    chosen = corpus if config.label is None else choose_label(corpus, config.label)
    parts = [np.full(len(s), np.nan) if s.labels is None else s.labels for s in chosen.splits.values()]
    labels, kept, numbers = np.concatenate(parts), [], set()
    for number, fold in enumerate(folds, 1):
        known = Fold(**{name: items[~np.isnan(labels[items])] for name, items in vars(fold).items()})
        if not len(known.test):
            raise DataError(f"no test item of fold {number} has a label; choose another with --set data.label=NAME")
        values = labels[np.concatenate(list(vars(known).values()))]
        target = target_of(chosen.with_splits({"all": Split([], Segment([]), labels=values)}), config.task)
        numbers.add(target.num_classes)
        kept.append(known)
    if len(numbers) > 1:
        raise DataError(
            f"the folds have {' and '.join(map(str, sorted(numbers)))} classes: name all classes in the data, or list "
            "items of each in every fold",
            path=corpus.path,
        )
    return kept, labels


def refold(corpus: Corpus, config: FoldConfig) -> Corpus:
    """The corpus with the splits of one fold.

    Raises:
        UsageError: If there is no fold of that number, or `deal` refuses.
        DataError: If `pool` or `deal` does.
    """
    if config.number > config.of:
        raise UsageError(f"data.fold.number = {config.number}: must be from 1 to {config.of}")
    items = pool(corpus)
    fold = deal(items, config)[config.number - 1]
    return corpus.with_splits({name: take(items, part) for name, part in vars(fold).items()})


def grouping(items: Split, folds: int) -> Literal["item", "video", "speaker"]:
    """The strictest grouping that fits: speakers, else videos, if there are two or more for each fold."""
    for by in ("speaker", "video"):
        try:
            groups = groups_of(items, by)
        except DataError:
            continue
        if len(set(groups)) >= 2 * folds:
            return by
    return "item"


def advised_grouping(corpus: Corpus) -> Literal["item", "video", "speaker"]:
    """By what a corpus had best be divided into splits, where its largest split has four groups and more."""
    return grouping(max(corpus.splits.values(), key=len), 2)


def listed_folds(path: str) -> int:
    """How many folds a file lists; raises a DataError if it is no such file."""
    return len(_lists(Path(path)))


def lists_hash(config: FoldConfig) -> str | None:
    """Hash of the file with the lists; None where folds are dealt. Raises a DataError if it cannot be read."""
    if config.lists is None:
        return None
    try:
        return sha256(config.lists)
    except OSError as error:
        raise DataError(f"cannot be read: {(error.strerror or str(error)).lower()}", path=config.lists) from None


def _fold(items: Split, groups: Sequence[str], test: Items, seed: int) -> Fold:
    """Divide what is not test into train and dev."""
    rest = np.setdiff1d(np.arange(len(items)), test)
    train, dev = _carve(items, groups, rest, seed)
    return Fold(train, dev, test)


def _carve(items: Split, groups: Sequence[str], rest: Items, seed: int) -> tuple[Items, Items]:
    labels = None if items.labels is None else items.labels[rest]
    train, dev = divide([groups[item] for item in rest], (1 - DEV_SHARE, DEV_SHARE), seed, labels)
    return rest[train], rest[dev]


def _listed(items: Split, groups: Sequence[str], config: FoldConfig, path: Path) -> list[Fold]:
    """Folds as a file lists them; where it lists no dev items, they are taken from train by `groups`."""
    parts = _lists(path)
    if len(parts) != config.of:
        raise UsageError(f"{path} lists {len(parts)} folds, data.fold.of is {config.of}")
    place = {identifier: index for index, identifier in enumerate(items.ids)}
    if len(place) < len(items):
        place = {}  # ids that stand twice name no item
    folds = []
    for number, part in enumerate(parts, 1):
        where = f"fold {number}"
        if not part.get("train") or not part.get("test"):
            raise DataError("lists no train or no test items", path=path, place=where)
        found = {name: _indices(values, place, len(items), path, f"{where}, {name}") for name, values in part.items()}
        every = np.concatenate(list(found.values()))
        if len(np.unique(every)) < len(every):
            raise DataError("lists an item twice", path=path, place=where)
        if "dev" not in found:
            found["train"], found["dev"] = _carve(items, groups, found["train"], config.seed)
        folds.append(Fold(**found))
    tested = np.concatenate([fold.test for fold in folds])
    if len(np.unique(tested)) < len(tested):
        raise DataError("an item is in the test part of two folds", path=path)
    return folds


def _lists(path: Path) -> list[dict[str, list[Any]]]:
    """The folds of a JSON file, or of a pickle of pairs of train and test items."""
    if path.suffix in _PICKLES:
        found: Any = load_pickle(path)
        listed = isinstance(found, list | tuple) and all(isinstance(pair, list | tuple) for pair in found)
        pairs = [[_plain(part) for part in pair] for pair in found] if listed else []
        folds = [dict(zip(("train", "test"), pair, strict=True)) for pair in pairs if len(pair) == 2]
        right = bool(folds) and len(folds) == len(pairs)
    else:
        content = read_json(path)
        folds = content.get("folds", []) if isinstance(content, dict) else []
        right = isinstance(folds, list) and bool(folds) and all(isinstance(fold, dict) for fold in folds)
    if not right or any(not isinstance(fold.get(name, []), list) for fold in folds for name in _PARTS):
        raise DataError(
            'not of the form {"folds": [{"train": [...], "test": [...]}, ...]}, nor a pickle of pairs', path=path
        )
    return [{name: fold[name] for name in _PARTS if name in fold} for fold in folds]


def _plain(part: Any) -> Any:
    return part.tolist() if isinstance(part, np.ndarray) else part


def _indices(values: Sequence[Any], place: dict[str, int], count: int, path: Path, where: str) -> Items:
    """Items named by id, or by their number in the file from 0."""
    found = []
    for value in values:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count:
            found.append(value)
        elif isinstance(value, str) and value in place:
            found.append(place[value])
        else:
            raise DataError(f"{value!r} is no item: give ids, or numbers from 0 to {count - 1}", path=path, place=where)
    return np.array(found, np.int64)
