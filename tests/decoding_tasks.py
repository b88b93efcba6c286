"""What a child process is asked to do in the tests of decoding; a module of its own, so that it can be spawned."""

import ctypes
import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mlcl.errors import DataError
from mlcl.media.decode import Faults, facts, read_pictures, read_sound

Tell = Callable[[Any], None]


def read_through(path: Path, *, tell: Tell, rate: float = 15.0) -> dict[str, Any]:
    """Read both streams and check every law that holds of any recording, whatever is wrong with it."""
    faults = Faults()
    said = facts(path)
    end, seconds, pictures, shown = None, 0.0, 0, float("-inf")
    for sound in read_sound(path, faults=faults, tell=tell):
        assert sound.samples.dtype == np.float32
        assert np.abs(sound.samples).max() <= 1
        assert 0 < len(sound.samples) <= 10 * sound.rate
        assert end is None or abs(sound.start - end) < 1e-6
        end = sound.end
        seconds += len(sound.samples) / sound.rate
    size = None
    for picture in read_pictures(path, rate=rate, faults=faults, tell=tell):
        assert picture.time > shown
        assert picture.image.dtype == np.uint8
        assert max(picture.image.shape) <= 1280
        assert size in (None, picture.image.shape)
        size, shown = picture.image.shape, picture.time
        pictures += 1
    return {"facts": said, "seconds": seconds, "pictures": pictures, "faults": faults.count, "first": faults.first}


def echo(value: Any, *, tell: Tell) -> tuple[Any, int]:
    return value, os.getpid()


def count(most: int, *, tell: Tell) -> int:
    for number in range(most):
        tell(number)
        time.sleep(0.05)
    return most


def hang(path: Path, *, tell: Tell) -> None:
    tell(0.0)
    time.sleep(3600)


def crash(path: Path, *, tell: Tell) -> None:
    ctypes.string_at(0)


def leave(path: Path, *, tell: Tell) -> None:
    os._exit(0)


def killed(path: Path, *, tell: Tell) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def want(path: Path, size: int, *, tell: Tell) -> int:
    return int(np.ones(size, np.uint8).sum())


def refuse(path: Path, *, tell: Tell) -> None:
    raise DataError("is wrong", path=path, place="here")


def fail(path: Path, *, tell: Tell) -> None:
    raise KeyError("x")


def unsendable(path: Path, *, tell: Tell) -> Any:
    return lambda: None


def noise(path: Path, *, tell: Tell) -> None:
    print("noise")
    os.write(2, b"noise\n")


def refuse_rate(path: Path, *, tell: Tell) -> None:
    next(read_pictures(path, rate=0))


def memory_taken(path: Path, *, tell: Tell) -> tuple[float, int]:
    """Seconds of sound read, and the most memory in bytes that this process has held."""
    seconds = sum(len(sound.samples) / sound.rate for sound in read_sound(path, tell=tell))
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return seconds, kilobytes * 1024


def stubborn(file: Path, *, tell: Tell) -> None:
    """Take an error of the system for one of the file and go on, as whoever reads damaged files does."""
    for _ in range(600):
        try:
            tell(0.0)
        except OSError:
            file.write_text("went on", encoding="utf-8")
            return
        time.sleep(0.05)
