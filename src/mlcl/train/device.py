"""Where a model runs."""

import torch

from mlcl.errors import UsageError


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
