"""Text files, opened within limits: decoded text, and JSON."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from mlcl.errors import DataError

MAX_TEXT = 2**30  # bytes; no text set of the field has a tenth of it
_MAX_JSON = 2**26  # bytes; as Python objects up to 20 times as many
_PEEK = 2**16
LATIN1_NOTE = "the text is not UTF-8 and was read as latin-1: check accents and quotes"


def read_text(path: Path, *, max_bytes: int = MAX_TEXT) -> tuple[str, bool]:
    """Return a file's text without a byte order mark, and whether it had to be read as latin-1.

    Raises:
        DataError: If there is no such regular file, it cannot be read, or it is larger than `max_bytes`.
    """
    try:
        if not path.is_file():
            raise DataError("is not a regular file; name a data file", path=path)
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except (OSError, MemoryError) as error:
        reason = str(error) or "not enough memory"
        raise DataError(f"cannot be read: {reason}; check the path and its permissions", path=path) from None
    if len(content) > max_bytes:
        raise DataError(f"has more than {max_bytes} bytes; is it the right file?", path=path)
    try:
        return content.decode("utf-8-sig"), False
    except UnicodeDecodeError:
        return content.decode("latin1"), True


def peek_text(path: Path) -> str:
    """The beginning of a file as text; empty if there is none. Never raises."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(_PEEK).decode("utf-8-sig", errors="replace")
    except OSError:
        return ""


def read_json(path: Path) -> Any:
    """Return what a JSON file holds.

    Raises:
        DataError: If it cannot be read, is no JSON, is nested too deeply, or names a key twice in one object.
    """
    text, _ = read_text(path, max_bytes=_MAX_JSON)
    try:
        return json.loads(text, object_pairs_hook=_distinct)
    except RecursionError:
        raise DataError("is nested too deeply for a data file", path=path) from None
    except ValueError as error:
        raise DataError(f"is not JSON: {ascii(str(error))[1:-1][:200]}; get the file again", path=path) from None


def first_value(path: Path) -> Any:
    """The first value of the object or list at the top of a JSON file; None if that is not to be had cheaply."""
    text = peek_text(path).lstrip()
    try:
        start = 1 if text[:1] == "[" else 0
        if text[:1] == "{":
            _, start = json.JSONDecoder().raw_decode(text, len(text) - len(text[1:].lstrip()))
            start = text.index(":", start) + 1
        return json.JSONDecoder().raw_decode(text, len(text) - len(text[start:].lstrip()))[0] if start else None
    except (ValueError, RecursionError):
        return None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {twice[:60]!r} stands twice in one object")
    return made
