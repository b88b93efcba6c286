"""Named choices of feature columns: from the columns of one release of a data set to those of another."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from mlcl.data.corpus import Corpus, Ragged, Segment
from mlcl.errors import DataError, UsageError, nearest

Choice = tuple[int, tuple[int, ...]]  # columns before, and which of them are kept, in this order

# COVAREP 74 to 5 and FACET 47 to 20: MFN's repository, issue 4 (the columns of the MOSI files of MFN, MulT and MMSA).
_COVAREP_5: Choice = (74, (1, 3, 6, 25, 60))
_FACET_20: Choice = (47, (0, 2, 5, 10, 11, 12, 14, 17, 20, 21, 22, 24, 25, 29, 30, 31, 32, 36, 37, 40))
# OpenFace 91 to 36 (the last shape parameter and the 35 action units) and COVAREP 81 to 60: HKT's and MLCL's loaders.
_OPENFACE_36: Choice = (91, tuple(range(55, 91)))
_COVAREP_60: Choice = (81, tuple(range(60)))

CHOICES: Mapping[str, Mapping[str, Choice]] = {
    "covarep5": {"acoustic": _COVAREP_5},
    "facet20": {"visual": _FACET_20},
    "mfn": {"acoustic": _COVAREP_5, "visual": _FACET_20},
    "hkt": {"acoustic": _COVAREP_60, "visual": _OPENFACE_36},
}


def fits(name: str, widths: Mapping[str, int]) -> bool:
    """Whether rows of these widths are those that a choice starts from."""
    return all(widths.get(kind) == width for kind, (width, _) in CHOICES[name].items())


def check_choice(name: str) -> None:
    """Raise a UsageError if there is no such choice."""
    if name not in CHOICES:
        raise UsageError(f"unknown columns {name!r}; {nearest(name, list(CHOICES))}")


def kept_columns(name: str) -> dict[str, list[int]]:
    """Per kind of rows the columns that a choice keeps."""
    return {kind: list(kept) for kind, (_, kept) in CHOICES[name].items()}


def choose_columns(corpus: Corpus, name: str) -> Corpus:
    """Keep some columns of the feature rows.

    ``covarep5`` keeps 5 of COVAREP's 74 and ``facet20`` 20 of FACET 4.1's 47, ``mfn`` does both: from the rows of MAG's
    MOSI file to those of MFN, MulT and MMSA. ``hkt`` keeps 60 of COVAREP's 81 and 36 of OpenFace's 91.

    Raises:
        UsageError: If there is no such choice.
        DataError: If the rows have another number of columns than the choice starts from.
    """
    check_choice(name)
    widths = corpus.widths()
    for kind, (width, kept) in CHOICES[name].items():
        if widths.get(kind) != width:
            found = f"{widths[kind]} columns" if kind in widths else "no rows"
            raise DataError(
                f"{name} keeps {len(kept)} of {width} {kind} columns, and here are {found}; leave it out",
                path=corpus.path,
            )

    def segment(part: Segment) -> Segment:
        rows = {kind: _kept(ragged, CHOICES[name].get(kind)) for kind, ragged in part.rows.items()}
        return replace(part, rows=rows)

    splits = {key: split.with_segments(segment) for key, split in corpus.splits.items()}
    return replace(corpus, splits=splits, features=None)  # no extractor makes these columns


def _kept(rows: Ragged, choice: Choice | None) -> Ragged:
    return rows if choice is None else Ragged(np.ascontiguousarray(rows.values[:, list(choice[1])]), rows.offsets)
