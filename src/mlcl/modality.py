"""The three modalities and their pairs, always in this order."""

from itertools import combinations

TEXT = "text"
ACOUSTIC = "acoustic"
VISUAL = "visual"

MODALITIES = (TEXT, ACOUSTIC, VISUAL)
PAIRS = tuple(combinations(MODALITIES, 2))


def pair_name(pair: tuple[str, str]) -> str:
    """Name of a pair as it stands in the terms: ``text_acoustic``."""
    return f"{pair[0]}_{pair[1]}"
