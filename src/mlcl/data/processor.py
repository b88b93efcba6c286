"""From a corpus to encoded splits, with everything that was learned from the train split; saved with a run."""

import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, TypeAdapter

from mlcl.config import DataConfig
from mlcl.data.align import SubWordTokenizer
from mlcl.data.batch import EncodedSplit, Rows
from mlcl.data.corpus import Corpus, Ragged, Segment, Split
from mlcl.data.labels import target_of
from mlcl.data.layout import lay_out, row_counts
from mlcl.data.target import Target
from mlcl.data.vectors import stepwise
from mlcl.errors import DataError, RunError
from mlcl.files import write_json
from mlcl.media.specification import FeatureSpecification
from mlcl.modality import ACOUSTIC, TEXT, VISUAL
from mlcl.safe.text_file import read_json

_log = logging.getLogger(__name__)
_FILE = "processor.json"
_CHUNK = 2**14  # rows whose statistics are taken at a time, to need no second copy of the data


@dataclass(frozen=True)
class Processor:
    """How items become tensors.

    Attributes:
        alignment: ``word``, ``spelt_word`` or ``last_word``, see `mlcl.config.DataConfig`.
        max_length: Longest text in tokens.
        fixed_length: Whether batches are padded to `max_length`.
        lower_case: Whether words are lower-cased; ``auto`` where the tokenizer knows no capitals.
        modalities: Those that the model sees.
        target: What the label is.
        widths: Columns of each kind of row; 1 for a modality that the file lacks.
        shift: Per modality the column means to subtract; empty for no normalisation.
        scale: Per modality the deviations to divide by.
        per_item: Whether the columns of each item are standardised by themselves.
        vectors: Whether the text is word vectors, which are taken as they are.
        word_aligned: Whether rows belonged to words in training; None for runs of version 0.1.0.
        features: How the rows were made of recordings, where the data say so.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    alignment: str
    max_length: Annotated[int, Field(ge=1, le=2**17)]
    fixed_length: bool
    lower_case: Literal["auto", True, False]
    modalities: tuple[str, ...]
    target: Target
    widths: dict[str, Annotated[int, Field(ge=0, le=2**16)]]
    shift: dict[str, list[float]]
    scale: dict[str, list[float]]
    per_item: bool = False
    vectors: bool = False
    word_aligned: bool | None = None
    features: FeatureSpecification | None = None

    @classmethod
    def fit(cls, corpus: Corpus, config: DataConfig, *, vectors: bool = False) -> "Processor":
        """Take widths and label kind from the corpus, and feature statistics from its train split.

        Raises:
            DataError: If the corpus does not allow the alignment, has no word vectors, or labels that are no classes.
        """
        if config.alignment == "last_word" and not corpus.word_aligned:
            raise DataError(
                "alignment last_word needs a word-aligned file; use --set data.alignment=word", path=corpus.path
            )
        widths = corpus.widths()
        if vectors and TEXT not in widths:
            raise DataError("has no text vectors; name a language model with --text-encoder", path=corpus.path)
        if not vectors:
            widths.pop(TEXT, None)
        target = target_of(corpus, config.task)
        shift: dict[str, list[float]] = {}
        scale: dict[str, list[float]] = {}
        for name in (ACOUSTIC, VISUAL):
            if config.normalise == "train" and name in widths:
                mean, deviation = _column_statistics(corpus.splits["train"], name, widths[name])
                shift[name], scale[name] = mean.tolist(), deviation.tolist()
        return cls(
            alignment=config.alignment,
            max_length=config.max_length,
            fixed_length=config.padding == "fixed",
            lower_case=config.lower_case,
            modalities=config.modalities,
            target=target,
            widths={ACOUSTIC: 1, VISUAL: 1, **widths},
            shift=shift,
            scale=scale,
            per_item=config.normalise == "item",
            vectors=vectors,
            word_aligned=corpus.word_aligned,
            features=corpus.features,
        )

    def encode(
        self, split: Split, tokenizer: SubWordTokenizer, *, word_aligned: bool = True, consume: bool = False
    ) -> EncodedSplit:
        """Tokenise, align and normalise one split.

        Args:
            word_aligned: Whether rows belong to words.
            consume: Whether `split` may lose its rows meanwhile, so that they need not stand in memory twice.

        Raises:
            DataError: If the split's rows have other widths than those the processor was fitted on.
        """
        use_text = TEXT in self.modalities
        if self.vectors:
            split = stepwise(split)
        sequences = lay_out(
            split,
            tokenizer,
            alignment=self.alignment,
            max_length=self.max_length,
            lower_case=tokenizer.lower_cased if self.lower_case == "auto" else self.lower_case,
            use_text=use_text,
        )
        if sequences.vanished:
            _log.warning(
                "note: the tokenizer makes nothing of %d words; each is read as the unknown token, and keeps its row",
                sequences.vanished,
            )
        under_tokens = (sequences.rows, sequences.offsets)
        aligned = use_text and (word_aligned or split.main.rows.keys() <= {TEXT})
        rows = {}
        for name in self.widths:
            rows[name] = self._rows(split, name, under_tokens if aligned or name == TEXT else None)
            if consume and split.context is None:
                split.main.rows.pop(name, None)
        return EncodedSplit(
            ids=split.ids,
            tokens=sequences.ids,
            types=sequences.types,
            offsets=sequences.offsets,
            spoken=sequences.spoken,
            rows=rows,
            labels=split.labels,
            pad_id=tokenizer.pad_id,
            fixed_length=self.max_length if self.fixed_length else None,
        )

    @classmethod
    def of(cls, values: dict[str, Any]) -> "Processor":
        """Build from what `plain` gave; raises a ValueError if one of the values is not what it should be."""
        target = Target.of(values)
        own = {name: value for name, value in values.items() if name not in target.plain()}
        made: Processor = TypeAdapter(cls).validate_python({**own, "target": target})
        return made

    def plain(self) -> dict[str, Any]:
        """Plain values; those of the target stand among the others."""
        values = asdict(self)
        del values["target"], values["features"]
        features = {} if self.features is None else {"features": self.features.model_dump(mode="json")}
        return {**values, **self.target.plain(), **features}

    def save(self, folder: Path) -> None:
        """Write ``processor.json``."""
        write_json(folder / _FILE, self.plain())

    @classmethod
    def load(cls, folder: Path) -> "Processor":
        """Read what `save` wrote."""
        try:
            return cls.of(read_json(folder / _FILE))
        except (DataError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise RunError(f"{folder / _FILE} is missing or damaged: this is no complete run folder") from error

    def _rows(self, split: Split, name: str, on_tokens: tuple[NDArray[np.int64], NDArray[np.int64]] | None) -> Rows:
        """The modality's rows, and their places: under the tokens, or one after the other on their own clock."""
        segments = split.segments if any(name in segment.rows for segment in split.segments) else []
        width = self.widths[name]
        values, lengths, starts = _join(
            [_rows_or_zeros(segment, name, width) for segment in segments], len(split), width
        )
        if values.shape[1] != width:
            raise DataError(f"{name} rows have {values.shape[1]} columns, the model was made for {width}")
        real = np.logical_or.reduce(values, axis=1)
        dropped = name in (ACOUSTIC, VISUAL) and name not in self.modalities
        if dropped or not segments:
            empty = np.zeros(len(split) + 1, dtype=np.int64)
            offsets = empty if on_tokens is None else on_tokens[1]
            return Rows(np.zeros((1, width), values.dtype), np.zeros(1, bool), np.full(offsets[-1] + 1, -1), offsets)
        if name in self.shift:
            shift, scale = np.asarray(self.shift[name], values.dtype), np.asarray(self.scale[name], values.dtype)
            with np.errstate(all="ignore"):  # values beyond all others overflow, and whoever predicts from them says so
                np.subtract(values, shift, out=values, where=real[:, None])
                np.divide(values, scale, out=values, where=real[:, None])
        elif self.per_item and name in (ACOUSTIC, VISUAL):
            for start, count in zip(starts, lengths, strict=True):
                _standardise(values[start : start + count], real[start : start + count])
        if on_tokens is None:
            index = np.append(np.arange(lengths.sum()), -1)
            return Rows(values, real, index, np.concatenate([[0], np.cumsum(lengths)]))
        rows, offsets = on_tokens
        item = np.repeat(np.arange(len(split)), np.diff(offsets))
        return Rows(values, real, np.append(np.where(rows < 0, -1, starts[item] + rows), -1), offsets)


