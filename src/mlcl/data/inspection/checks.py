"""Checks of labels, texts and rows."""

from collections.abc import Iterator

import numpy as np

from mlcl.data.corpus import SPLITS, Corpus, Ragged, Split
from mlcl.data.inspection.measures import has_content
from mlcl.data.inspection.result import Finding

_SENSES = ("acoustic", "visual")
_SHOWN = 8  # numbers of columns


def check_labels(corpus: Corpus) -> Iterator[Finding]:
    """Find splits and labels that are missing, constant, or not what the file declares."""
    missing = [name for name in SPLITS if name not in corpus.splits]
    if missing:
        yield Finding(
            "split-missing", "", f"there is no {' and no '.join(missing)} split; training needs train and dev"
        )
    labelled = {name: _labelled(split) for name, split in corpus.splits.items()}
    for name, having in labelled.items():
        lacking = int((~having).sum())
        if lacking == len(having) and name != "test" and any(other.any() for other in labelled.values()):
            yield Finding("labels-missing", name, "no item has a label, while those of other splits have")
        elif lacking:
            yield Finding("unlabelled", name, f"{_items(lacking)} of {len(having)} without a label")
    for name, split in corpus.splits.items():
        yield from _check_values(corpus, name, split)
    yield from _check_train(corpus)


def check_content(corpus: Corpus) -> Iterator[Finding]:
    """Find empty texts, missing modalities and rows that tell nothing."""
    spoken = {name: np.array([bool(words) for words in split.main.words]) for name, split in corpus.splits.items()}
    kinds = list(corpus.widths())
    seen = {kind: {name: _content(split, kind) for name, split in corpus.splits.items()} for kind in kinds}
    whole = {kind for kind, splits in seen.items() if any(having.any() for having in splits.values())}
    if not whole and not any(having.any() for having in spoken.values()):
        yield Finding("no-content", "", "no item has words, or rows other than zeros")
        return
    if not any(having.any() for having in spoken.values()):
        yield Finding("no-text", "", "the file has no words; text is learned from vectors, where it has them")
    else:
        for name, having in spoken.items():
            if not having.all():
                yield Finding("empty-text", name, f"{_items(int((~having).sum()))} of {len(having)} without words")
    for kind in (*_SENSES, *(kind for kind in kinds if kind not in _SENSES)):
        if kind not in whole:
            what = "all of its rows are zero" if kind in kinds else "the file has no such rows"
            yield Finding("modality-absent", kind, f"{what}; it counts as absent")
        else:
            for name, having in seen[kind].items():
                if not having.all():
                    text = f"{_items(int((~having).sum()))} of {len(having)} without rows other than zeros"
                    yield Finding("modality-missing", f"{name}/{kind}", text)
    for place, count in corpus.repaired.items():
        yield Finding("non-finite", place, f"{count} rows held -inf, inf or nan, which are read as 0")
    for kind in kinds:
        if kind in whole:
            yield from _check_columns(corpus, kind)


def _check_values(corpus: Corpus, name: str, split: Split) -> Iterator[Finding]:
    """Labels against the range or the classes that the file declares."""
    if split.labels is None:
        return
    labels = split.labels[~np.isnan(split.labels)]
    if corpus.task == "classification" and corpus.classes:
        wrong = labels[(labels % 1 != 0) | (labels < 0) | (labels >= len(corpus.classes))]
        allowed = f"the {len(corpus.classes)} classes 0 to {len(corpus.classes) - 1}"
    elif corpus.label_range:
        least, most = corpus.label_range
        wrong, allowed = labels[(labels < least) | (labels > most)], f"the range {least:g} to {most:g}"
    else:
        return
    if len(wrong):
        yield Finding("label-range", name, f"{_items(len(wrong))} with a label outside {allowed}, as {wrong[0]:g}")


def _check_train(corpus: Corpus) -> Iterator[Finding]:
    """Labels that cannot be learned from train."""
    train = corpus.splits.get("train")
    if train is None or not _labelled(train).any() or train.labels is None:
        return
    known = np.unique(train.labels[~np.isnan(train.labels)])
    if len(known) == 1:
        yield Finding("label-constant", "train", f"every label is {known[0]:g}; there is nothing to learn")
    if corpus.task != "classification":
        return
    wanted = np.arange(len(corpus.classes) or 2, dtype=np.float64)
    lacking = np.setdiff1d(wanted, known)
    if len(lacking) and len(known) > 1:
        names = [corpus.classes[int(value)] if corpus.classes else f"{value:g}" for value in lacking]
        yield Finding("class-missing", "train", f"no item of class {', '.join(names)}, which cannot be learned")


def _check_columns(corpus: Corpus, kind: str) -> Iterator[Finding]:
    """Columns that never change, and rows that do not change within any item."""
    parts = [split.main.rows[kind] for split in corpus.splits.values() if kind in split.main.rows]
    filled = [rows.values for rows in parts if len(rows.values)]
    least = np.min([values.min(axis=0) for values in filled], axis=0)
    most = np.max([values.max(axis=0) for values in filled], axis=0)
    constant = np.flatnonzero(least == most)
    if len(constant):
        shown = ", ".join(map(str, constant[:_SHOWN].tolist())) + (", ..." if len(constant) > _SHOWN else "")
        text = f"{len(constant)} of {len(least)} columns never change: {shown}"
        yield Finding("column-constant", kind, text)
    if all(map(_repeats, parts)) and any(bool((rows.lengths > 1).any()) for rows in parts):
        yield Finding("rows-repeated", kind, "every item repeats one row: the file has one vector per item, no course")


def _repeats(rows: Ragged) -> bool:
    """Whether no row differs from its item's first."""
    return not any((rows[item] != rows[item][:1]).any() for item in range(len(rows)))


def _labelled(split: Split) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    return np.zeros(len(split), bool) if split.labels is None else ~np.isnan(split.labels)


def _content(split: Split, kind: str) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    return has_content(split.main.rows[kind]) if kind in split.main.rows else np.zeros(len(split), bool)


def _items(count: int) -> str:
    return f"{count} item{'' if count == 1 else 's'}"
