"""A tuning study is a folder: what is searched, the journal of trials, and who is at work."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from mlcl.errors import DataError, RunError, UsageError
from mlcl.files import open_regular, write_yaml
from mlcl.recipe import flat
from mlcl.safe.text_file import read_yaml


class TuneFolder:
    """Paths of a tuning study.

    ``tune.yaml`` what is searched, on what, and how it is judged; no path and no host · ``journal.log`` every trial, as
    Optuna's journal · ``workers/`` a file per process at work · ``trials.csv`` the trials as a table.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.plan = path / "tune.yaml"
        self.journal = path / "journal.log"
        self.workers = path / "workers"
        self.table = path / "trials.csv"

    def begin(self, plan: dict[str, Any]) -> None:
        """Make the study, or join the one that is there.

        Raises:
            RunError: If something else is in its place.
            UsageError: If the study there is of something else.
        """
        if self.path.exists() and not self.path.is_dir():
            raise RunError(f"{self.path} is a file; choose another --study")
        self.path.mkdir(parents=True, exist_ok=True)
        with self.lock():
            if self.plan.exists():
                _check_same(self.path, self._read(), plan)
            elif any(not entry.name.startswith("study.lock") for entry in self.path.iterdir()):
                raise RunError(f"{self.path} exists and is no tuning study; choose another --study")
            else:
                write_yaml(self.plan, plan)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Inside, no other process of the study decides or writes; a lock whose holder died is taken over in 30 s."""
        lock = JournalFileOpenLock(str(self.path / "study"))
        lock.acquire()
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Inside, the journal is read: whatever Optuna raises on a damaged one becomes a RunError."""
        try:
            yield
        except (
            ArithmeticError,
            AssertionError,
            AttributeError,
            LookupError,
            RecursionError,
            TypeError,
            ValueError,
        ) as e:
            reason = " ".join(str(e).split())[:100] or type(e).__name__
            raise RunError(f"{self.journal} is damaged ({reason}); restore it, or choose another --study") from e

    def storage(self) -> JournalStorage:
        """The journal; several processes may append to it."""
        if self.journal.exists():
            open_regular(self.journal).close()
        return JournalStorage(JournalFileBackend(str(self.journal), JournalFileOpenLock(str(self.journal))))

    def _read(self) -> dict[str, Any]:
        try:
            plan = read_yaml(self.plan)
        except DataError:
            plan = None
        if not isinstance(plan, dict):
            raise RunError(f"{self.plan} is damaged; choose another --study")
        return plan


def _check_same(path: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    old, new = flat(before), flat(now)
    for key in [*old, *(key for key in new if key not in old)]:
        if key != "created_with" and old.get(key) != new.get(key):
            raise UsageError(
                f"{path} is a study with {key} = {old.get(key)!r}, not {new.get(key)!r}; "
                "repeat its command, or choose another --study"
            )
