"""Writer of the MMSA layout."""

import logging
from pathlib import Path
from typing import Any

import numpy as np

from mlcl.data.align import SubWordTokenizer
from mlcl.data.corpus import Corpus, Split
from mlcl.data.formats.arrays.arrays import AUDIO_AND_VISION
from mlcl.data.formats.arrays.writing import FILE_NAMES, check_common, padded, refuse
from mlcl.data.formats.items.pickled import write_pickle
from mlcl.data.formats.mmsa.labels import KEYS
from mlcl.data.formats.mmsa.text_bert import under_tokens
from mlcl.errors import DataError

_log = logging.getLogger(__name__)

_SIGNS = ("Negative", "Neutral", "Positive")


def write(corpus: Corpus, path: Path, *, tokenizer: SubWordTokenizer | None = None) -> None:
    """Write a corpus in the MMSA layout.

    Format:
        As `mmsa.read` takes it, padded with zeros behind. A word-aligned corpus becomes an aligned file with one row
        per word; any other an unaligned one with audio_lengths and vision_lengths. A regression without named labels
        gets regression_labels, and classification_labels by their sign unless all are -1 or 1; annotations tell the
        sign. A classification gets classification_labels, and for two classes regression_labels
        of -1 and 1.

        MMSA's models with a BERT need text_bert, the ids of one tokenizer: it is written where a tokenizer is given.
        Rows of a word-aligned corpus then stand under the sub-words, as these models expect, each sub-word with a copy
        of its word's; token_words tells the words apart, so that reading gives the same corpus.

    Raises:
        DataError: If the layout cannot hold the corpus, with what would be lost; or if `path` exists.
    """
    check_common(corpus, path, "MMSA")
    spoken = any(words for split in corpus.splits.values() for words in split.main.words)
    if tokenizer is not None and not spoken:
        raise DataError("cannot be written with text_bert: the corpus has no words; leave --text out", path=path)
    steps = _steps(corpus)
    data = {name: _split(corpus, name, spoken, steps, path) for name in corpus.splits}
    if tokenizer is not None:
        for name, arrays in under_tokens(corpus, tokenizer, path).items():
            data[name] |= arrays
    write_pickle({FILE_NAMES.get(name, name): arrays for name, arrays in data.items()}, path)
    if tokenizer is None and spoken:
        _log.warning(
            "note: %s: without text_bert, which MMSA's models with a BERT need: name their tokenizer with --text", path
        )


def _split(corpus: Corpus, name: str, spoken: bool, steps: dict[str, int], path: Path) -> dict[str, Any]:
    split = corpus.splits[name]
    rows = split.main.rows
    arrays: dict[str, Any] = {"id": list(split.ids)}
    if spoken or "text" not in rows:
        if "text" in rows:
            raise refuse(path, "the word vectors, which MMSA reads only where there are no words,", "leave them out")
        arrays["raw_text"] = [_text(words, f"{name}[{index}]", path) for index, words in enumerate(split.main.words)]
    elif any(len(item) and not item[-1].any() for item in (rows["text"][index] for index in range(len(split)))):
        raise refuse(path, "word vectors of zeros at the end of an item", "leave them out of the corpus")
    else:
        arrays["text"] = padded(rows["text"], steps["text"])
    for ours, theirs in AUDIO_AND_VISION.items():
        if ours in rows:
            arrays[theirs] = padded(rows[ours], steps[ours])
            if not corpus.word_aligned:
                arrays[f"{theirs}_lengths"] = rows[ours].lengths.tolist()
    return arrays | _labels(corpus, split, path)


def _steps(corpus: Corpus) -> dict[str, int]:
    """By kind of rows one more than the longest item of any split has: a step of padding shows at which end it is.

    Word-aligned rows of all kinds are equally long. Models of MMSA take the steps of train for those of every split.
    """
    steps: dict[str, int] = {}
    for split in corpus.splits.values():
        for kind, rows in split.main.rows.items():
            steps[kind] = max(steps.get(kind, 0), int(rows.lengths.max(initial=0)) + 1)
    return steps


def _text(words: list[str], place: str, path: Path) -> str:
    text = " ".join(words)
    if text.split() != words:
        odd = next(word for word in words if word.split() != [word])
        raise refuse(path, f"the word {odd[:40]!a} of {place}, which is empty or has white space inside,", "change it")
    return text


def _labels(corpus: Corpus, split: Split, path: Path) -> dict[str, Any]:
    other = set(split.columns) - set(KEYS)
    if other:
        step = f"keep one label, or name them as MMSA does: {', '.join(KEYS)}"
        raise refuse(path, f"the labels {', '.join(sorted(other))}", step)
    arrays: dict[str, Any] = {KEYS[name][0]: values for name, values in split.columns.items()}
    labels, classes = split.labels, KEYS["class"][0]
    if labels is None:
        return arrays
    if not split.columns and corpus.task == "classification":
        arrays[classes] = labels
        if np.isin(labels, (0, 1)).all() and len(corpus.classes) <= 2:
            arrays[KEYS["M"][0]] = 2 * labels - 1
    elif not split.columns:
        arrays[KEYS["M"][0]] = labels
        if not np.isin(labels, (-1, 1)).all():
            arrays[classes] = np.sign(labels) + 1
    names = corpus.label_classes.get("class", ()) or (corpus.classes if corpus.task == "classification" else ())
    if names and classes in arrays:
        arrays["annotations"] = ["" if np.isnan(value) else names[int(value)] for value in arrays[classes]]
    elif corpus.task == "regression" and not split.columns:
        arrays["annotations"] = [_SIGNS[int(sign) + 1] for sign in np.sign(labels)]
    return arrays
