"""Run ``mlcl`` in a pseudo-terminal, as a person does, and look at the screen.

Imports take most of the time of a small command; commands are therefore forked from one process that has imported
already, unless they are to be started as a shell starts them.
"""

import fcntl
import gc
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyte

_ROWS = 200
_ERASED_LINE = "\x1b[2K"  # rich erases the bar so before it draws or prints anything
_ENVIRONMENT = ("TERM", "NO_COLOR", "FORCE_COLOR", "COLORTERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS", "LINES")


@dataclass(frozen=True)
class Shown:
    """What a command did to its terminal.

    Attributes:
        code: Exit code.
        output: Every character that it sent, and the echo of what was typed.
        columns: Width of the terminal.
        changed: What is not as it was before: settings, modes, style, cursor, processes that still run.
    """

    code: int
    output: str
    columns: int
    changed: tuple[str, ...]

    @property
    def screen(self) -> list[str]:
        """Lines at the end."""
        return _lines(_draw(self.output, self.columns))

    @property
    def frames(self) -> list[list[str]]:
        """Lines at each moment before a line was erased."""
        screen, frames = _blank(self.columns), []
        stream = pyte.Stream(screen)
        for part in self.output.split(_ERASED_LINE):
            stream.feed(part)
            frames.append(_lines(screen))
            stream.feed(_ERASED_LINE)
        return frames


class Terminals:
    """Context in which commands are run, each in a terminal of its own.

    Args:
        fresh: Start each command as ``python -m mlcl``, without what is imported already.
    """

    def __init__(self, *, fresh: bool = False) -> None:
        self._fresh = fresh

    def __enter__(self) -> "Terminals":
        command = [sys.executable, __file__, *(["fresh"] if self._fresh else [])]
        self._server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()

    def run(
        self,
        *arguments: object,
        columns: int = 80,
        term: str = "xterm-256color",
        no_color: bool = False,
        interrupt: Callable[[str], bool] = lambda output: False,
    ) -> Shown:
        """Run one command to its end, in the current directory.

        Args:
            arguments: The words after ``mlcl``.
            columns: Width of the terminal.
            term: ``TERM``.
            no_color: Whether ``NO_COLOR`` is set.
            interrupt: Called with the output so far, again and again; Ctrl-C is pressed once it returns True.
        """
        master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (_ROWS, columns))
        before, mark = termios.tcgetattr(slave), uuid.uuid4().hex
        environment = {name: value for name, value in os.environ.items() if name not in _ENVIRONMENT}
        environment |= {"TERM": term, "MLCL_TERMINAL": mark} | ({"NO_COLOR": "1"} if no_color else {})
        order = {"terminal": os.ttyname(slave), "arguments": [str(argument) for argument in arguments]}
        try:
            self._say({**order, "folder": str(Path.cwd()), "environment": environment})
            code, output = self._watch(self._hear(), master, interrupt)
            changed = [*_modes(output), *_remains(output, columns), *_processes(mark)]
            if termios.tcgetattr(slave) != before:
                changed.append("settings of the terminal")
        finally:
            os.close(master)
            os.close(slave)
        return Shown(code, output, columns, tuple(changed))

    def _watch(self, process: int, master: int, interrupt: Callable[[str], bool]) -> tuple[int, str]:
        """Read until the process has ended; returns its exit code and all of its output."""
        received, pressed, deadline = b"", False, time.monotonic() + 600
        while True:
            ready = select.select([master, self._server.stdout], [], [], 0.02)[0]
            if master in ready:
                received += os.read(master, 65536)
            elif ready:
                return self._hear(), received.decode()
            elif time.monotonic() > deadline:
                os.kill(process, signal.SIGKILL)
                raise AssertionError(f"the command has not ended: {received.decode()[-2000:]}")
            if not pressed and interrupt(received.decode(errors="ignore")):
                os.write(master, b"\x03")
                pressed = True

    def _say(self, order: dict[str, object]) -> None:
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(order).encode() + b"\n")

    def _hear(self) -> int:
        assert self._server.stdout is not None
        return int(self._server.stdout.readline())


def _blank(columns: int) -> pyte.Screen:
    return pyte.Screen(columns, _ROWS)


def _draw(output: str, columns: int) -> pyte.Screen:
    screen = _blank(columns)
    pyte.Stream(screen).feed(output)
    return screen


def _lines(screen: pyte.Screen) -> list[str]:
    return "\n".join(line.rstrip() for line in screen.display).rstrip().split("\n")


def _modes(output: str) -> list[str]:
    """Private modes that were left: a hidden cursor (25), the alternate screen (1049), and any other."""
    last = dict(re.findall(r"\x1b\[\?(\d+)([hl])", output))
    return [f"mode {mode}" for mode, state in last.items() if state != ("h" if mode == "25" else "l")]


def _remains(output: str, columns: int) -> list[str]:
    """A style that goes on, or a last line that is not ended."""
    screen = _draw(output, columns)
    plain = screen.cursor.attrs == screen.default_char
    return ([] if plain else ["style"]) + ([] if screen.cursor.x == 0 else ["column of the cursor"])


def _processes(mark: str) -> list[str]:
    """Processes that the command has left behind; those that end with it may take a moment on a busy machine."""
    left: list[str] = []
    for _ in range(200):
        left = []
        for file in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if mark.encode() in file.read_bytes():
                    left.append(f"process {file.parent.name}")
        if not left:
            break
        time.sleep(0.05)
    return left


def _serve(fresh: bool) -> None:
    """For each line of stdin run a command in a child, and say its number and then its exit code."""
    if not fresh:
        pass

    from mlcl.cli.main import run

    gc.freeze()  # a child's collector leaves alone, and so need not copy, what was there before it
    for line in sys.stdin:
        order = json.loads(line)
        if child := os.fork():
            print(child, flush=True)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
            continue
        _enter(order["terminal"])
        os.chdir(order["folder"])
        os.environ.clear()
        os.environ.update(order["environment"])
        if fresh:
            os.execv(sys.executable, [sys.executable, "-m", "mlcl", *order["arguments"]])
        code = run(order["arguments"])
        sys.stdout.flush()
        os._exit(code)  # taking all imports down takes longer than the command
    os._exit(0)


def _enter(terminal: str) -> None:
    """Make `terminal` the one that controls this process, in a session of its own."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, where the tests run in the background
    os.setsid()
    opened = os.open(terminal, os.O_RDWR)
    fcntl.ioctl(opened, termios.TIOCSCTTY, 0)
    for number in range(3):
        os.dup2(opened, number)
    os.close(opened)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w", buffering=1), open(2, "w", buffering=1)  # noqa: SIM115


if __name__ == "__main__":
    _serve("fresh" in sys.argv)
