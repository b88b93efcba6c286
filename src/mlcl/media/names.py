"""What the files are called that are made of recordings, whose own names may be anything."""

import hashlib
from pathlib import Path

_SUFFIX = ".safetensors"
_LONGEST_NAME = 200  # bytes, of the 255 that file systems allow
_PERCENT = {"/": "%2F", "%": "%25", "\\": "%5C", **{chr(code): f"%{code:02X}" for code in range(32)}}


def extraction_file(folder: Path, key: str) -> Path:
    """Where a folder keeps the extraction of the recording with this key, a relative path."""
    return folder / "recordings" / f"{file_name(key)}{_SUFFIX}"


def file_name(key: str) -> str:
    """A name without slashes for what is made of a recording; a long one is cut and told apart by a digest."""
    plain = "".join(_PERCENT.get(sign, sign) for sign in key)
    whole = plain.encode()
    if len(whole) <= _LONGEST_NAME:
        return plain
    return f"{whole[: _LONGEST_NAME - 17].decode('utf-8', 'ignore')}-{hashlib.sha256(whole).hexdigest()[:16]}"
