"""Every error a user can meet, as one tree.

MlclError            anything below; ``exit_code`` is what the command line returns
├── UsageError       a wrong flag, recipe, key or value: change the command (exit 2)
├── DataError        a data file that cannot be read as a corpus; carries path and place
│   ├── AlignmentError  rows that do not lie under the tokens, for a model that works token by token
│   └── NoWordsError    a corpus whose text is word vectors, for a text encoder that reads words
├── EncoderError     a text encoder that cannot be found or loaded
├── RunError         a run folder that is missing, incomplete or in the way
└── Interrupted      the user or the system asked to stop; the run can be resumed (exit 130)

Each message names the value given, what is allowed and the next step, on one line.
"""

import errno
import os
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from mlcl.inert import printable

_LONGEST = 100  # characters of a value in a message


class MlclError(Exception):
    """Base of all errors that are meant for the user."""

    exit_code = 1


class UsageError(MlclError):
    """The command, recipe or configuration is wrong."""

    exit_code = 2


class DataError(MlclError):
    """A data file cannot be read as a corpus.

    What cannot be printed in the message, since it comes out of the file, is escaped.

    Args:
        message: What is wrong and what to do.
        path: The file, if the data came from one.
        place: Where in it, for example ``train[17]``.
    """

    def __init__(self, message: str, *, path: str | Path | None = None, place: str | None = None) -> None:
        self.path = None if path is None else str(path)
        self.place = place
        where = ", ".join(part for part in (self.path, place) if part)
        whole = f"{where}: {message}" if where else message
        super().__init__(printable(whole))


class AlignmentError(DataError, ValueError):
    """Rows that do not lie under the tokens, given to a model that works token by token."""


class NoWordsError(DataError):
    """A corpus whose text is word vectors, given to a text encoder that reads words."""


class EncoderError(MlclError):
    """A text encoder cannot be found or loaded."""


class RunError(MlclError):
    """A run folder is missing, incomplete or in the way."""


class Interrupted(MlclError):
    """Work was asked to stop and has kept its place.

    Args:
        where: Where it stopped, in words.
        command: The command that goes on; empty where the same command does.
    """

    exit_code = 130

    def __init__(self, where: str, command: Sequence[str] = ()) -> None:
        self.command = command
        super().__init__(where)


def lacks_room(error: BaseException | None) -> str | None:
    """What the system said if `error`, or what led to it, is a full disk, quota or size limit; None otherwise."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return os.strerror(error.errno)
        for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):  # Rust's libraries raise kinds of their own
            if f"(os error {number})" in str(error):
                return os.strerror(number)
        error = error.__cause__ or error.__context__
    return None


def reason(error: BaseException, most: int = 200) -> str:
    """What an error says, on one line of so many letters; its type where it says nothing."""
    return " ".join(str(error).split())[:most] or type(error).__name__


def shown(value: object) -> str:
    """A value as it is written in a message: cut where it is long."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def nearest(value: str, allowed: list[str]) -> str:
    """Return the allowed values as text, the one nearest to `value` first when there is one."""
    close = get_close_matches(value, allowed, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}allowed: {', '.join(allowed)}"
