"""Small pictures of a recording, for pages."""

from collections.abc import Sequence
from io import BytesIO
from itertools import islice
from pathlib import Path

from mlcl.errors import DataError
from mlcl.media.decode import read_pictures

_RATE = 25.0  # pictures a second among which the one at a time is looked for
_QUALITY = 72


def small_pictures(path: Path, times: Sequence[float], *, height: int = 96) -> list[bytes | None]:
    """JPEG pictures at given times, so many pixels high; None where there is none.

    A recording that can no longer be read has no pictures, and no error.
    """
    from PIL import Image

    made: list[bytes | None] = []
    for time in times:
        try:
            found = next(islice(read_pictures(path, rate=_RATE, start=max(time - 0.04, 0.0), end=time + 1.0), 1), None)
        except DataError:
            found = None
        if found is None:
            made.append(None)
            continue
        whole = Image.fromarray(found.image)
        small = whole.resize((max(round(whole.width * height / whole.height), 1), height), Image.Resampling.LANCZOS)
        stream = BytesIO()
        small.save(stream, "JPEG", quality=_QUALITY)
        made.append(stream.getvalue())
    return made
