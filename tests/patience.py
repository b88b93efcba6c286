"""How long a test waits for another process before it calls that hung; never a measure of speed."""

import time
from collections.abc import Callable

HANGS = 900  # seconds


def wait_until(condition: Callable[[], object]) -> None:
    """Return when the condition holds; fail if it never does."""
    given_up = time.monotonic() + HANGS
    while not condition():
        assert time.monotonic() < given_up, "what this test waits for never happens"
        time.sleep(0.01)
