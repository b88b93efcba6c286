"""Extraction in the process of the test, for what does not depend on the child."""

from collections.abc import Callable
from typing import Any

from mlcl.errors import DataError, MlclError, reason


class AtOnce:
    """Stands for `mlcl.media.isolated.Worker`.

    Attributes:
        done: What was extracted, by the keys of the recordings.
    """

    done: list[str] = []  # noqa: RUF012 - shared by all that are made, as the tests want it

    def __init__(self, *, patience: float) -> None:
        assert patience > 0

    def run(self, task: Callable[..., Any], recording: Any, job: Any, *rest: Any, tell: Callable[[Any], None]) -> Any:
        AtOnce.done.append(job.key)
        try:
            return task(recording, job, *rest, tell=tell)
        except MlclError:
            raise
        except Exception as error:  # noqa: BLE001 - as the child does
            raise DataError(f"cannot be read: {type(error).__name__}: {reason(error)}", path=recording) from None

    def close(self) -> None:
        """There is nothing to close."""
