"""Reader and writer of the HKT layout: humor and sarcasm as punchlines with the sentences said before."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlcl.data.columns import fits, kept_columns
from mlcl.data.corpus import Corpus, Segment, Split
from mlcl.data.formats.items.pickled import label_cells, refuse_loss, write_pickle
from mlcl.data.formats.layout import Layout
from mlcl.data.formats.shared.builder import SegmentBuilder, SplitBuilder, build_corpus
from mlcl.data.formats.shared.source import Source, first_items
from mlcl.data.formats.shared.words import is_sequence
from mlcl.errors import DataError

_ITEM = ("punchline", "context", "id", "label")
_FEATURES = ("words", "visual", "acoustic", "hcf")
_ROWS = ("acoustic", "visual", "hcf")
_Features = tuple[list[str], *tuple[NDArray[np.floating], ...]]
_PUBLISHED = "hkt"  # the choice of columns that the loaders of the published files make


def sniff(data: object) -> bool:
    """Whether an object has this layout, judged by the first item of each split."""
    return any(
        is_sequence(item)
        and len(item) == len(_ITEM)
        and all(is_sequence(part) and len(part) == len(_FEATURES) for part in item[:2])
        for item in first_items(data)
    )


def read(data: object, source: Source) -> Corpus:
    """Read an object in the HKT layout.

    Format:
        A dict of splits ``train``, ``dev`` (or ``valid``, ``val``) and ``test``, any of which may be absent. A split is
        a list of ``((words, visual, acoustic, hcf), (words, visual, acoustic, hcf), id, label)``, punchline first, then
        context. The punchline's words are one string, or a list of words; the context's are a list of sentences, or one
        string. Rows (n, d) are numbers, row k belonging to the k-th word that white space separates, over all
        sentences. A context without words may have rows, as a published file has; they belong to no word and are left
        out. The label is a number or an array of shape (), (1,), (1, 1) or (1, 7); None or nan for every item of a
        split without labels.

    In files with exactly 91 visual and 81 acoustic columns, the published ones, visual columns 55 to 90 and acoustic
    columns 0 to 59 are read; otherwise all.

    Raises:
        DataError: If anything differs from the format, with the place.
    """
    builders = []
    for name, file_name, items in source.splits(data):
        builder = SplitBuilder(source, name, file_name, sentences=True)
        builder.context = context = SegmentBuilder(source, sentences=True)
        for index, item in enumerate(items):
            place = f"{file_name}[{index}]"
            punchline, before, identifier, label = source.parts(item, _ITEM, place)
            _add_punchline(builder.main, punchline, f"{place} punchline")
            _add_context(context, before, f"{place} context")
            builder.add(identifier, label, place)
        builders.append(builder)
    return build_corpus(source, builders, "hkt", kept_columns(_PUBLISHED) if fits(_PUBLISHED, source.widths) else None)


def _add_punchline(builder: SegmentBuilder, features: object, place: str) -> None:
    """Read one punchline: one sentence, perhaps given as a list of its words."""
    words, *rows = builder.source.parts(features, _FEATURES, place)
    _add(builder, [" ".join(_read_texts(builder.source, words, place))], rows, place)


def _add_context(builder: SegmentBuilder, features: object, place: str) -> None:
    """Read the sentences before one punchline; rows without any word are left out."""
    words, *rows = builder.source.parts(features, _FEATURES, place)
    sentences = _read_texts(builder.source, words, place)
    _add(builder, sentences, rows if any(map(str.split, sentences)) else [(), (), ()], place)


def _read_texts(source: Source, words: object, place: str) -> list[str]:
    texts = source.read_words([words] if isinstance(words, str | bytes) else words, place)
    source.spend(sum(map(len, texts)), place)
    return texts


def _add(builder: SegmentBuilder, sentences: list[str], rows: Sequence[object], place: str) -> None:
    """Split sentences into words and check that each word has its rows."""
    source = builder.source
    matrices = {name: source.matrix(value, name, place) for name, value in zip(_FEATURES[1:], rows, strict=True)}
    words = source.read_words([word for sentence in sentences for word in sentence.split()], place)
    counts = {"words": len(words), **{f"{name} rows": len(matrix) for name, matrix in matrices.items()}}
    if len(set(counts.values())) > 1:
        raise source.error(
            f"has {', '.join(f'{count} {name}' for name, count in counts.items())}; each word needs one row of each: "
            "check for empty sentences, punctuation set apart by white space, and words with a space inside",
            place,
        )
    builder.add(words, {name: matrices[name] for name in _ROWS}, sentences)


def write(corpus: Corpus, path: Path) -> None:
    """Write a corpus in the HKT layout.

    Raises:
        DataError: If there is something at `path` already, or the layout would lose something of the corpus.
    """
    refuse_loss(corpus, path, "hkt", set(_ROWS))
    if fits(_PUBLISHED, corpus.widths()):
        raise DataError(
            "cannot be written as hkt: of 91 visual and 81 acoustic columns its readers take some; "
            f"choose these with --columns {_PUBLISHED}, or write it --to folder",
            path=path,
        )
    write_pickle({name: _items(split, path) for name, split in corpus.splits.items()}, path)


def _items(split: Split, path: Path) -> list[object]:
    if split.context is None:
        raise DataError("cannot be written as hkt: the items have no context; write it --to mag or folder", path=path)
    main, context = _features(split.main, path), _features(split.context, path)
    if any(len(features[0]) != 1 for features in main):
        raise DataError("cannot be written as hkt: a punchline is one sentence there; write it --to folder", path=path)
    return [
        ((main[i][0][0], *main[i][1:]), context[i], split.ids[i], label) for i, label in enumerate(label_cells(split))
    ]


def _features(segment: Segment, path: Path) -> list[_Features]:
    """Per item sentences and rows; the punchline is one sentence."""
    found: list[_Features] = []
    for index, words in enumerate(segment.words):
        sentences = [" ".join(words)] if segment.sentences is None else segment.sentences[index]
        if " ".join(sentences).split() != words:
            raise DataError("cannot be written as hkt: a word holds white space; write it --to folder", path=path)
        visual, acoustic, hcf = (segment.rows[name][index] for name in _FEATURES[1:])
        found.append((sentences, visual, acoustic, hcf))
    return found


LAYOUT = Layout(
    "hkt",
    "pickle",
    sniff,
    read,
    "HKT: dict of train, dev, test lists of ((words, visual, acoustic, hcf), context, id, label)",
    write,
)
