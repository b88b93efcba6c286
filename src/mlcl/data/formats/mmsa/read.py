"""Reader of the MMSA layout, and of what MMSA-FET extracts: MOSI, MOSEI, CH-SIMS as one dict of arrays per split."""

from dataclasses import replace

import numpy as np

from mlcl.data.corpus import Corpus
from mlcl.data.formats.arrays.arrays import ArraySplit, array_splits, keys_of_splits
from mlcl.data.formats.layout import Layout
from mlcl.data.formats.mmsa.labels import choose, read_columns
from mlcl.data.formats.mmsa.rows import place_rows
from mlcl.data.formats.mmsa.text_bert import TOKEN_WORDS, spelled
from mlcl.data.formats.mmsa.vocabulary import Spelling, read_vocabulary
from mlcl.data.formats.mmsa.write import write
from mlcl.data.formats.shared.builder import build_corpus
from mlcl.data.formats.shared.source import Source

_MARKS = {"raw_text", "text_bert", "regression_labels", "classification_labels", "annotations"}
_SIZES = ("id", "raw_text", "regression_labels", "labels", "classification_labels", "audio", "vision", "text")
_CLIP = ("audio", "vision", "text", "text_bert", "raw_text", "id")
_CONFIG = "config"
_NO_WORDS = (
    "the file has no raw_text: its text is {}, and no word of it can be read; models that need words see items without"
)
_DECODE = "token ids; `mlcl data convert FILE OUT --vocabulary BERT_FOLDER` spells them"
_SPELLED = (
    "the file has no raw_text: its words are spelled from the token ids, without the case, accents and spaces that the "
    "tokenizer took away"
)

_VECTORS = "the words are left out; the text is the vectors that the file has beside them"


def sniff(data: object) -> bool:
    """Whether an object has this layout, judged by the keys of its splits, or of the one clip that it holds."""
    return bool(_MARKS & keys_of_splits(data)) or _is_clip(data)


def read(data: dict[object, object], source: Source, *, vocabulary: str | None = None, vectors: bool = False) -> Corpus:
    """Read an object in the MMSA layout.

    Format:
        A dict of splits ``train``, ``valid`` (or ``dev``, ``val``) and ``test``, any of which may be absent; or one
        clip as MMSA-FET gives it, which becomes the split ``test``. A split is a dict of arrays or lists with one entry
        per item; all but one of them may be absent. ``raw_text``: the words, apart by white space. ``audio`` and
        ``vision`` (N, T, d): rows, padded with zeros behind or before. ``audio_lengths``, ``vision_lengths``: how many
        rows are real; rows outside are left out, and rows of zeros inside are kept. ``text`` (N, T, d): vectors, read
        as ``rows["text"]`` only if there is no raw_text. ``text_bert`` (N, 3, T) or (N, T, 3): token ids, mask and
        types, of which the mask counts. ``token_words`` (N, T), which only our writer makes: the word of each token, -1
        for none. Labels ``regression_labels`` (or ``labels``) and those with ``_T``, ``_A``, ``_V``, which become the
        columns M, T, A, V; ``classification_labels``, the column class; ``annotations``, the names of the classes.
        ``id``: a text, number, or several that are joined by ``_``. ``config`` is not used.

    M is the chosen label; class is where M is absent, or says no more than 0 and 1 as -1 and +1. The range is -1 to 1
    where T, A or V is there, else -3 to 3.

    A file without lengths whose modalities have equally many steps is aligned. Its rows stand under the words, or under
    the sub-words of text_bert between [CLS] and [SEP]; token_words settles it. Where each item has at most one row per
    word they belong to the words; otherwise they keep the file's steps, `Corpus.word_aligned` is False and a note says
    why.

    Args:
        vocabulary: Folder, vocab.txt or tokenizer.json of the BERT tokenizer that made text_bert, to spell the words of
            a file without raw_text.
        vectors: Where every split has ``text``, read it and not raw_text.

    Raises:
        DataError: If anything differs from the format, with the place.
        UsageError: If there is no such vocabulary.
    """
    notes = ["the file's config, how its features were extracted, is not used"] if _CONFIG in data else []
    content = {name: value for name, value in data.items() if name != _CONFIG}
    if _is_clip(content):
        content = {"test": {key: [content[key]] for key in _CLIP if key in content}}
    splits = array_splits(source, content, _SIZES)
    spelling = _spell(splits, vocabulary)
    if spelling is not None:
        splits = [_with_words(split, items) for split, items in zip(splits, spelling, strict=True)]
    if vectors and all("text" in split for split in splits) and any("raw_text" in split for split in splits):
        splits = [_without(split, "raw_text", TOKEN_WORDS) for split in splits]
        notes.append(_VECTORS)
    words = [_read_words(split) for split in splits]
    placed = place_rows(splits, words, spelling)
    columns = [read_columns(split) for split in splits]
    choice = choose(splits, columns)
    builders = [
        split.builder(spoken, rows, named.get(choice.label, np.full(len(split), np.nan)), named)
        for split, spoken, rows, named in zip(splits, words, placed.rows, columns, strict=True)
    ]
    if spelling is not None:
        notes.append(_SPELLED)
    elif _VECTORS not in notes and not any("raw_text" in split for split in splits):
        notes.append(_NO_WORDS.format(_without_words(splits)))
    corpus = build_corpus(source, builders, "mmsa")
    return replace(
        corpus,
        word_aligned=placed.word_aligned,
        label=choice.label,
        task=choice.task or corpus.task,
        classes=choice.classes,
        label_range=choice.label_range,
        label_classes=choice.label_classes,
        notes=(*notes, *placed.notes),
    )


