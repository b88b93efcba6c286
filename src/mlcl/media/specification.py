"""How features were made: the one description that travels with a data set, a processor and a model.

A model scores a recording by the specification of its own training and nothing else.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mlcl.errors import DataError
from mlcl.files import write_yaml
from mlcl.safe.text_file import read_yaml

FILE = "features.yaml"

Name = Annotated[str, Field(max_length=200)]
Parameter = bool | int | float | Name | None


class ExtractorSpecification(BaseModel):
    """One feature set as it was computed.

    Attributes:
        extractor: Name of the feature set, see ``mlcl features``.
        version: Of its computation; another version gives other numbers.
        parameters: What it was told, each value that changes a number; no paths.
        columns: Name of each column, with its unit in the feature set's documentation.
        rate: Rows a second; None where rows follow the words.
        weights: SHA-256 of each file of weights, by the file's name.
        packages: Versions of the libraries that compute it, major and minor, where another version gives other numbers.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    extractor: Name
    version: Annotated[int, Field(ge=1)]
    parameters: dict[Name, Parameter] = {}
    columns: Annotated[tuple[Name, ...], Field(min_length=1, max_length=2**16)]
    rate: Annotated[float | None, Field(gt=0, le=1e5)] = None
    weights: dict[Name, Annotated[str, Field(pattern="^[0-9a-f]{64}$")]] = {}
    packages: dict[Name, Name] = {}


class SentenceBounds(BaseModel):
    """Where a long recording is cut.

    Attributes:
        most_seconds: No sentence is longer.
        most_words: No sentence has more words.
        pause: Silence between two words, in seconds, that ends a sentence.
        context: How many sentences before are the context of one, for runs that were trained with context.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    most_seconds: Annotated[float, Field(gt=0, le=600)] = 20.0
    most_words: Annotated[int, Field(ge=1, le=1000)] = 50
    pause: Annotated[float, Field(gt=0, le=60)] = 0.8
    context: Annotated[int, Field(ge=0, le=50)] = 3


class FeatureSpecification(BaseModel):
    """All that is needed to make the same features of another recording.

    Attributes:
        format: Of this description.
        align: ``words``: one row per word, the mean of the rows inside it; ``stream``: rows on their own clock.
        acoustic: None where no acoustic features were made.
        visual: Likewise.
        sentences: Where long recordings are cut.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    align: Literal["words", "stream"] = "words"
    acoustic: ExtractorSpecification | None = None
    visual: ExtractorSpecification | None = None
    sentences: SentenceBounds = SentenceBounds()

    @classmethod
    def read(cls, file: Path) -> "FeatureSpecification":
        """Read what `write` wrote; raises a DataError that names the first wrong value."""
        try:
            return cls.model_validate(read_yaml(file))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the file"
            raise DataError(
                f"{place}: {first['msg']}; the file describes how features were made, extract them again", path=file
            ) from None

    def write(self, file: Path) -> None:
        """Write the description as YAML, whole or not at all."""
        write_yaml(file, self.model_dump(mode="json"))

    def without_context(self) -> "FeatureSpecification":
        """The same for any number of sentences before: no row depends on it."""
        return self.model_copy(update={"sentences": self.sentences.model_copy(update={"context": 0})})

    def widths(self) -> dict[str, int]:
        """Number of columns of each modality that has features."""
        made = {"acoustic": self.acoustic, "visual": self.visual}
        return {name: len(part.columns) for name, part in made.items() if part is not None}
