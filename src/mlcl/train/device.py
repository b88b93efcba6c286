"""Where a model runs: on which device, and with which other processes of a ``torchrun`` launch."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist

from mlcl.errors import UsageError
from mlcl.parallel import launched


def resolve_device(name: str) -> torch.device:
    """Turn ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps`` into a device; ``auto`` takes the fastest there is.

    Raises:
        UsageError: If there is no such device here.
    """
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    allowed = ["auto", "cpu"]
    allowed += ["cuda", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))] if cuda else []
    allowed += ["mps"] if mps else []
    if name not in allowed:
        raise UsageError(f"no device {name!r} on this machine; allowed: {', '.join(allowed)}")
    return torch.device(name)


@contextmanager
def process_group(device: str) -> Iterator[None]:
    """Join the other processes for the length of the block; does nothing outside ``torchrun``."""
    if not launched():
        yield
        return
    on_gpu = device != "cpu" and torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    dist.init_process_group("nccl" if on_gpu else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()
