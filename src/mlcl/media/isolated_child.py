"""What the child of a `mlcl.media.isolated.Worker` does."""

import os
import signal
import threading
import time
from multiprocessing.connection import Connection
from typing import Any

from mlcl.errors import MlclError, reason

_TELL_EVERY = 0.1  # seconds


def serve(connection: "Connection[Any, Any]", memory: int | None) -> None:
    """Run what comes until nobody asks any more.

    Args:
        connection: Gives tasks with their arguments; takes news (``begun``, ``told``) and one answer (``done``,
            ``failed``) to each.
        memory: Bytes that this process may hold; None for no limit.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; who asked stops the child
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    _be_quiet()
    _limit(memory)
    try:
        while True:
            _answer(connection)
    except (EOFError, ConnectionError):
        return


def _answer(connection: "Connection[Any, Any]") -> None:
    told = 0.0

    def tell(value: Any) -> None:
        nonlocal told
        if time.monotonic() - told >= _TELL_EVERY:
            told = time.monotonic()
            try:
                connection.send(("told", value))
            except OSError:
                os._exit(1)  # nobody waits any more, and a task may take this for an error of its file

    try:
        task, arguments = connection.recv()
        connection.send(("begun", None))
        answer = "done", task(*arguments, tell=tell)
    except (EOFError, ConnectionError):
        raise
    except MlclError as error:
        answer = "failed", error
    except MemoryError:
        answer = "failed", "it needs more memory than is allowed"
    except Exception as error:  # noqa: BLE001 - whatever a library raises over a stranger's file costs that file
        answer = "failed", f"{type(error).__name__}: {reason(error)}"
    try:
        connection.send(answer)
    except (EOFError, ConnectionError):
        raise
    except Exception as error:  # noqa: BLE001 - a result that cannot be pickled
        connection.send(("failed", f"its result cannot be sent: {reason(error)}"))


def _end_with(parent: int) -> None:
    """End this process once its parent is gone, whatever it is doing."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _be_quiet() -> None:
    """Libraries write to both streams, and would write across the progress of the process that asked."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.close(nothing)


def _limit(memory: int | None) -> None:
    """Limit what is written to, not what is reserved: threads and libraries reserve far more than they use."""
    if memory is None:
        return
    try:
        import resource
    except ImportError:  # Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
