"""What was written is what is read: the hashes of a folder's files, kept beside them and looked at on reading."""

from collections.abc import Iterable
from pathlib import Path

from mlcl.errors import DataError, RunError
from mlcl.files import is_there, sha256, write_json
from mlcl.safe.text_file import read_json

_NAME = "digests.json"


class Digests:
    """SHA-256 of some files of a folder, in ``digests.json``.

    They tell accidents, not attacks: whoever changes a file on purpose can change its hash too. A folder without the
    file (of version 0.1.0), and files without a hash, are taken as they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._file = folder, folder / _NAME

    def seal(self, files: Iterable[Path]) -> None:
        """Remember files as they are now."""
        known = self._read() | {self._name(file): sha256(file) for file in files}
        write_json(self._file, dict(sorted(known.items())))

    def open(self, files: Iterable[Path]) -> None:
        """Forget files that are about to be replaced, so that a crash in between accuses nobody."""
        names = {self._name(file) for file in files}
        known = self._read()
        if names & known.keys():
            write_json(self._file, {name: value for name, value in known.items() if name not in names})

    def knows(self, file: Path) -> bool:
        """Whether the file belongs to what was written."""
        return file.is_relative_to(self._folder) and self._name(file) in self._read()

    def check(self, *files: Path) -> None:
        """Refuse files that are not as they were written; raises a RunError naming the first one."""
        known = self._read()
        for file in files:
            if self._name(file) in known and file.is_file() and sha256(file) != known[self._name(file)]:
                raise RunError(
                    f"{file} is damaged: it is not what was written (its hash differs from {_NAME}); restore it, "
                    f"or make the run again"
                )

    def _name(self, file: Path) -> str:
        return file.relative_to(self._folder).as_posix()

    def _read(self) -> dict[str, str]:
        if not is_there(self._file):
            return {}
        try:
            return {str(name): str(value) for name, value in read_json(self._file).items()}
        except (DataError, AttributeError) as error:
            raise RunError(f"{self._file} is damaged; restore it, or delete it to go without") from error
