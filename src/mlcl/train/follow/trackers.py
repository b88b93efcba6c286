"""TensorBoard, Weights & Biases and trackio behind one protocol; each package is optional and imported when used."""

import json
import os
import sys
import time
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from mlcl.errors import UsageError

PROJECT = "mlcl"


@dataclass(frozen=True)
class Identity:
    """How a tracker knows a run again.

    Attributes:
        name: For people.
        id: Unique; the same when a run goes on.
        folder: Where a tracker may keep files of its own.
    """

    name: str
    id: str
    folder: Path


class Tracker(Protocol):
    """Shows a training somewhere. Any method may raise anything: `Tracking` copes with it."""

    def start(self, config: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        """Begin, or go on with, the run; neither argument holds a path or a host name."""

    def log(self, record: Mapping[str, Any]) -> None:
        """Show one finished epoch, as it stands in ``history.jsonl``."""

    def finish(self, summary: Mapping[str, Any] | None) -> None:
        """End with the final metrics per split; None for a training that stopped before its end."""


class TensorBoard:
    """Event files in the run folder, for ``tensorboard --logdir runs``.

    The event format is written here, because TensorBoard's own writer puts the host's name into that of the file.
    """

    package = "tensorboard"

    def __init__(self, identity: Identity) -> None:
        self.folder = identity.folder

    def start(self, config: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        """Open a new event file and write the configuration as text."""
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
        from tensorboard.compat.proto.tensor_pb2 import TensorProto
        from tensorboard.compat.proto.types_pb2 import DT_STRING
        from tensorboard.summary.writer.record_writer import RecordWriter

        self._event, self._summary, self._epoch = Event, Summary, 0
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file = RecordWriter((self.folder / f"events.out.tfevents.{time.time_ns()}.mlcl").open("xb"))
        self._write(file_version="brain.Event:2")
        text = "".join(f"    {line}\n" for line in json.dumps({**config, "facts": facts}, indent=1).splitlines())
        plugin = SummaryMetadata.PluginData(plugin_name="text")
        value = TensorProto(dtype=DT_STRING, string_val=[text.encode()])
        metadata = SummaryMetadata(plugin_data=plugin)
        self._write(summary=Summary(value=[Summary.Value(tag="config", metadata=metadata, tensor=value)]))

    def log(self, record: Mapping[str, Any]) -> None:
        """Write the epoch's scalars."""
        self._epoch = record["epoch"]
        self._scalars(numbers(record))

    def finish(self, summary: Mapping[str, Any] | None) -> None:
        """Write the final metrics and close the file."""
        if summary is not None:
            self._scalars(numbers({"final": summary}))
        self._file.close()

    def _scalars(self, values: dict[str, float]) -> None:
        parts = [self._summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
        self._write(step=self._epoch, summary=self._summary(value=parts))

    def _write(self, **fields: Any) -> None:
        self._file.write(self._event(wall_time=time.time(), **fields).SerializeToString())
        self._file.flush()


class Wandb:
    """Weights & Biases; ``WANDB_MODE``, ``WANDB_PROJECT`` and its other variables work as ever.

    What it gathers about machine, code and user of its own accord is switched off.
    """

    package = "wandb"

    def __init__(self, identity: Identity) -> None:
        self.identity = identity

    def start(self, config: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        """Begin the run, or go on with it."""
        import wandb

        self.identity.folder.mkdir(parents=True, exist_ok=True)
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=self.identity.name,
            id=self.identity.id,
            resume="allow",
            dir=str(self.identity.folder),
            config={**config, "facts": dict(facts)},
            settings=wandb.Settings(
                console="off",
                disable_code=True,
                disable_git=True,
                finish_timeout=120,  # seconds; without network it would wait for ever
                x_disable_machine_info=True,
                x_disable_meta=True,
                x_disable_stats=True,
                x_save_requirements=False,
                host="",
            ),
        )

    def log(self, record: Mapping[str, Any]) -> None:
        """Send the epoch's scalars."""
        self._run.log(numbers(record), step=record["epoch"])

    def finish(self, summary: Mapping[str, Any] | None) -> None:
        """Send the final metrics as the run's summary."""
        if summary is not None:
            self._run.summary.update(numbers({"final": summary}))
        self._run.finish(exit_code=0 if summary is not None else 1)


class Trackio:
    """trackio, on this machine unless ``TRACKIO_SPACE_ID`` names a Space."""

    package = "trackio"

    def __init__(self, identity: Identity) -> None:
        self.identity = identity

    def start(self, config: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        """Begin the run, or go on with it; trackio knows it by its name."""
        import trackio

        with redirect_stdout(sys.stderr):
            self._run = trackio.init(
                project=PROJECT,
                name=f"{self.identity.name}-{self.identity.id}",
                resume="allow",
                config={**config, "facts": dict(facts)},
                auto_log_cpu=False,
                auto_log_gpu=False,
                embed=False,
            )
        self._epoch = 0

    def log(self, record: Mapping[str, Any]) -> None:
        """Send the epoch's scalars."""
        self._epoch = record["epoch"]
        self._run.log(numbers(record), step=self._epoch)

    def finish(self, summary: Mapping[str, Any] | None) -> None:
        """Send the final metrics at the last epoch, and wait until all is stored."""
        if summary is not None:
            self._run.log(numbers({"final": summary}), step=self._epoch)
        with redirect_stdout(sys.stderr):
            self._run.finish()


TRACKERS: dict[str, type[TensorBoard] | type[Wandb] | type[Trackio]] = {
    "tensorboard": TensorBoard,
    "wandb": Wandb,
    "trackio": Trackio,
}


def check_tracker(name: str) -> None:
    """Refuse a tracker whose package is not installed; raises a UsageError naming the command that installs it."""
    if name == "none":
        return
    package = TRACKERS[name].package
    found = find_spec(package)
    if found is None or found.origin is None:  # a folder of that name is no package
        raise UsageError(f"tracking {name!r} needs a package that is not installed: pip install {package}")


def numbers(values: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """The numbers of a nested record under flat names, ``dev/mae``; no epoch, no marks, no undefined metrics.

    Examples:
        >>> numbers({"epoch": 3, "best": True, "train": {"loss": 0.5}, "dev": {"mae": 1, "corr": None}})
        {'train/loss': 0.5, 'dev/mae': 1.0}
    """
    flat: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= numbers(value, f"{prefix}{name}/")
        elif isinstance(value, int | float) and not isinstance(value, bool) and name != "epoch":
            flat[f"{prefix}{name}"] = float(value)
    return flat
