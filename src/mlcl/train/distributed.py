"""The process group of a ``torchrun`` launch."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist

from mlcl.parallel import launched


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
