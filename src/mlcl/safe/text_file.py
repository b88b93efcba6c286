"""Text, JSON and YAML: files opened within limits, and text that stands in other files."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlcl.errors import DataError
from mlcl.files import open_regular, read_bytes
from mlcl.safe.yaml_text import parse_yaml

MAX_TEXT = 2**30  # bytes; no text set of the field has a tenth of it
MAX_JSON = 2**26  # bytes; as Python objects up to 20 times as many
MAX_YAML = 2**17  # bytes; they take seconds
_MOST_DIGITS = 300  # of a whole number; no float has more
_PEEK = 2**16
CP1252_NOTE = "the text is not clean UTF-8 and was read as Windows-1252 (cp1252): check accents and quotes"
# Windows-1252 has printed signs, quotes among them, where latin-1 and Unicode have control characters.
_CP1252 = {code: sign for code in range(0x80, 0xA0) if (sign := bytes([code]).decode("cp1252", errors="ignore"))}
_CONTROL = re.compile(f"[{''.join(map(chr, _CP1252))}]")


def read_text(path: Path, *, max_bytes: int = MAX_TEXT, prose: bool = False) -> tuple[str, bool]:
    """Return a file's text without a byte order mark, and whether some of it had to be read as Windows-1252.

    So is text that is not UTF-8, and prose of Windows-1252 that was saved as UTF-8 as if it were latin-1: its quotes
    are control characters there, which tokenizers delete. Of other text, such as a vocabulary, no sign is changed.

    Raises:
        DataError: If there is no such regular file, it cannot be read, or it is larger than `max_bytes`.
    """
    try:
        content = read_bytes(path, max_bytes)
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or str(error) or "not enough memory"
        raise DataError(f"cannot be read: {reason}; check the path and its permissions", path=path) from error
    try:
        text, clean = content.decode("utf-8-sig"), True
    except UnicodeDecodeError:
        text, clean = content.decode("latin1"), False
    if (prose or not clean) and _CONTROL.search(text):
        return text.translate(_CP1252), True
    return text, not clean


def peek_text(path: Path, most: int = _PEEK) -> str:
    """The beginning of a file as text; empty if there is none. Never raises."""
    try:
        with open_regular(path) as file:
            return file.read(most).decode("utf-8-sig", errors="replace")
    except OSError:
        return ""


def read_json(path: Path, *, max_bytes: int = MAX_JSON) -> Any:
    """Return what a JSON file holds.

    Raises:
        DataError: If it cannot be read, is no JSON, is nested too deeply, or names a key twice in one object.
    """
    return _parsed(path, parse_json, "JSON", max_bytes)


def read_json_lines(path: Path) -> list[Any]:
    """Return what each line of a file holds as JSON. Raises as `read_json`."""
    return _parsed(path, lambda text: [parse_json(line) for line in text.splitlines()], "JSON lines", MAX_JSON)


def read_yaml(path: Path, *, max_bytes: int = MAX_YAML) -> Any:
    """Return what a YAML file holds.

    Raises:
        DataError: If it cannot be read, or is no YAML of plain values as `parse_yaml` takes it.
    """
    return _parsed(path, parse_yaml, "YAML", max_bytes)


def _parsed(path: Path, parse: Callable[[str], Any], what: str, max_bytes: int) -> Any:
    text, latin1 = read_text(path, max_bytes=max_bytes)
    try:
        return parse(text)
    except ValueError as error:
        reason = "it is not UTF-8" if latin1 else ascii(" ".join(str(error).split()))[1:-1][:200]
        raise DataError(f"is not {what}: {reason}; get the file again", path=path) from None


def parse_json(text: str | bytes) -> Any:
    """Return what a text holds as JSON.

    Raises:
        ValueError: If it is no JSON, nested too deeply, names a key twice in one object, or has a number of more than
            300 digits.
    """
    try:
        return json.loads(text, object_pairs_hook=_distinct, parse_int=_whole)
    except RecursionError:
        raise ValueError("it is nested too deeply for a data file") from None


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


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"it has a number of {len(digits)} digits")
    return int(digits)
