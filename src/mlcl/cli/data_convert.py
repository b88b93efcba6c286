"""``mlcl data convert`` and ``mlcl data split``."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from mlcl.cli.options import DataFile, NewFile

if TYPE_CHECKING:
    from mlcl.data.corpus import Corpus

_log = logging.getLogger(__name__)


def convert(
    file: DataFile,
    out: NewFile,
    *,
    to: Annotated[
        str | None,
        Parameter(
            help="Layout to write; an unknown name lists them all. When absent a pickle for .pkl, else a folder."
        ),
    ] = None,
    label: Annotated[str | None, Parameter(help="Keep only this label, where items have several.")] = None,
    columns: Annotated[
        str | None, Parameter(help="Keep some feature columns: covarep5, facet20, mfn (both) or hkt.")
    ] = None,
    text: Annotated[
        str | None, Parameter(help="Tokenizer (folder or hub name) that makes text_bert of an mmsa file.")
    ] = None,
    half: Annotated[bool, Parameter(negative="", help="Store feature rows as float16, half the size.")] = False,
    collapse: Annotated[
        str | None, Parameter(help="csd: rows under a word become their mean (if absent), the first, or the nearest.")
    ] = None,
    pauses: Annotated[
        str | None, Parameter(help="csd: drop the pauses (if absent), or keep them as the word `.`.")
    ] = None,
    vocabulary: Annotated[
        str | None, Parameter(help="mmsa: BERT folder or vocab.txt, to spell the words of a file of token ids.")
    ] = None,
    fold: Annotated[int | None, Parameter(help="mustard: which fold of those beside the texts, from 0.")] = None,
) -> None:
    """Write a data file in another layout; nothing is lost silently."""
    from mlcl.data.columns import check_choice, choose_columns
    from mlcl.data.formats import LAYOUTS, read_corpus
    from mlcl.data.half import halved
    from mlcl.data.labels import keep_label
    from mlcl.files import refuse_existing

    write = _writer(to, out, text) if to is not None or text is not None else None
    refuse_existing(out)
    if columns is not None:
        check_choice(columns)
    given = {"collapse": collapse, "pauses": pauses, "vocabulary": vocabulary, "fold": fold}
    wishes = next((layout.wishes for layout in LAYOUTS if layout.name == to), {})
    options = {name: value for name, value in given.items() if value is not None}
    corpus = read_corpus(file, options=options, wishes=wishes)
    if label is not None:
        corpus = keep_label(corpus, label)
    if columns is not None:
        corpus = choose_columns(corpus, columns)
    if half:
        corpus = halved(corpus)
    if write is None:
        write = _writer(_layout_for(corpus, out), out)
    write(corpus, out)
    for note in corpus.notes if wishes else ():
        _log.warning("note: %s: %s", file, note)
    print(f"{_sizes(corpus)}: {out}")


def split(
    file: DataFile,
    out: NewFile,
    *,
    by: Annotated[str, Parameter(help="What stays together: item, video (as ids tell) or speaker.")],
    seed: Annotated[int, Parameter(help="Seed of the division.")] = 1,
    shares: Annotated[str, Parameter(help="Shares of train, dev and test.")] = "0.7,0.1,0.2",
    to: Annotated[
        str | None, Parameter(help="Layout to write; when absent that of the file, or a folder if it is only read.")
    ] = None,
) -> None:
    """Divide all items of a data file anew into train, dev and test.

    Labels are spread evenly as far as groups allow."""
    from mlcl.data.formats import LAYOUTS, read_corpus
    from mlcl.data.resplit import resplit

    parts = _shares(shares)
    write = None if to is None else _writer(to, out)
    corpus = read_corpus(file)
    if write is None:
        same = any(layout.name == corpus.layout and layout.write is not None for layout in LAYOUTS)
        write = _writer(corpus.layout if same else "folder", out)
    divided = resplit(corpus, by=by, shares=parts, seed=seed)
    write(divided, out)
    print(f"{_sizes(divided)}: {out}")


def _layout_for(corpus: "Corpus", out: Path) -> str:
    """A folder; for a file the pickle that the corpus came from, else the one that holds what it has."""
    from mlcl.data.formats import LAYOUTS

    if out.suffix.lower() not in (".pkl", ".pickle", ".p"):
        return "folder"
    pickles = [layout.name for layout in LAYOUTS if layout.write is not None and layout.opening == "pickle"]
    return corpus.layout if corpus.layout in pickles else "hkt" if corpus.has_context else "mag"


def _writer(name: str | None, out: Path, text: str | None = None) -> "Callable[[Corpus, Path], None]":
    """The writer of a layout; refuses an unknown one, a place where there is something, and text that it has not."""
    from mlcl.data.formats import LAYOUTS
    from mlcl.errors import UsageError, nearest
    from mlcl.files import refuse_existing

    name = "folder" if name is None else name
    writers = {layout.name: layout for layout in LAYOUTS if layout.write is not None}
    if name not in writers:
        raise UsageError(f"--to {name}: no such layout can be written; {nearest(name, list(writers))}")
    refuse_existing(out)
    write: Callable[..., None] | None = writers[name].write
    assert write is not None
    if text is None:
        return write
    if "tokenizer" not in writers[name].write_options:
        takers = ", ".join(layout.name for layout in writers.values() if "tokenizer" in layout.write_options)
        raise UsageError(f"--text {text}: {name} holds words and no token ids; it goes --to {takers}")
    from mlcl.encode.tokenizer import load_tokenizer

    return partial(write, tokenizer=load_tokenizer(text))


def _shares(text: str) -> list[float]:
    from mlcl.errors import UsageError

    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"--shares {text}: give numbers with commas between, as in 0.7,0.1,0.2") from None


def _sizes(corpus: "Corpus") -> str:
    return ", ".join(f"{len(part)} {name}" for name, part in corpus.splits.items())