def _read_words(split: ArraySplit) -> list[list[str]]:
    """The words of each item; none where the file has no text."""
    if "raw_text" not in split:
        return [[] for _ in range(len(split))]
    source, words = split.source, []
    for index, text in enumerate(split.entries("raw_text")):
        place = split.place("raw_text", index)
        read = source.read_words([text], place)[0]
        source.spend(len(read), place)
        words.append(source.read_words(read.split(), place))
    return words


def _spell(splits: list[ArraySplit], vocabulary: str | None) -> list[list[Spelling]] | None:
    """What the token ids of each split spell; None where nobody asks, or the file has its words."""
    if vocabulary is None:
        return None
    known = read_vocabulary(vocabulary)
    if any("raw_text" in split for split in splits) or not all("text_bert" in split for split in splits):
        return None
    return [spelled(split, known) for split in splits]


def _with_words(split: ArraySplit, spelling: list[Spelling]) -> ArraySplit:
    """The same split as if the file had its words."""
    return replace(split, arrays={**split.arrays, "raw_text": [" ".join(item.words) for item in spelling]})


def _without(split: ArraySplit, *keys: str) -> ArraySplit:
    """The same split without some of its arrays."""
    return replace(split, arrays={key: values for key, values in split.arrays.items() if key not in keys})


def _without_words(splits: list[ArraySplit]) -> str:
    """What the text of a file without raw_text is."""
    if any("text_bert" in split for split in splits):
        return f"vectors and {_DECODE}" if any("text" in split for split in splits) else _DECODE
    return "vectors" if any("text" in split for split in splits) else "missing"


def _is_clip(data: object) -> bool:
    """Whether an object is one clip: MMSA-FET's arrays without splits."""
    if not isinstance(data, dict):
        return False
    arrays = [data[key] for key in ("audio", "vision", "text") if key in data]
    return bool(arrays) and all(isinstance(array, np.ndarray) and array.ndim == 2 for array in arrays)


LAYOUT = Layout(
    "mmsa",
    "pickle",
    sniff,
    read,
    "MMSA: dict of train, valid, test dicts of arrays raw_text, audio, vision, regression_labels, id",
    write,
    read_options=("vocabulary", "vectors"),
    write_options=("tokenizer",),
)
