"""Who is at work: each process keeps a file fresh, so that the trials of a dead one are found and tried again."""

import os
import platform
import secrets
import threading
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from types import TracebackType

from mlcl.files import read_bytes, write_json
from mlcl.safe.text_file import parse_json

_MOST_BYTES = 2**16
_BEAT = 5.0  # seconds between signs of life
_DEAD = 120.0  # seconds without one after which a process counts as dead


class Worker:
    """Context in which this process counts as alive: it keeps a file of its own in the study's folder."""

    def __init__(self, folder: Path) -> None:
        self.name = secrets.token_hex(4)
        self._folder = folder
        self._file = folder / f"{self.name}.json"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> "Worker":
        self._folder.mkdir(exist_ok=True)
        write_json(self._file, {"machine": _machine(), "process": os.getpid()})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._file.unlink(missing_ok=True)

    def is_dead(self, name: str) -> bool:
        """Whether another worker of the study is gone: no process of this machine, or silent for two minutes."""
        file = self._folder / f"{name}.json"
        try:
            content = parse_json(read_bytes(file, _MOST_BYTES))
            self._file.touch()  # both times then come from the clock of the file system
            silent = self._file.stat().st_mtime - file.stat().st_mtime
        except FileNotFoundError:
            return True
        dead = silent > _DEAD or (content["machine"] == _machine() and not _runs(content["process"]))
        if dead:
            file.unlink(missing_ok=True)
        return dead

    def _beat(self) -> None:
        while not self._stop.wait(_BEAT):
            with suppress(OSError):  # the next one may succeed
                self._file.touch()


def _machine() -> str:
    """A name for this machine that does not tell which it is."""
    return sha256(platform.node().encode()).hexdigest()[:12]


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
