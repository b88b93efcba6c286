"""Reader of the MISA layout: cached item lists, one pickle per split or all in one."""

from pathlib import Path

from mlcl.data.corpus import SPLITS, Corpus
from mlcl.data.formats.items.aligned import Parts, read_aligned
from mlcl.data.formats.layout import Layout
from mlcl.data.formats.shared.source import SPLIT_NAMES, Source, first_items
from mlcl.data.formats.shared.words import is_sequence
from mlcl.safe.unpickler import load_pickle

_FEATURES = ("word ids", "visual", "acoustic", "words")
_ITEM = (f"({', '.join(_FEATURES)})", "label", "segment")
_SUFFIX = ".pkl"


def sniff(data: object) -> bool:
    """Whether an object has this layout, judged by the first item of each split."""
    return any(
        is_sequence(item)
        and len(item) in (len(_ITEM) - 1, len(_ITEM))
        and is_sequence(item[0])
        and len(item[0]) == len(_FEATURES)
        and not is_sequence(item[1])
        for item in first_items(data)
    )


def sniff_folder(folder: Path) -> bool:
    """Whether a folder has one pickle per split, and nothing else that is one."""
    try:
        names = {file.stem for file in folder.iterdir() if file.suffix == _SUFFIX}
    except OSError:
        return False
    return bool(names) and names <= set(SPLIT_NAMES)


def read(data: object, source: Source) -> Corpus:
    """Read an object in the MISA layout.

    Format:
        A dict of splits ``train``, ``dev`` (or ``valid``, ``val``) and ``test``, any of which may be absent. A split is
        a list of ``((word ids, visual, acoustic, words), label, segment)``, or without the segment as UR-FUNNY's are: n
        words; (n, d_visual) and (n, d_acoustic) numbers, row k belonging to word k. The label is a number or an array
        of shape (), (1,), (1, 1), or (1, 7) as MOSEI's, of which every column gets its name. The word ids, numbers of
        one vocabulary, are not used.

    Raises:
        DataError: If anything differs from the format, with the place.
    """

    def parts(item: object, place: str) -> Parts:
        if not is_sequence(item) or len(item) != len(_ITEM):
            item = (*source.parts(item, _ITEM[:2], place), None)
        features, label, segment = source.parts(item, _ITEM, place)
        _, visual, acoustic, words = source.parts(features, _FEATURES, place)
        return words, visual, acoustic, label, segment

    return read_aligned(source, data, "misa", parts)


def read_folder(data: Path, source: Source) -> Corpus:
    """Read a folder with one pickle per split, named by the split, each a list of items as `read` takes them.

    Raises:
        DataError: If a file cannot be opened, or anything differs from the format, with the place.
    """
    names = sorted(SPLIT_NAMES, key=lambda name: SPLITS.index(SPLIT_NAMES[name]))
    files = {name: data / f"{name}{_SUFFIX}" for name in names}
    splits = {name: load_pickle(file) for name, file in files.items() if file.exists()}
    return read(splits, source)


LAYOUT = Layout(
    "misa",
    "pickle",
    sniff,
    read,
    "MISA: dict of train, dev, test lists of ((word ids, visual, acoustic, words), label, segment)",
)
FOLDER = Layout(
    "misa", "folder", sniff_folder, read_folder, "MISA: folder of train.pkl, dev.pkl, test.pkl, a list of items each"
)
