"""Build a wheel, look at what is in it, install it into an empty environment, and train from there in a terminal."""

import os
import pty
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("mlcl/py.typed", "mlcl/recipes/mosi.yaml", "mlcl/recipes/models/mag.yaml", "mlcl/report/templates/report.css")


def main() -> None:
    """Fail at the first thing that is not as it should be."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        shutil.rmtree(ROOT / "build", ignore_errors=True)  # setuptools would take up what an earlier build left there
        run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", place, ROOT)
        [wheel] = place.glob("*.whl")
        check(zipfile.ZipFile(wheel).namelist())
        venv.create(place / "empty", with_pip=True)
        python = place / "empty" / "bin" / "python"
        run(python, "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt", wheel)
        os.chdir(place)
        os.environ.update(TERM="xterm-256color", OMP_NUM_THREADS="1")
        mlcl = python.with_name("mlcl")
        settings = ["--set", "train.epochs=1", "--set", "data.file=planted:200"]
        code = pty.spawn([str(mlcl), "train", "demo", *settings, "--output", "run"])
        if os.waitstatus_to_exitcode(code) or not Path("run/metrics.json").is_file():
            sys.exit("the installed wheel does not train in a terminal")


def check(names: list[str]) -> None:
    """Refuse a wheel that lacks what the package reads, or has what it does not need."""
    missing = [name for name in NEEDED if name not in names]
    foreign = [name for name in names if not name.startswith("mlcl")]
    if missing or foreign:
        sys.exit(f"the wheel lacks {missing} and should not have {foreign}")


def run(*command: object) -> None:
    """Run a command that must succeed."""
    subprocess.run(list(map(str, command)), check=True)


if __name__ == "__main__":
    main()
