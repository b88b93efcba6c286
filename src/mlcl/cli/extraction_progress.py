"""Progress of an extraction: a bar in a terminal, a line per recording in a pipe. Everything goes to stderr."""

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from mlcl.console import Console
from mlcl.inert import printable
from mlcl.media.extract_folder import Progress as Told

_LONGEST = 28  # letters of a recording's name


class ExtractionProgress:
    """Follows `extract_all`; use as a context.

    Args:
        total: How many recordings are to be done.
        quiet: Say nothing but failures.
    """

    def __init__(self, total: int, *, quiet: bool = False) -> None:
        self.total, self.quiet, self.done, self.failed, self.seconds = total, quiet, 0, 0, 0.0
        self.console = Console(stderr=True)
        self.bar = Progress(
            MofNCompleteColumn(),
            BarColumn(16),
            TextColumn("{task.fields[heard]}"),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),
            console=self.console,
            disable=quiet or self.console.color_system is None,
            transient=True,
        )
        self.task = self.bar.add_task("", total=total, heard="")

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def kept(self, number: int) -> None:
        """Count recordings that an earlier call has done, or has failed at."""
        self.done = number
        self.bar.update(self.task, completed=number)
        if number and not self.quiet:
            self.console.print(f"{number} of {self.total} recordings need no work: they were done before")

    def tell(self, told: Told) -> None:
        """Move the bar; print the line of a recording that has ended."""
        name = _short(told.job.key)
        if told.step is not None:
            share = min(told.step.seconds / told.duration, 1.0) if told.duration else 0.0
            self.bar.update(self.task, description=f"{name}: {told.step.doing} {share:.0%}")
            return
        self.done += 1
        self.failed += told.error is not None
        self.seconds += told.duration or 0.0
        self.bar.update(self.task, completed=self.done, heard=f"{self.seconds / 3600:.2f} h")
        if told.error is not None and self.total == 1:
            return  # the command ends with it
        if told.error is not None:
            self.console.print(f"failed: {printable(told.error)}", markup=False, soft_wrap=True)
        elif not self.quiet:
            length = f"  {told.duration:.0f} s" if told.duration else ""
            line = f"{self.done}/{self.total}  {printable(told.job.key)}{length}"
            self.console.print(line, markup=False, soft_wrap=True)
            for note in told.notes:
                self.console.print(f"note: {printable(told.job.key)}: {printable(note)}", markup=False, soft_wrap=True)


def _short(name: str) -> str:
    shown = printable(name)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
