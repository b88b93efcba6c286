"""``mlcl models``."""

from mlcl.cli.options import Json


def models(*, json: Json = False) -> None:
    """List the models: where each comes from, its size at BERT-base, and what its authors trained it on."""
    import json as json_format

    from mlcl.console import Console
    from mlcl.models.catalogue import catalogue, catalogue_table

    rows = catalogue()
    if json:
        print(json_format.dumps(rows, indent=2))
    else:
        Console().print(catalogue_table(rows))
