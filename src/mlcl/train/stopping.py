"""Stop requests: SIGINT, SIGTERM and SIGHUP end training after the current step, with a checkpoint."""

import os
import signal
import threading
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any

PARENT = "MLCL_PARENT"
"""Environment variable: a descriptor that closes when the process that started this one is gone."""


def stop_signals() -> list[signal.Signals]:
    """The signals that ask to stop; SIGHUP is not among them under ``nohup``, which ignores it."""
    hangup = [signal.SIGHUP] if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN else []
    return [signal.SIGINT, signal.SIGTERM, *hangup]


def stop_with_parent() -> None:
    """Stop as at SIGTERM when the process that started this one is gone, for whatever reason, if it asked for that."""
    handle = os.environ.pop(PARENT, None)
    if handle is None or not handle.isdecimal():
        return

    def wait(descriptor: int) -> None:
        with suppress(OSError):
            os.read(descriptor, 1)
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, args=(int(handle),), daemon=True).start()


class StopRequest:
    """Context in which the first stop signal sets `requested`; a second one acts at once."""

    def __init__(self) -> None:
        self.requested = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> "StopRequest":
        for number in stop_signals():
            self._previous[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.requested = True
        for known in self._previous:
            signal.signal(known, signal.default_int_handler if known == signal.SIGINT else signal.SIG_DFL)
