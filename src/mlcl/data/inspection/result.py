"""The account of a corpus that `inspect_corpus` gives."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["error", "warning"]

CHECKS: dict[str, tuple[Level, str]] = {
    "item-in-two-splits": ("error", "an item of dev or test stands in another split too, text and rows"),
    "labels-missing": ("error", "train or dev has no labels while another split has them"),
    "label-constant": ("error", "every label of train is the same"),
    "label-range": ("error", "a label lies outside the range, or the classes, that the file declares"),
    "no-content": ("error", "no item has words, or rows other than zeros"),
    "split-missing": ("warning", "there is no train, dev or test split"),
    "unlabelled": ("warning", "items have no label"),
    "class-missing": ("warning", "a class is missing from train"),
    "no-text": ("warning", "the file has no words"),
    "empty-text": ("warning", "items have no words"),
    "modality-absent": ("warning", "the file lacks the acoustic or visual modality, or all of its rows are zero"),
    "modality-missing": ("warning", "items have no rows of a modality, or only zeros"),
    "non-finite": ("warning", "rows held -inf, inf or nan, which are read as 0"),
    "column-constant": ("warning", "columns of features never change"),
    "rows-repeated": ("warning", "every item repeats one row of a modality"),
    "id-twice": ("warning", "an id occurs twice in one split"),
    "id-in-two-splits": ("warning", "an id occurs in two splits"),
    "item-twice": ("warning", "an item occurs twice in one split, text and rows"),
    "text-in-two-splits": ("warning", "a text of five words and more occurs in two splits"),
    "video-in-two-splits": ("warning", "items of one video are in two splits"),
    "speaker-in-two-splits": ("warning", "items of one speaker are in two splits"),
}
"""Every check by its name: how bad it is, and what it finds."""


@dataclass(frozen=True)
class Finding:
    """Something that a check found.

    Attributes:
        check: Name in `CHECKS`.
        place: Split or pair of splits, and kind of rows where there is one; empty for the whole file.
        text: What was found, with counts, and what it means.
    """

    check: str
    place: str
    text: str

    @property
    def level(self) -> Level:
        """``error`` or ``warning``."""
        return CHECKS[self.check][0]


@dataclass(frozen=True)
class Spread:
    """Least, median and greatest of some counts."""

    least: int
    median: float
    most: int


@dataclass(frozen=True)
class LabelFacts:
    """One label over the items of a split.

    Attributes:
        items: How many items have it.
        least: Least value; None, as the next two, if no item has it.
        counts: Items per value where all are whole numbers and at most 20 differ; else empty.
    """

    items: int
    least: float | None
    mean: float | None
    most: float | None
    counts: dict[str, int]


@dataclass(frozen=True)
class SegmentFacts:
    """Words and rows of the utterances, or of what was said before them.

    Attributes:
        words: Words per item.
        rows: Rows per item, by kind of rows.
        empty_texts: Items without words.
        missing: Items without rows, or with zeros only, by kind of rows.
    """

    words: Spread
    rows: dict[str, Spread]
    empty_texts: int
    missing: dict[str, int]


@dataclass(frozen=True)
class SplitFacts:
    """One split.

    Attributes:
        items: How many.
        main: The utterances, or punchlines.
        context: What was said before, where the layout has it.
        labels: By name; a label without a name is called ``label``.
        videos: Distinct videos, where ids name them.
        speakers: Distinct speakers, where the file names them.
    """

    items: int
    main: SegmentFacts
    context: SegmentFacts | None
    labels: dict[str, LabelFacts]
    videos: int | None
    speakers: int | None


@dataclass(frozen=True)
class Inspection:
    """What `inspect_corpus` found.

    Attributes:
        path: The file, as the user named it.
        sha256: Hash of its bytes.
        layout: Which reader took it.
        task: ``regression`` or ``classification``.
        word_aligned: Whether row k belongs to word k.
        widths: Columns by kind of rows.
        label: Name of the label to be learned; empty where labels have no names.
        classes: Names of the classes, where the file gives them.
        label_range: Least and greatest possible label, where the layout or the file declares it.
        splits: By name.
        repaired: Rows that held -inf, inf or nan, by ``split/kind``.
        findings: What the checks found, errors first.
        identity: What the file is or may be, in sentences that say how sure they are.
        notes: What its reader says of it.
        next_step: The command to go on with.
    """

    path: str | None
    sha256: str
    layout: str
    task: str
    word_aligned: bool
    widths: dict[str, int]
    label: str
    classes: tuple[str, ...]
    label_range: tuple[float, float] | None
    splits: dict[str, SplitFacts]
    repaired: dict[str, int]
    findings: tuple[Finding, ...]
    identity: tuple[str, ...]
    notes: tuple[str, ...]
    next_step: str

    def as_json(self) -> dict[str, Any]:
        """The same as JSON values; each finding with its level."""
        levels = [{"level": finding.level, **asdict(finding)} for finding in self.findings]
        return {**asdict(self), "findings": levels}
