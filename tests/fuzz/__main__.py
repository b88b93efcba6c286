"""Read damaged files in one process, within limits, and check each outcome.

``PYTHONPATH=src:tests python -m fuzz --cases 1000000 --seed 1``. Case ``n`` depends on seed and ``n`` alone:
``--first n --cases 1`` repeats it. Prints a line of JSON; exit 1 if any outcome was wrong.
"""

import argparse
import faulthandler
import json
import logging
import math
import resource
import sys
import tempfile
import time
from pathlib import Path

from fuzz.guard import Guard
from fuzz.harness import Fuzzer

_ADDRESS_SPACE = 4 * 2**30  # stops a runaway before the machine does; each case is held to less by `Fuzzer`
_FILE_SIZE = 2**26
_HANGS = 3600  # seconds without progress, on a machine that does much else
_MOST_FAILURES = 20


def main() -> int:
    """Run the cases that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description="Read damaged files and check each outcome.")
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--only", help="one layout of fuzz.layouts.TARGETS")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after so long")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    for kind, most in ((resource.RLIMIT_AS, _ADDRESS_SPACE), (resource.RLIMIT_FSIZE, _FILE_SIZE)):
        resource.setrlimit(kind, (most, most))
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        fuzzer = Fuzzer(Path(folder), options.seed, Guard(), options.only)
        for case in range(options.first, options.first + options.cases):
            if case % 100 == 0:
                faulthandler.dump_traceback_later(_HANGS, exit=True)
            if case % 50_000 == 0 and case > options.first:
                print(f"{case} cases, {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
            fuzzer.run(case)
            if len(fuzzer.failures) >= _MOST_FAILURES or time.perf_counter() - started > options.seconds:
                break
    for failure in fuzzer.failures:
        print(failure, file=sys.stderr)
    result = {"seed": options.seed, "first": options.first, "seconds": round(time.perf_counter() - started, 1)}
    print(json.dumps({**result, **fuzzer.summary()}))
    return 1 if fuzzer.failures else 0


if __name__ == "__main__":
    sys.exit(main())
