"""Work on files of strangers in a process of its own, which may crash, hang or want too much memory.

What decodes recordings is written in C and reads what strangers wrote. Its crashes must cost the recording only.
"""

import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self

from mlcl.errors import DataError, MlclError
from mlcl.media.isolated_child import serve

_TO_START = 120.0  # seconds that starting Python and importing the task's module may take
_TO_END = 1.0  # seconds
_NEXT = "it may be damaged: convert it with another program, and try again"


class Worker:
    """Runs functions in a child process, one at a time; the process is kept, and started anew after a failure.

    Used as a context manager, or closed by `close`. It belongs to one thread. If the process that asked ends in
    whatever way, the child ends too.

    Args:
        patience: Seconds without news from the task after which it counts as hanging.
        memory: Bytes that the child may hold; None for no limit. Systems without such limits have none.
    """

    def __init__(self, *, patience: float = 60.0, memory: int | None = 4 * 2**30) -> None:
        self.patience = patience
        self.memory = memory
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection[Any, Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, task: Callable[..., Any], *arguments: Any, tell: Callable[[Any], None] | None = None) -> Any:
        """Call ``task(*arguments, tell=...)`` in the child and return what it returns.

        The task calls its `tell` with whatever shows that it goes on, such as the seconds done; at most ten times a
        second that is passed on to the `tell` given here, and each time the patience begins anew.

        Args:
            task: A function of a module, since it is found there by its name.
            *arguments: Must be picklable; the first that is a Path is the file named by errors.
            tell: Called in this process.

        Raises:
            MlclError: As the task raises it.
            DataError: If the task raises anything else, crashes, hangs or wants more memory than the limit.
        """
        path = next((argument for argument in arguments if isinstance(argument, Path)), None)
        try:
            connection = self._ready()
            connection.send((task, arguments))
            patience = _TO_START
            while True:
                if not connection.poll(patience):
                    raise DataError(f"was given up after {patience:g} s without progress; {_NEXT}", path=path)
                kind, value = connection.recv()
                if kind == "begun":
                    patience = self.patience
                elif kind == "told":
                    if tell is not None:
                        tell(value)
                elif kind == "done":
                    return value
                else:
                    break
        except (EOFError, ConnectionError):
            ended = self._ended()
            self.close()
            raise DataError(f"cannot be read: the process that read it {ended}; {_NEXT}", path=path) from None
        except BaseException:  # an interrupt too: what the child still does, nobody waits for
            self.close()
            raise
        if isinstance(value, MlclError):
            raise value
        raise DataError(f"cannot be read: {value}; {_NEXT}", path=path)

    def close(self) -> None:
        """End the child: by itself where it has nothing to do, for it tidies up then, and else within a second."""
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if connection is not None:
            connection.close()
        if process is not None:
            process.join(_TO_END)
            process.kill()
            process.join()
            process.close()

    def _ready(self) -> "Connection[Any, Any]":
        if self._process is None or self._connection is None or not self._process.is_alive():
            self.close()
            context = multiprocessing.get_context("spawn")
            here, there = context.Pipe()
            self._process = context.Process(target=serve, args=(there, self.memory), daemon=True)
            with _without_main():
                self._process.start()
            there.close()
            self._connection = here
        return self._connection

    def _ended(self) -> str:
        if self._process is None:
            return "could not be started"
        self._process.join(5)
        code = self._process.exitcode
        if code is None or code >= 0:
            return f"ended (exit code {code})"
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        return f"was ended by {name}" + (", perhaps for want of memory" if -code == signal.SIGKILL else "")


@contextmanager
def _without_main() -> Iterator[None]:
    """Hide the program that asks: a child that is spawned would run its file once more to find functions there."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
