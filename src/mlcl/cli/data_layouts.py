"""``mlcl data layouts``."""

from mlcl.cli.options import Json


def layouts(*, json: Json = False) -> None:
    """List the layouts of data files: their names, their forms, and which can be written."""
    from mlcl.data.formats import LAYOUTS

    rows = [
        {"name": layout.name, "read": True, "write": layout.write is not None, "form": layout.summary}
        for layout in LAYOUTS
    ]
    if json:
        from json import dumps

        print(dumps(rows, indent=2))
        return
    from rich.table import Table

    from mlcl.console import Console

    table = Table(box=None, pad_edge=False)
    for heading in ("layout", "read", "write", "form"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(str(row["name"]), "x", "x" if row["write"] else "", str(row["form"]))
    Console(markup=False).print(table)
