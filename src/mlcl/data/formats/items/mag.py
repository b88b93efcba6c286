"""Reader and writer of the MAG layout: MOSI and MOSEI as one list of word-aligned items per split."""

from pathlib import Path

import numpy as np

from mlcl.data.corpus import Corpus, Split
from mlcl.data.formats.items.aligned import Parts, read_aligned
from mlcl.data.formats.items.pickled import label_cells, refuse_loss, write_pickle
from mlcl.data.formats.layout import Layout
from mlcl.data.formats.shared.source import Source, first_items
from mlcl.data.formats.shared.words import is_sequence
from mlcl.errors import DataError

_ITEM = ("(words, visual, acoustic)", "label", "segment")
_FEATURES = ("words", "visual", "acoustic")


def sniff(data: object) -> bool:
    """Whether an object has this layout, judged by the first item of each split."""
    return any(
        is_sequence(item) and len(item) == len(_ITEM) and is_sequence(item[0]) and len(item[0]) == len(_FEATURES)
        for item in first_items(data)
    )


def read(data: object, source: Source) -> Corpus:
    """Read an object in the MAG layout.

    Format:
        A dict of splits ``train``, ``dev`` (or ``valid``, ``val``) and ``test``, any of which may be absent. A split is
        a list of ``((words, visual, acoustic), label, segment)``: n words; (n, d_visual) and (n, d_acoustic) numbers,
        row k belonging to word k; the label as a number or as an array of shape (), (1,), (1, 1) or (1, 7), MOSEI's
        sentiment and six emotions, each a label by its name; None or nan for every item of a split without labels; the
        segment's id.

    Raises:
        DataError: If anything differs from the format, with the place.
    """

    def parts(item: object, place: str) -> Parts:
        features, label, segment = source.parts(item, _ITEM, place)
        words, visual, acoustic = source.parts(features, _FEATURES, place)
        return words, visual, acoustic, label, segment

    return read_aligned(source, data, "mag", parts)


def write(corpus: Corpus, path: Path) -> None:
    """Write a corpus in the MAG layout. Labels become arrays (1, 1), as in the published files.

    Raises:
        DataError: If there is something at `path` already, or the layout would lose something of the corpus.
    """
    refuse_loss(corpus, path, "mag", {"acoustic", "visual"})
    if corpus.has_context:
        raise DataError("cannot be written as mag: context would be lost; write it --to hkt or folder", path=path)
    write_pickle({name: _items(split) for name, split in corpus.splits.items()}, path)


def _items(split: Split) -> list[object]:
    main, labels = split.main, label_cells(split)
    return [
        (
            (words, main.rows["visual"][index], main.rows["acoustic"][index]),
            None if labels[index] is None else np.array([[labels[index]]]),
            split.ids[index],
        )
        for index, words in enumerate(main.words)
    ]


LAYOUT = Layout(
    "mag",
    "pickle",
    sniff,
    read,
    "MAG: dict of train, dev, test lists of ((words, visual, acoustic), label, segment)",
    write,
)
