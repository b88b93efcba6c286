"""Follow a run with a tracker: each epoch once, whatever interrupts the training; and never stop the training."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from mlcl.config import Experiment
from mlcl.files import write_json
from mlcl.parallel import rank
from mlcl.safe.text_file import read_json
from mlcl.train.follow.trackers import TRACKERS, Identity, Tracker

_log = logging.getLogger(__name__)


class Tracking:
    """Sends the epochs of a run to a tracker.

    ``NAME.json`` in `folder` says how far a tracker was told. It is written before an epoch is sent: one that a crash
    fell into may be missing there, and none is ever there twice. A tracker that was not told of earlier epochs, because
    it joined when the run went on, is told of them first. What a tracker raises becomes one warning, and ends tracking.

    Only the first process of several tells anything.
    """

    def __init__(self, experiment: Experiment, folder: Path) -> None:
        self.name, self.folder = experiment.tracking if rank() == 0 else "none", folder
        self.title = run_name(experiment)
        self._file = folder / f"{self.name}.json"
        self._tracker: Tracker | None = None
        self._state: dict[str, Any] = {}

    def start(self, config: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        """Begin, or go on."""
        if self.name == "none":
            return

        def begin() -> None:
            self._state = self._read()
            tracker = TRACKERS[self.name](Identity(self.title, self._state["id"], self.folder))
            tracker.start(config, facts)
            write_json(self._file, self._state)
            self._tracker = tracker

        self._try(begin)

    def epochs(self, history: Sequence[Mapping[str, Any]]) -> None:
        """Tell the tracker of those epochs of the history that it has not been told of."""
        for record in history:
            if self._tracker is not None and record["epoch"] > self._state["epochs"]:
                self._try(partial(self._send, self._tracker, record))

    def finish(self, summary: Mapping[str, Any] | None) -> None:
        """End, with the final metrics per split; None for a training that stopped before its end."""
        if self._tracker is not None:
            self._try(partial(self._tracker.finish, summary))
        self._tracker = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish(None)

    def _send(self, tracker: Tracker, record: Mapping[str, Any]) -> None:
        self._state["epochs"] = record["epoch"]
        write_json(self._file, self._state)
        tracker.log(record)

    def _read(self) -> dict[str, Any]:
        if not self._file.exists():
            return {"id": uuid4().hex[:8], "epochs": 0}
        state = read_json(self._file)
        return {"id": str(state["id"]), "epochs": int(state["epochs"])}

    def _try(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - whatever a tracker does, the training goes on
            self._tracker = None
            why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            _log.warning("note: %s follows this training no further (%s); history.jsonl has all", self.name, why)


def run_name(experiment: Experiment) -> str:
    """What a run is called where several stand together."""
    fold = experiment.data.fold
    name = f"{experiment.model.name}-{experiment.recipe}-{experiment.profile}-{experiment.seed}"
    return name if fold is None else f"{name}-fold-{fold.number}"
