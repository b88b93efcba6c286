"""What a corpus says of its labels and rows as a whole: ``data.yaml`` of our own folder."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mlcl.data.corpus import Corpus
from mlcl.data.target import Task
from mlcl.errors import DataError, nearest
from mlcl.safe.text_file import read_yaml


class Facts(BaseModel):
    """Everything is optional; what is absent is derived from the items."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    task: Task | None = None
    """``regression`` or ``classification``."""
    label: str = ""
    """Which of several label columns is learned; the first when absent."""
    label_range: list[float] | None = Field(default=None, min_length=2, max_length=2)
    """Least and greatest possible label of a regression."""
    classes: list[str] = Field(default=[], max_length=1000)
    """Names of the classes 0, 1, ... in this order."""
    label_classes: dict[str, list[str]] = Field(default={}, max_length=1000)
    """The same for each of several label columns that has classes, by its name."""
    word_aligned: bool | None = None
    """Whether row k of an item belongs to word k."""
    guarded: Literal[True] | None = None
    """Whether texts in ``data.csv`` that a spreadsheet would compute have an apostrophe before them, not theirs."""
    notes: list[str] = Field(default=[], max_length=100)
    """What a user should know: one sentence each."""

    @model_validator(mode="after")
    def _check(self) -> "Facts":
        if self.label_range and not self.label_range[0] < self.label_range[1]:
            raise ValueError(f"label_range {self.label_range}: the first must be less than the second")
        for names in (self.classes, *self.label_classes.values()):
            if len(set(names)) < len(names):
                raise ValueError("classes: a name occurs twice")
        return self

    @classmethod
    def of(cls, corpus: Corpus) -> "Facts":
        """Those of a corpus, in full."""
        return cls(
            task=corpus.task,
            label=corpus.label,
            label_range=None if corpus.label_range is None else list(corpus.label_range),
            classes=[] if corpus.label in corpus.label_classes else list(corpus.classes),
            label_classes={name: list(names) for name, names in corpus.label_classes.items()},
            word_aligned=corpus.word_aligned,
            notes=list(corpus.notes),
        )

    @classmethod
    def parse(cls, values: Any, path: str | Path) -> "Facts":
        """Check plain values; raises a DataError naming the first wrong key or value."""
        if not isinstance(values, dict):
            raise DataError(f"holds {type(values).__name__}, not lines of 'key: value'", path=path)
        unknown = [key for key in values if key not in cls.model_fields]
        if unknown:
            key = str(unknown[0])[:40]
            raise DataError(f"unknown key {key!r}; {nearest(key, list(cls.model_fields))}", path=path)
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            quotes = "; put it in quotes" if first["type"] == "string_type" and isinstance(first["input"], bool) else ""
            message = f"{first['msg'].removeprefix('Value error, ')}{quotes}"
            raise DataError(f"{place}: {message}" if place else message, path=path) from None

    @classmethod
    def read(cls, file: Path) -> "Facts":
        """Read a YAML file; raises a DataError if it is not such a file."""
        values = read_yaml(file)
        return cls.parse({} if values is None else values, file)

    def plain(self) -> dict[str, Any]:
        """The facts that are set, as plain values."""
        return {key: value for key, value in self.model_dump().items() if value not in (None, "", [], {})}
