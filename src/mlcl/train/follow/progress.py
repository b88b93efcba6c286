"""Progress of long work: a bar in a terminal, plain lines in a pipe. Everything goes to stderr."""

from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from mlcl.console import Console
from mlcl.score_table import number
from mlcl.train.state import TrainState

_BESIDE_TERMS = 57  # columns before the terms, and two that stay free: a wrapped echo of Ctrl-C would break the bar


class TrainProgress:
    """A `mlcl.train.loop.Reporter` for people."""

    def __init__(self, metric: str, *, quiet: bool = False) -> None:
        self.metric, self.quiet = metric, quiet
        self.console = Console(stderr=True)
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(20),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[terms]}"),
            console=self.console,
            disable=quiet or self.console.color_system is None,
            transient=True,
        )
        self.task = self.bar.add_task("starting", total=None, terms="")

    def __enter__(self) -> "TrainProgress":
        self.bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.stop()

    def announce(self, what: str) -> None:
        """Say what is trained next; the bar starts again."""
        self.bar.reset(self.task, description="starting", terms="")
        if not self.quiet:
            self.console.print(what, soft_wrap=True)

    def step(self, state: TrainState, steps: int, epochs: int) -> None:
        """Move the bar."""
        terms = _levels(state.means())
        while terms and len(" ".join(terms)) > self.console.width - _BESIDE_TERMS:
            terms.pop()
        self.bar.update(
            self.task,
            description=f"epoch {state.epoch + 1}/{epochs}",
            total=epochs * steps,
            completed=state.epoch * steps + state.step,
            terms=" ".join(terms),
        )

    def epoch(self, record: dict[str, Any], epochs: int) -> None:
        """Print the epoch's line."""
        if self.quiet:
            return
        left = record["seconds"] * (epochs - record["epoch"])
        self.console.print(
            f"epoch {record['epoch']:>3}/{epochs}  {' '.join(_levels(record['train']))}  "
            f"dev {self.metric} {number(record['dev'][self.metric])}{' *' if record['best'] else '  '}"
            f"  {record['seconds']:.1f} s, {_duration(left)} left",
            soft_wrap=True,
        )


def _levels(means: dict[str, float]) -> list[str]:
    """Loss, task, and the mean term of each level."""
    parts = [f"loss {means.get('loss', 0.0):.3f}", f"task {means.get('task', 0.0):.3f}"]
    for level in ("umcl", "bmcl", "tmcl"):
        values = [value for name, value in means.items() if name.startswith(level)]
        if values:
            parts.append(f"{level} {sum(values) / len(values):.2f}")
    return parts


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
