"""Read hostile files in a process of its own: ``python -m fuzz.hostile FOLDER`` reads the one file in each entry.

Prints what became of each as JSON.
"""

import json
import logging
import resource
import sys
import traceback
from importlib import import_module
from pathlib import Path

from fuzz.guard import Guard
from fuzz.harness import judge, peak_bytes

_ADDRESS_SPACE = 3 * 2**30
_FILE_SIZE = 2**20
_LIBRARIES = ("h5py", "pandas", "pyarrow.parquet", "yaml")


def main(folder: Path) -> None:
    """Judge every file."""
    logging.disable(logging.WARNING)
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_SIZE, _FILE_SIZE))
    for name in _LIBRARIES:  # reading may import them, and the guard hears that
        import_module(name)
    guard, outcomes = Guard(), {}
    for entry in sorted(folder.iterdir()):
        (path,) = entry.iterdir()
        before = peak_bytes()
        try:
            outcome = judge(path, guard)
            what = "error" if outcome.corpus is None else "corpus"
            outcomes[entry.name] = {"what": what, "message": outcome.message, "bytes": peak_bytes() - before}
        except BaseException:  # noqa: BLE001 - whatever it is, it is an outcome
            outcomes[entry.name] = {"what": "failure", "message": traceback.format_exc(), "bytes": 0}
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
