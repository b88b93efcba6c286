"""The table of labels beside recordings: one row per recording, or per stretch of one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from mlcl.errors import nearest
from mlcl.media.jobs import Job, Stretch
from mlcl.safe.budget import Budget
from mlcl.safe.csv_file import Row, read_table
from mlcl.safe.inside import inside

COLUMNS = ("file", "label", "id", "split", "speaker", "start", "end", "text", "transcript")
_LABEL = "label_"
_LONGEST = 1e6  # seconds; eleven days


@dataclass(frozen=True)
class LabelledItem:
    """What the table says of one item beside its place in the recording.

    Attributes:
        id: Of the item.
        key: Of its recording, see `Job`.
        cells: ``label`` or each ``label_NAME``, and ``split`` and ``speaker`` where the table has them, as written.
        place: Its row in the table, for errors.
    """

    id: str
    key: str
    cells: dict[str, str]
    place: str


def label_jobs(table: Path, jobs: Sequence[Job]) -> tuple[list[Job], list[LabelledItem]]:
    """Cut recordings into the items that a table of labels names.

    Format:
        csv with the columns ``file`` (path below the folder of recordings, or its name, with or without suffix),
        ``label`` or several ``label_NAME``, and optionally ``id``, ``split``, ``speaker``, ``start`` and ``end`` in
        seconds, ``text`` (what is said), ``transcript`` (a file, from the table's folder). Several rows of one file
        are stretches of it. Columns that begin with ``_`` are the user's own.

    Returns:
        The jobs of the recordings that the table names, and its items in the table's order.

    Raises:
        DataError: If a row names no recording or several, has no times where the file has several rows, or a column is
            unknown; with the row.
    """
    budget = Budget(str(table))
    read = read_table(budget, table, ("file",), None, first_row=2)
    if read.latin1:
        raise budget.error("is not UTF-8; save it as UTF-8")
    for name in read.names:
        if name not in COLUMNS and not name.startswith(("_", _LABEL)):
            raise budget.error(f"has a column {name[:40]!r}; {nearest(name[:40], [*COLUMNS, 'label_NAME', '_NAME'])}")
    labels = [name for name in read.names if name == "label" or (name.startswith(_LABEL) and name != _LABEL)]
    if "label" in labels and len(labels) > 1:
        raise budget.error(f"has columns 'label' and {labels[-1]!r}; name all labels or none")
    if not labels:
        raise budget.error("has no column 'label', nor any 'label_NAME'; add one, empty where a label is not known")
    by_name = _names(jobs)
    kept = [*labels, *(name for name in ("split", "speaker") if name in read.names)]
    stretches: dict[str, list[Stretch]] = {}
    transcripts: dict[str, Path] = {}
    items: list[LabelledItem] = []
    seen: dict[str, str] = {}
    for row in read.rows:
        job = _job(budget, row, by_name)
        own = stretches.setdefault(job.key, [])
        identifier = row.cells.get("id") or (f"{job.name}_{len(own) + 1}" if _has_times(row) else job.name)
        if identifier in seen:
            raise budget.error(
                f"names the item {identifier[:60]!a} again, as {seen[identifier]}; give each start and end, or an id",
                row.place,
            )
        seen[identifier] = row.place
        start, end = (_seconds(budget, row, name) for name in ("start", "end"))
        if start is not None and end is not None and not start < end:
            raise budget.error(f"starts at {start:g} and ends at {end:g} seconds; the end must be later", row.place)
        own.append(Stretch(identifier, start, end, row.cells.get("text") or None, row.cells.get("speaker") or None))
        if row.cells.get("transcript"):
            words = _transcript(budget, row, table.parent)
            if transcripts.setdefault(job.key, words) != words:
                raise budget.error(
                    f"names {words.name!a} as the transcript, and a row before {transcripts[job.key].name!a}; a "
                    "recording has one",
                    row.place,
                )
        items.append(LabelledItem(identifier, job.key, {name: row[name] for name in kept}, row.place))
    named = {job.key: job for job in jobs}
    return [
        replace(named[key], stretches=tuple(parts), transcript=transcripts.get(key, named[key].transcript))
        for key, parts in stretches.items()
    ], items


def _names(jobs: Sequence[Job]) -> dict[str, list[Job]]:
    """The jobs by all that a table may call their recordings."""
    found: dict[str, list[Job]] = {}
    for job in jobs:
        path = Path(job.key)
        for name in {job.key, path.name, path.with_suffix("").as_posix(), path.stem}:
            found.setdefault(name, []).append(job)
    return found


def _job(budget: Budget, row: Row, by_name: dict[str, list[Job]]) -> Job:
    name = row["file"].removeprefix("./")
    found = by_name.get(name, [])
    exact = [job for job in found if job.key == name]
    if not found:
        close = get_close_matches(name, list(by_name), n=1)
        hint = f"did you mean {close[0]!a}?" if close else "correct it, or name its folder in the command"
        raise budget.error(f"names {name[:80]!a}, which is not among the recordings; {hint}", row.place)
    if len(found) > 1 and not exact:
        several = ", ".join(job.key for job in found[:3])
        raise budget.error(f"names {name[:80]!a}, which may be {several}; write the whole path", row.place)
    return (exact or found)[0]


def _has_times(row: Row) -> bool:
    return bool(row.cells.get("start") or row.cells.get("end"))


def _seconds(budget: Budget, row: Row, name: str) -> float | None:
    cell = row.cells.get(name)
    if not cell:
        return None
    try:
        value = float(cell)
    except ValueError:
        value = -1.0
    if not 0 <= value <= _LONGEST:
        raise budget.error(
            f"{name} is {cell[:40]!a}; give seconds from the recording's beginning, as in 12.5", row.place
        )
    return value


def _transcript(budget: Budget, row: Row, folder: Path) -> Path:
    try:
        return inside(folder.resolve(), row["transcript"])
    except ValueError as error:
        raise budget.error(str(error), row.place) from None
