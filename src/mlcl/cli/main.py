"""The one place where errors become one line and an exit code."""

import errno
import logging
import os
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlcl.errors import Interrupted, MlclError, UsageError
from mlcl.inert import printable

if TYPE_CHECKING:
    from cyclopts import App


def run(arguments: Sequence[str], app: "App | None" = None) -> int:
    """Run one command, of `mlcl` or of another app; returns 0, 1 for an error, 2 for wrong usage, 130 when stopped."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # waiting threads must not starve the working ones
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16")  # its cache of shapes takes 300 MB for no speed
    debug = "--debug" in arguments
    notes = _Notes(logging.WARNING)
    logging.getLogger("mlcl").addHandler(notes)
    try:
        return _run([argument for argument in arguments if argument != "--debug"], app, debug)
    finally:
        logging.getLogger("mlcl").removeHandler(notes)


def main() -> None:
    """Entry point."""
    sys.exit(run(sys.argv[1:]))


def _run(tokens: list[str], app: "App | None", debug: bool) -> int:
    try:
        from cyclopts import CycloptsError

        from mlcl.cli.app import build_app
        from mlcl.cli.usage import explain

        app = app or build_app()
        if tokens[:1] == ["bench"]:
            raise UsageError('bench: run `make bench ARGS="train --recipe mosi"` in a checkout of the source instead')
        app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    except (KeyboardInterrupt, Interrupted) as stop:  # first, for Ctrl-C comes while modules are loaded too
        command = getattr(stop, "command", None) or ["mlcl", *tokens]
        return _fail(f"{str(stop) or 'stopped'}; go on with {shlex.join(command)}", 130, debug)
    except CycloptsError as error:
        return _fail(explain(error, app.name[0] if app else "mlcl"), 2, debug)
    except MlclError as error:
        return _fail(str(error), error.exit_code, debug)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return _fail(_system(error), 1, debug)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, MemoryError) or "memory" in str(error):
            return _fail("out of memory; use a smaller train.batch_size, or --set train.accumulate=2", 1, debug)
        return _unexpected(error, debug)
    except Exception as error:  # noqa: BLE001 - the last line of defence: no traceback for users
        return _unexpected(error, debug)
    return 0


class _Notes(logging.Handler):
    """Notes of the package go to stderr; what they quote of files does nothing there."""

    def emit(self, record: logging.LogRecord) -> None:
        print(printable(record.getMessage()), file=sys.stderr)


def _system(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"{place}no space left on the device"
    return f"{place}{error.strerror or error}"


def _unexpected(error: Exception, debug: bool) -> int:
    text = " ".join(str(error).split())[:300]
    return _fail(f"unexpected {type(error).__name__}: {text} (run again with --debug and report it)", 1, debug)


def _fail(message: str, code: int, debug: bool) -> int:
    if debug:
        raise
    start = "\r" if code == 130 and sys.stderr.isatty() else ""  # over the echo of Ctrl-C
    print(f"{start}mlcl: {printable(' '.join(message.split()))}", file=sys.stderr)
    return code
