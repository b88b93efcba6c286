"""Progress of long work: a bar in a terminal, plain lines in a pipe. Everything goes to stderr."""

import sys
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from mlcl.score_table import number
from mlcl.train.state import TrainState


class TrainProgress:
    """A `mlcl.train.loop.Reporter` for people.

    Args:
        metric: Dev metric that selects, shown after each epoch.
        quiet: Show nothing.
    """

    def __init__(self, metric: str, *, quiet: bool = False) -> None:
        self.metric, self.quiet = metric, quiet
        self.console = Console(file=sys.stderr, highlight=False)
        self.bar = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[terms]}"),
            console=self.console,
            disable=quiet or not self.console.is_terminal,
            transient=True,
        )
        self.task = self.bar.add_task("train", total=None, epoch="", terms="")

    def __enter__(self) -> "TrainProgress":
        self.bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.stop()

    def announce(self, what: str) -> None:
        """Say what is trained next."""
        if not self.quiet:
            self.console.print(what, soft_wrap=True)

    def step(self, state: TrainState, steps: int, epochs: int) -> None:
        """Move the bar."""
        done = state.epoch * steps + state.step
        self.bar.update(
            self.task,
            total=epochs * steps,
            completed=done,
            epoch=f"{state.epoch + 1}/{epochs}",
            terms=_levels(state.means()),
        )

    def epoch(self, record: dict[str, Any], epochs: int) -> None:
        """Print the epoch's line."""
        if self.quiet:
            return
        left = record["seconds"] * (epochs - record["epoch"])
        self.console.print(
            f"epoch {record['epoch']:>3}/{epochs}  {_levels(record['train'])}  "
            f"dev {self.metric} {number(record['dev'][self.metric])}{' *' if record['best'] else '  '}"
            f"  {record['seconds']:.1f} s, {_duration(left)} left",
            soft_wrap=True,
        )


def _levels(means: dict[str, float]) -> str:
    """Loss, task, and the mean term of each level."""
    parts = [f"loss {means.get('loss', 0.0):.3f}", f"task {means.get('task', 0.0):.3f}"]
    for level in ("umcl", "bmcl", "tmcl"):
        values = [value for name, value in means.items() if name.startswith(level)]
        if values:
            parts.append(f"{level} {sum(values) / len(values):.2f}")
    return " ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
