"""Reader of MUStARD's texts: sarcasm_data.json, and the five folds that may lie beside it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mlcl.data.corpus import Corpus
from mlcl.data.formats.layout import Layout
from mlcl.data.formats.shared.builder import SplitBuilder
from mlcl.data.formats.shared.source import Source
from mlcl.data.formats.shared.words import is_sequence
from mlcl.data.formats.texts.labelled import NO_SPLIT, build_labelled
from mlcl.errors import DataError, UsageError
from mlcl.safe.text_file import first_value, read_json
from mlcl.safe.unpickler import load_pickle

_KEYS = ("utterance", "context", "sarcasm")
_PICKLES = (".p", ".pkl", ".pickle")

Fold = tuple[list[str], list[str]]


def sniff(path: Path) -> bool:
    """Whether a JSON file has items with an utterance, its context and whether it is sarcastic."""
    first = first_value(path)
    return isinstance(first, dict) and all(key in first for key in _KEYS)


def sniff_folder(path: Path) -> bool:
    """Whether a folder holds such a file."""
    return _json_in(path) is not None


def read(data: Path, source: Source, *, fold: int | None = None) -> Corpus:
    """Read the file, or a folder that holds it.

    Format:
        JSON, an object of items by id: ``utterance``, a text; ``context``, the list of texts before it; ``sarcasm``,
        true or false; and perhaps ``speaker``. Other keys are left out. There are no feature rows. The folds are a
        pickle in the same folder: a list of pairs of integer arrays, the numbers of train and test items.

    All items stand in ``train`` unless a fold is chosen. Fold k takes its own test items as ``test``, those of the next
    fold as ``dev``, and the rest of its train items as ``train``.

    Args:
        fold: Which fold to take, from 0, where the folder holds folds.

    Raises:
        DataError: If anything differs from the format, with the place.
        UsageError: If there is no such fold.
    """
    file = _json_in(data) if data.is_dir() else data
    if file is None:
        raise source.error("holds no JSON file with utterance, context and sarcasm")
    items = _items(source, file)
    folds = _folds(file, list(items))
    places = dict.fromkeys(items, "train") if fold is None else _choose(folds, fold)
    splits: dict[str, SplitBuilder] = {}
    for name in ("train", "dev", "test"):
        for identifier in (key for key in items if places.get(key) == name):
            split = splits.setdefault(name, SplitBuilder(source, name, name, context=True, sentences=True))
            _add(split, identifier, items[identifier], source)
    notes = [] if fold is not None else [NO_SPLIT]
    if folds and fold is None:
        notes.append(f"{len(folds)} folds lie beside the texts, of which none is chosen")
    return build_labelled(source, list(splits.values()), "mustard", notes=notes)


def _items(source: Source, file: Path) -> dict[str, object]:
    items = read_json(file)
    if not isinstance(items, dict) or not items:
        raise source.error(f"holds {type(items).__name__}, not an object of items by id")
    return items


def _add(split: SplitBuilder, identifier: str, item: object, source: Source) -> None:
    place = ascii(identifier[:60])[1:-1]
    if not isinstance(item, dict):
        raise source.error(f"is {type(item).__name__}, not an object with {', '.join(_KEYS)}", place)
    missing = [key for key in _KEYS if key not in item]
    if missing:
        found = ", ".join(ascii(key[:30]) for key in list(item)[:20]) or "nothing"
        raise source.error(f"has no {', '.join(missing)}; needed are {', '.join(_KEYS)}, found {found}", place)
    if not is_sequence(item["context"]):
        raise source.error(f"the context is {type(item['context']).__name__}, not a list of sentences", place)
    if item["sarcasm"] not in (0, 1):
        raise source.error(f"sarcasm is {str(item['sarcasm'])[:40]!a}, not true or false", place)
    split.add_text(item["utterance"], item["context"], place)
    split.add_labels(identifier, {"sarcasm": float(item["sarcasm"])}, place, speaker=item.get("speaker") or "")


def _json_in(folder: Path) -> Path | None:
    try:
        return next((entry for entry in sorted(folder.glob("*.json")) if entry.is_file() and sniff(entry)), None)
    except OSError:
        return None


def _folds(file: Path, ids: Sequence[str]) -> list[Fold]:
    """The folds beside a file; none if there is not exactly one pickle that lists them."""
    pickles = [entry for entry in sorted(file.parent.iterdir()) if entry.suffix in _PICKLES and entry.is_file()]
    if len(pickles) != 1:
        return []
    found = load_pickle(pickles[0])
    folds = []
    for number, pair in enumerate(found if is_sequence(found) else [found]):
        if not is_sequence(pair) or len(pair) != 2:
            raise DataError("is no list of folds: pairs of train and test item numbers", path=pickles[0])
        train, test = (_numbers(part, len(ids), pickles[0], f"fold {number}") for part in pair)
        if set(train) & set(test):
            raise DataError("an item stands in train and in test", path=pickles[0], place=f"fold {number}")
        folds.append(([ids[item] for item in train], [ids[item] for item in test]))
    return folds


def _numbers(value: object, items: int, path: Path, place: str) -> list[int]:
    if isinstance(value, np.ndarray) and value.ndim == 1:
        value = value.tolist() if 0 < len(value) <= items else ()
    numbers = [item for item in value if type(item) is int and 0 <= item < items] if is_sequence(value) else []
    if not is_sequence(value) or not 0 < len(set(numbers)) == len(value):
        raise DataError(f"item numbers must be whole, distinct, and from 0 to {items - 1}", path=path, place=place)
    return numbers


def _choose(folds: Sequence[Fold], fold: int) -> dict[str, str]:
    """The split of each item in one fold."""
    if not 0 <= fold < len(folds):
        allowed = f"there are {len(folds)}, counted from 0" if folds else "no folds lie beside the texts"
        raise UsageError(f"fold {fold}: {allowed}")
    train, test = folds[fold]
    dev = set(folds[(fold + 1) % len(folds)][1]) & set(train)
    return {**{key: "dev" if key in dev else "train" for key in train}, **dict.fromkeys(test, "test")}


_SUMMARY = "MUStARD: JSON object of items with utterance, context, sarcasm"
_OPTIONS = ("fold",)
LAYOUT = Layout("mustard", "text", sniff, read, _SUMMARY, read_options=_OPTIONS)
FOLDER_LAYOUT = Layout(
    "mustard", "folder", sniff_folder, read, f"{_SUMMARY}, in a folder with its folds", read_options=_OPTIONS
)
