"""Which rows of a padded array are real: the files of the field say it by lengths, or by zeros, or not at all."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# The first row that is not all zeros, and the one behind the last such row; (0, 0) if there is none.
Span = tuple[int, int]


def filled(rows: NDArray[np.generic]) -> Span:
    """Return the span of rows that are not all zeros; -inf and nan count as filled."""
    with np.errstate(invalid="ignore"):  # damaged nan
        real = np.flatnonzero(np.logical_or.reduce(rows, axis=1)) if rows.size else np.zeros(0, np.intp)
    return (int(real[0]), int(real[-1]) + 1) if len(real) else (0, 0)


def joined(spans: Sequence[Span]) -> Span:
    """Return the least span that holds all that are not empty."""
    some = [span for span in spans if span[1]]
    return (min(start for start, _ in some), max(stop for _, stop in some)) if some else (0, 0)


def is_front_padded(
    spans: Sequence[Span], steps: Sequence[int], lengths: Sequence[int] | None = None, *, usual: bool = False
) -> bool:
    """Whether the padding of a block of items stands before their rows.

    Lengths decide where every item's filled rows fit at one end and not at the other. Else more items must begin with
    zeros and end without than the other way round: a length that was found by looking for the first row of zeros says
    nothing about a block whose padding comes first.

    Args:
        spans: Per item what `filled` says.
        steps: Per item its rows, padding included.
        lengths: Per item how many rows are real, where the file says so.
        usual: The answer where as many items say the one as the other.
    """
    if lengths is not None:
        some = [item for item in zip(spans, steps, lengths, strict=True) if item[0][1]]
        if all(stop <= max(length, 1) for (_, stop), _, length in some):
            return False
        if all(start >= size - max(length, 1) for (start, _), size, length in some):
            return True
    front = sum(start > 0 and stop == size for (start, stop), size in zip(spans, steps, strict=True))
    back = sum(start == 0 and 0 < stop < size for (start, stop), size in zip(spans, steps, strict=True))
    return usual if front == back else front > back


def unpadded(
    items: Sequence[NDArray[np.generic]], spans: Sequence[Span], *, usual: bool = False
) -> list[NDArray[np.generic]]:
    """The real rows of each item of a block that says nothing of lengths; arguments as for `is_front_padded`."""
    front = is_front_padded(spans, list(map(len, items)), usual=usual)
    return [rows[real_rows(span, len(rows), front=front)] for rows, span in zip(items, spans, strict=True)]


def real_rows(span: Span, steps: int, *, front: bool, length: int | None = None) -> slice:
    """Return which rows of an item are real.

    Without a length they are those from the first, or to the last, that is not all zeros. With one, rows of zeros
    inside the length are real too: a moment without a face. A length of 0 means one row where any is filled, as MMSA
    has it, and none where all are zeros.
    """
    start, stop = span
    if length is None:
        return slice(0, 0) if not stop else slice(start, steps) if front else slice(0, stop)
    length = max(length, min(1, stop))
    if front:
        return slice(min(start, steps - length) if stop else steps - length, steps)
    return slice(0, length)
