"""How often a run has read its test split."""

from collections.abc import Mapping
from typing import Any


def reads_of_test(selection: Mapping[str, Any]) -> str:
    """In words: once, unless a finished run was given more epochs."""
    reads = selection.get("reads", [selection["epochs"]])
    if len(reads) == 1:
        return "test was read once, afterwards"
    return f"test was read {len(reads)} times, after {', '.join(map(str, reads))} epochs"
