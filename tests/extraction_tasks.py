"""Extraction of recordings that crash the process that reads them; a module of its own, so that it can be spawned."""

import ctypes
import os
import signal
import time
from pathlib import Path
from typing import Any

from mlcl.media.extract import extract_to


def extract_or_die(recording: Path, *arguments: Any, tell: Any) -> Any:
    """Do what the name of the recording says."""
    if "crash" in recording.name:
        ctypes.string_at(0)
    if "hang" in recording.name:
        time.sleep(3600)
    if "kill" in recording.name:
        os.kill(os.getpid(), signal.SIGKILL)
    return extract_to(recording, *arguments, tell=tell)