def _join(
    parts: list[Ragged], items: int, width: int
) -> tuple[NDArray[np.floating], NDArray[np.int64], NDArray[np.int64]]:
    """Rows of context and main one after the other per item, with a row of zeros at the very end."""
    if not parts:
        return np.zeros((1, width), np.float32), np.zeros(items, np.int64), np.zeros(items, np.int64)
    lengths = np.sum([part.lengths for part in parts], axis=0)
    starts = np.cumsum(lengths) - lengths
    total = int(lengths.sum())
    dtype = np.result_type(np.float32, *(part.values.dtype for part in parts))  # float16 is for storage only
    values = np.zeros((total + 1, parts[0].width), dtype)
    if len(parts) == 1:
        values[:-1] = parts[0].values
        return values, lengths, starts
    filled = starts.copy()
    for part in parts:
        own = np.arange(len(part.values)) - np.repeat(part.offsets[:-1], part.lengths)
        values[np.repeat(filled, part.lengths) + own] = part.values
        filled = filled + part.lengths
    return values, lengths, starts


def _rows_or_zeros(segment: Segment, name: str, width: int) -> Ragged:
    """The segment's rows of that name; as many rows of zeros as it has others when it lacks them."""
    if name in segment.rows:
        return segment.rows[name]
    offsets = np.concatenate([[0], np.cumsum(row_counts(segment))])
    return Ragged(np.zeros((int(offsets[-1]), width), np.float32), offsets)


def _standardise(rows: NDArray[np.floating], real: NDArray[np.bool_]) -> None:
    """Standardise the columns of one item over its real rows, in place; a constant column, as of one row, becomes 0."""
    if real.any():
        found = rows[real].astype(np.float64)
        mean = found.mean(axis=0)
        rows[real] = (found - mean) / _divisor(mean, found.std(axis=0))


def _divisor(mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> NDArray[np.float64]:
    """The deviation; 1 for a column that is constant up to rounding."""
    return np.where(deviation > 1e-8 * np.maximum(np.abs(mean), 1e-30), deviation, 1.0)


def _column_statistics(split: Split, name: str, width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and deviation of each column over the rows that are not all zeros; a constant column has deviation 1."""
    parts = [segment.rows[name].values for segment in split.segments if name in segment.rows]

    def chunks() -> Iterator[NDArray[np.float64]]:
        for part in parts:
            for start in range(0, len(part), _CHUNK):
                rows = part[start : start + _CHUNK]
                yield rows[(rows != 0).any(axis=1)].astype(np.float64)

    count = sum(len(rows) for rows in chunks())
    if not count:
        return np.zeros(width), np.ones(width)
    mean = sum((rows.sum(axis=0) for rows in chunks()), np.zeros(width)) / count
    deviation = np.sqrt(sum((((rows - mean) ** 2).sum(axis=0) for rows in chunks()), np.zeros(width)) / count)
    return mean, _divisor(mean, deviation)
