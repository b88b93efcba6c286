"""What this machine can do at best, measured beside everything else: a matrix product, a copy, memory in use."""

import contextlib
import ctypes
import gc
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch

_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")
_SAMPLED = 0.005  # seconds between two looks at private memory
_ENOUGH = 5.0  # seconds of one rate's measurement: a core without bf16 instructions multiplies at 1 GFLOP/s


def synchronise(device: torch.device) -> None:
    """Wait until the device has done what it was asked to."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Wall-clock seconds of one call."""
    synchronise(device)
    started = time.perf_counter()
    work()
    synchronise(device)
    return time.perf_counter() - started


def matrix_rate(device: torch.device, dtype: torch.dtype, *, size: int = 2048, repeats: int = 7) -> float:
    """Floating-point operations per second of a large matrix product, median."""
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    times: list[float] = []
    while len(times) <= repeats and sum(times) < _ENOUGH:
        times.append(seconds(lambda: a @ b, device))
    return 2 * size**3 / median(times[1:] or times)


def copy_rate(device: torch.device, *, megabytes: int = 256, repeats: int = 7) -> float:
    """Bytes per second of a large copy, read and written bytes counted, median."""
    source = torch.zeros(megabytes * 2**18, device=device)
    target = torch.empty_like(source)
    times = [seconds(lambda: target.copy_(source), device) for _ in range(repeats + 1)][1:]
    return 2 * source.nbytes / median(times)


def peak_memory(work: Callable[[], object], device: torch.device) -> int | None:
    """Bytes that `work` needs at its worst beyond what is in use before it; None where the system does not say.

    On CPU this is the peak of the process's resident memory, which Linux can reset.
    """
    gc.collect()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        work()
        return torch.cuda.max_memory_allocated(device) - before
    return peak_resident_memory(work)[0]


def peak_resident_memory(work: Callable[[], object]) -> tuple[int | None, int | None]:
    """Bytes that `work` needs at its worst beyond what is in use before it: resident, and private.

    Resident memory includes the parts of mapped files that happen to stand in memory, which the system takes back when
    it needs them; private memory does not, and is sampled every few milliseconds. None where the system does not say.
    """
    gc.collect()
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
    try:
        _RESET.write_text("5")
        before, private = _kilobytes("VmRSS"), _kilobytes("RssAnon")
    except OSError:
        work()
        return None, None
    done = threading.Event()
    seen = [private]

    def sample() -> None:
        while not done.wait(_SAMPLED):
            seen.append(_kilobytes("RssAnon"))

    watch = threading.Thread(target=sample, daemon=True)
    watch.start()
    try:
        work()
    finally:
        seen.append(_kilobytes("RssAnon"))
        done.set()
        watch.join()
    return (_kilobytes("VmHWM") - before) * 1024, (max(seen) - private) * 1024


def _kilobytes(field: str) -> int:
    found = re.search(rf"{field}:\s+(\d+)", _STATUS.read_text())
    if found is None:
        raise OSError(f"no {field} in {_STATUS}")
    return int(found.group(1))
