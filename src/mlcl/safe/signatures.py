"""What files that are no data set start with, and what to do about them."""

import re
from pathlib import Path
from typing import NamedTuple

from mlcl.errors import DataError

SIGNATURE_BYTES = 512  # of the file's start are enough to recognise it

_OTHER = "name the file of the data set"
_EXTRACT = "extract features first, and name the file that holds them"
_TABLE = "put it into a folder of its own as data.parquet, and name the folder"


class Kind(NamedTuple):
    """A kind of file, and the next step of a user who has one."""

    what: str
    step: str


_ZLIB = Kind("zlib data, as joblib writes", "where you trust it, open it with joblib and pickle its arrays")

# offset, bytes, kind; the first that fits counts
_TORCH = (
    "if it holds data that you trust, open it with torch.load, turn its tensors into numpy arrays, and pickle those; "
    "if it is a model, name the data set's own file"
)
_SIGNATURES: tuple[tuple[int, bytes, Kind], ...] = (
    (0, b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19", Kind("a file of torch.save", _TORCH)),
    (0, b"version https://git-lfs", Kind("a git-lfs pointer", "run 'git lfs pull' where it came from")),
    (0, b"PK\x05\x06", Kind("an empty zip archive", "get the file again")),
    (0, b"\x1f\x8b", Kind("gzip data", "unpack it with gunzip")),
    (0, b"BZh", Kind("bzip2 data", "unpack it with bunzip2")),
    (0, b"\xfd7zXZ\x00", Kind("xz data", "unpack it with unxz")),
    (0, b"\x28\xb5\x2f\xfd", Kind("zstd data", "unpack it with unzstd")),
    (0, b"\x04\x22\x4d\x18", Kind("lz4 data", "unpack it with lz4 -d")),
    (0, b"x\x01", _ZLIB),
    (0, b"x\x5e", _ZLIB),
    (0, b"x\x9c", _ZLIB),
    (0, b"x\xda", _ZLIB),
    (0, b"Rar!", Kind("a rar archive", "unpack it, and name the data file in it")),
    (0, b"7z\xbc\xaf\x27\x1c", Kind("a 7z archive", "unpack it, and name the data file in it")),
    (257, b"ustar", Kind("a tar archive", "unpack it with tar -xf, and name the data file in it")),
    (0, b"\x89HDF\r\n\x1a\n", Kind("an HDF5 file", "write its content as a pickle in a known layout")),
    (0, b"\x93NUMPY", Kind("a .npy array", "name the data set's own file, or the folder of which the array is a part")),
    (0, b"PAR1", Kind("a parquet table", _TABLE)),
    (0, b"ARROW1", Kind("an arrow file", "name the folder that save_to_disk made, with dataset_info.json in it")),
    (0, b"\xff\xff\xff\xff", Kind("an arrow stream", "name the folder that save_to_disk made")),
    (0, b"\x89PNG", Kind("a PNG image", _OTHER)),
    (0, b"\xff\xd8\xff", Kind("a JPEG image", _OTHER)),
    (0, b"GIF8", Kind("a GIF image", _OTHER)),
    (0, b"%PDF", Kind("a PDF document", _OTHER)),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind("an old Office document", "save the table as csv")),
    (0, b"SQLite format 3\0", Kind("an SQLite database", "write its table as csv")),
    (0, b"MATLAB 5.0", Kind("a MATLAB file", "write its content as a pickle in a known layout")),
    (0, b"\x7fELF", Kind("a program", _OTHER)),
    (4, b"ftypM4A", Kind("an MPEG-4 sound file", _EXTRACT)),
    (4, b"ftyp", Kind("an MPEG-4 video", _EXTRACT)),
    (0, b"\x1aE\xdf\xa3", Kind("a Matroska or WebM video", _EXTRACT)),
    (8, b"WAVE", Kind("a wav sound file", _EXTRACT)),
    (8, b"AVI ", Kind("an AVI video", _EXTRACT)),
    (8, b"WEBP", Kind("a WebP image", _OTHER)),
    (0, b"OggS", Kind("an Ogg sound file", _EXTRACT)),
    (0, b"fLaC", Kind("a FLAC sound file", _EXTRACT)),
    *((0, start, Kind("an MP3 sound file", _EXTRACT)) for start in (b"ID3\2", b"ID3\3", b"ID3\4", b"\xff\xfb")),
    (0, b"\xff\xfe", Kind("text in UTF-16", "save it as UTF-8")),
    (0, b"\xfe\xff", Kind("text in UTF-16", "save it as UTF-8")),
)
_ZIP = b"PK\x03\x04"
_WEB_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype|html|head|\?xml)", re.IGNORECASE)
_JSON = re.compile(r"[\ufeff\s]*(\{\s*[\"}]|\{\s*$|\[\s*([\[\]{\"\-\d]|$|true|false|null))")
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
# How protocol 0 starts: a container, a global, a number, a quoted text, or None.
_TEXT_PICKLE = re.compile(rb"[(\]})N][(dlt\]})pqSVFILN.]|c[\w.]+\n\w+\n|[IL]-?\d+L?\n|F[-+.\dnaife]+\n|S['\"]|V.*\np")


def identify(start: bytes) -> Kind | None:
    """Return what a file is that starts so; None if it may be a pickle."""
    if start.startswith(_ZIP):
        return _identify_zip(start)
    for offset, signature, kind in _SIGNATURES:
        if start.startswith(signature, offset):
            return kind
    if start[4:8] == bytes(4) and start[8:10] in (b'{"', b"{}"):
        return Kind("a safetensors file", _OTHER)
    if _WEB_PAGE.match(start):
        return Kind("a web page", "download the file itself")
    return None


def identify_text(start: bytes) -> Kind | None:
    """Return what readable text is; None for anything else, and for text that may be the start of a pickle."""
    if _NO_TEXT.search(start) or _TEXT_PICKLE.match(start):
        return None
    try:
        text = start.decode("utf-8", errors="strict" if len(start) < SIGNATURE_BYTES else "ignore")
    except UnicodeDecodeError:
        return None
    if _JSON.match(text):
        return Kind("json text", "if it is the data set, let its name end in .json")
    return Kind("text", "if it is a csv table, let its name end in .csv")


def refuse_other(start: bytes, path: str | Path) -> None:
    """Raise unless a file that starts so may be a pickle.

    Raises:
        DataError: With what the file is and the next step.
    """
    if not start:
        raise DataError("is empty; get the file again", path=path)
    kind = identify(start)
    if kind:
        raise DataError(f"is not a data file but {kind.what}; {kind.step}", path=path)


def _identify_zip(start: bytes) -> Kind:
    """What an archive is, by the name of its first file."""
    name = start[30 : 30 + int.from_bytes(start[26:28], "little")]
    if name.endswith((b"/data.pkl", b"/.format_version", b"/version", b"/byteorder")):
        return Kind("a file of torch.save", _TORCH)
    if name.endswith(b".npy"):
        return Kind("an .npz archive of arrays", "name the data set's own file, or the folder of which it is a part")
    if name == b"[Content_Types].xml":
        return Kind("an Office document", "save the table as csv")
    return Kind("a zip archive", "unpack it, and name the data file in it")
