"""``mlcl data inspect``, ``mlcl data verify`` and ``mlcl data layouts``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from mlcl.cli.options import DataFile, Json
from mlcl.inert import printable

if TYPE_CHECKING:
    from mlcl.data.inspection import Inspection


def inspect(file: DataFile, *, json: Json = False) -> None:
    """Say what a data file is: layout, sizes, lengths, labels, what looks wrong, and what to do next."""
    from rich.text import Text

    from mlcl.console import Console
    from mlcl.data.inspection.terminal import inspection_lines

    found = _inspect(file)
    if json:
        _print_json(found.as_json())
        return
    console = Console(markup=False)
    for line in inspection_lines(found):
        console.print(line, soft_wrap=isinstance(line, Text))


def verify(
    file: DataFile,
    *,
    strict: Annotated[bool, Parameter(negative="", help="Fail for warnings too.")] = False,
    json: Json = False,
) -> None:
    """Run every check on a data file: one line per finding; exit 1 if any is an error."""
    from mlcl.data.inspection import CHECKS
    from mlcl.errors import DataError

    try:
        findings = [{"level": finding.level, **asdict(finding)} for finding in _inspect(file).findings]
    except DataError as error:
        if json:
            finding = {"level": "error", "check": "unreadable", "place": error.place or "", "text": str(error)}
            _print_json({"path": str(file), "passed": False, "errors": 1, "warnings": 0, "findings": [finding]})
        raise
    errors = sum(finding["level"] == "error" for finding in findings)
    warnings = len(findings) - errors
    passed = not errors and not (strict and warnings)
    count = f"{_count(errors, 'error')} and {_count(warnings, 'warning')} in {len(CHECKS)} checks"
    if json:
        result = {"path": str(file), "passed": passed, "errors": errors, "warnings": warnings, "findings": findings}
        _print_json(result)
    else:
        for finding in findings:
            place = f" {finding['place']}:" if finding["place"] else ""
            print(printable(f"{finding['level']} {finding['check']}:{place} {finding['text']}"))
    if not passed:
        raise DataError(f"{count}; mlcl data inspect shows the file", path=file)
    if not json:
        print(f"{file}: {count}")


def layouts(*, json: Json = False) -> None:
    """List the layouts of data files: their names, their forms, and which can be written."""
    from mlcl.data.formats import LAYOUTS

    rows = [
        {"name": layout.name, "read": True, "write": layout.write is not None, "form": layout.summary}
        for layout in LAYOUTS
    ]
    if json:
        _print_json(rows)
        return
    from rich.table import Table

    from mlcl.console import Console

    table = Table(box=None, pad_edge=False)
    for heading in ("layout", "read", "write", "form"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(str(row["name"]), "x", "x" if row["write"] else "", str(row["form"]))
    Console(markup=False).print(table)


def _inspect(file: Path) -> "Inspection":
    from mlcl.data.formats import read_corpus
    from mlcl.data.inspection import inspect_corpus

    return inspect_corpus(read_corpus(file))


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def _print_json(value: Any) -> None:
    import json

    print(json.dumps(value, indent=2, allow_nan=False))
