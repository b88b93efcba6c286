"""Notice anything that reading data must not do: run code, write, connect, start processes."""

import codecs
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_FORBIDDEN = (
    *("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.kill", "os.putenv", "pty."),
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "os.chown", "os.link", "os.symlink", "os.truncate"),
    *("subprocess.", "socket.", "shutil.", "webbrowser.", "urllib.", "builtins.input", "pickle.find_class", "code."),
    *("sys.setprofile", "sys.settrace", "sys.addaudithook", "ctypes.call_function", "marshal.", "tempfile."),
)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Guard:
    """An audit hook that can be switched on; one per process, and it can never be removed."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._on = self._imports = False
        codecs.lookup("utf-8-sig")  # Python loads a codec when it is first asked for
        sys.addaudithook(self._hear)

    @contextmanager
    def watching(self, *, imports: bool = False) -> Iterator[None]:
        """Notice what happens inside; with `imports`, libraries may load modules of their own meanwhile."""
        self._on, self._imports = True, imports
        try:
            yield
        finally:
            self._on = False

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._on:
            return
        if (
            event.startswith(_FORBIDDEN)
            or _writes(event, arguments)
            or (not self._imports and _runs_text(event, arguments))
        ):
            self._on = False
            self.seen.append(f"{event} {arguments!a}"[:300])


def _writes(event: str, arguments: tuple[Any, ...]) -> bool:
    return event == "open" and isinstance(arguments[2], int) and bool(arguments[2] & _WRITES)


def _runs_text(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether code is compiled or run that stands in no source file."""
    if event == "exec":
        name = getattr(arguments[0], "co_filename", "")
        return name.startswith("<") and not name.startswith("<frozen")
    if event != "compile" or arguments[1] == "<unknown>":  # ast.parse, which makes no code; numpy reads headers so
        return False
    return not str(arguments[1] or "<").endswith(".py")
