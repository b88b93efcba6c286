"""What one file may take in memory, and whose errors name it."""

from dataclasses import dataclass

from mlcl.errors import DataError


@dataclass
class Budget:
    """One file while it is read.

    Time is bounded with memory: whatever a reader repeats, it pays for here before.

    Attributes:
        path: The file, for errors.
        bytes_left: How much memory its content may still take; None for no limit. It stops a small file whose items
            share one large array and would each get a copy.
    """

    path: str | None = None
    bytes_left: int | None = None

    def error(self, message: str, place: str | None = None) -> DataError:
        """An error in this file."""
        return DataError(message, path=self.path, place=place)

    def spend(self, num_bytes: int, place: str | None = None) -> None:
        """Account for memory that a part of the file takes.

        Raises:
            DataError: If more is taken than a file of its size may hold.
        """
        if self.bytes_left is None:
            return
        self.bytes_left -= num_bytes
        if self.bytes_left < 0:
            raise self.error("up to here the items take far more memory than the file: they share their data", place)
