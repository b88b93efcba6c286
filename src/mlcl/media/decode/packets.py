"""The file of a recording, opened with care, and its packets decoded one by one.

The file comes from a stranger. It is a regular file, handed to ffmpeg as an open stream without a name, in one of a few
container formats, so that no playlist, pattern or address in it makes ffmpeg open anything else.
"""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

from mlcl.errors import DataError, UsageError, reason
from mlcl.files import open_regular

# Containers of recordings by ffmpeg's names. Not among them: playlists, lists of files, pictures, raw streams without
# times, text drawn as pictures, devices.
FORMATS = (
    *("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "mpeg", "mpegts", "flv", "asf", "mxf", "dv", "rm", "nut"),
    *("wav", "w64", "mp3", "aac", "flac", "ogg", "aiff", "au", "caf", "amr", "ac3", "eac3", "wv", "ape", "tta"),
)
_MOST_PIXELS = 2**26  # of a picture: 8192 x 8192
_MOST_CHANNELS = 64
RATES = (1000, 768_000)  # of sound, in Hz
_ATTACHED, _THUMBNAILS = 0x400, 0x800  # ffmpeg's AV_DISPOSITION_ATTACHED_PIC and _TIMED_THUMBNAILS
_MOST_FAILED_READS = 50  # one after the other
_TO_GET = "play it in a media player to see whether it is whole, or get it again"
_PICTURES = (
    *(b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"8BPS", b"\0\0\0\x0cJXL ", b"\0\0\0\x0cjP  "),
    *(b"P4\n", b"P5\n", b"P6\n", b"<svg"),
)
_PICTURE_BRANDS = (b"heic", b"heix", b"avif", b"mif1")


@dataclass
class Faults:
    """What could not be decoded, or stood at an impossible time.

    Attributes:
        count: How many packets and times.
        first: What was wrong with the first.
    """

    count: int = 0
    first: str | None = None

    def add(self, what: str) -> None:
        """Count one more."""
        self.count += 1
        self.first = self.first or what


class _Source:
    """An open file as ffmpeg gets it: only the ending of its name, which helps to tell formats apart."""

    def __init__(self, file: BufferedReader, suffix: str) -> None:
        self.name = f"recording{suffix if suffix[1:].isalnum() else ''}"
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


@contextmanager
def opened(path: str | Path) -> Iterator[Any]:
    """Open a recording as an ``av`` container with at least one stream of sound or pictures.

    Raises:
        DataError: If there is no such regular file, or it is no recording.
        UsageError: If the library that decodes is not installed.
    """
    av = require_av()
    path = Path(path)
    try:
        file = open_regular(path)
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        why = getattr(error, "strerror", None) or reason(error)
        raise DataError(f"cannot be read: {why}; name a video or sound file on this machine", path=path) from error
    with file:
        head = file.read(64)
        file.seek(0)
        if not head:
            raise DataError("is empty; get it again", path=path)
        if _is_picture(head):
            raise DataError("is a picture, not a recording; name a video or sound file", path=path)
        try:
            container = av.open(
                _Source(file, path.suffix),
                metadata_errors="replace",
                options={
                    "format_whitelist": ",".join(FORMATS),
                    "protocol_whitelist": "none",
                    "max_pixels": str(_MOST_PIXELS),
                },
            )
        except MemoryError:
            raise
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise DataError(f"{_refusal(error)}; {_TO_GET}", path=path) from error
        with container:
            if stream_of(container, "audio") is None and stream_of(container, "video") is None:
                raise DataError(
                    "holds neither sound nor moving pictures that can be decoded; name a video or sound file", path=path
                )
            yield container


def stream_of(container: Any, kind: str) -> Any | None:
    """The best stream of sound (``audio``) or moving pictures (``video``) that can be decoded; None without one."""
    streams = [stream for stream in getattr(container.streams, kind) if _can_be_decoded(stream)]
    best = container.streams.best(kind) if streams else None
    return best if best in streams else next(iter(streams), None)


def _can_be_decoded(stream: Any) -> bool:
    context = stream.codec_context  # None where the codec is unknown
    if context is None or stream.disposition & (_ATTACHED | _THUMBNAILS):
        return False
    return stream.type != "audio" or bool(context.sample_rate > 0 and context.layout.nb_channels)  # else a lost header


def decoded(
    container: Any, stream: Any, path: Path, faults: Faults, tell: Callable[[float], None] | None
) -> Iterator[Any]:
    """Frames of a stream in order; a packet that cannot be decoded is a fault and costs itself only.

    Raises:
        DataError: If the stream's header asks for more than a recording has.
    """
    av = require_av()
    zero = zero_of(container)
    failed = 0
    while True:
        try:
            for packet in container.demux(stream):
                failed = 0
                if tell is not None and packet.pts is not None and packet.time_base is not None:
                    tell(float(packet.pts * packet.time_base) - zero)
                try:
                    frames = packet.decode()
                except MemoryError:
                    raise
                except av.error.EOFError:
                    continue
                except (av.error.FFmpegError, ValueError) as error:
                    faults.add(f"a packet cannot be decoded ({_said(error)})")
                    continue
                for frame in frames:
                    check(frame, path)
                    yield frame
            return
        except MemoryError:
            raise
        except (av.error.FFmpegError, OSError) as error:
            faults.add(f"the file cannot be read on ({_said(error)})")
            failed += 1
            if failed > _MOST_FAILED_READS:
                return


def check(found: Any, path: Path) -> None:
    """Refuse a stream or frame whose size no recording has, before memory is taken for it."""
    if getattr(found, "width", 0) * getattr(found, "height", 0) > _MOST_PIXELS:
        raise DataError(
            f"has pictures of {found.width} x {found.height}; at most 8192 x 8192 is read: convert it, or get it again",
            path=path,
        )
    rate = getattr(found, "sample_rate", None)
    if rate is None:
        return
    if not RATES[0] <= rate <= RATES[1]:
        raise DataError(f"has sound of {rate} samples a second; {RATES[0]} to {RATES[1]} are read", path=path)
    if found.layout.nb_channels > _MOST_CHANNELS:
        raise DataError(
            f"has sound of {found.layout.nb_channels} channels; at most {_MOST_CHANNELS} are read", path=path
        )


def zero_of(container: Any) -> float:
    """Where zero of the recording's clock lies on the clock of the file, in seconds.

    mp4 and Matroska mean their zero. Others, as MPEG streams, begin at any time; there zero is where the first stream
    begins, as players show it.
    """
    own = container.format.name in FORMATS[:2]
    return 0.0 if own or container.start_time is None else container.start_time / 1_000_000


def _is_picture(head: bytes) -> bool:
    brand = head[8:12]
    return (
        head.startswith(_PICTURES)
        or (head[:4] == b"RIFF" and brand == b"WEBP")
        or (head[4:8] == b"ftyp" and brand in _PICTURE_BRANDS)
    )


def _refusal(error: BaseException) -> str:
    if getattr(error, "errno", 0) == errno.EINVAL:  # a format that is not on the list
        return "is not a recording in a format that is read, such as mp4, mov, mkv, webm, avi, mpg, wav, mp3, flac, ogg"
    return f"is not a recording, or its beginning or end is lost ({_said(error)})"


def _said(error: BaseException) -> str:
    return getattr(error, "strerror", None) or reason(error, 80)


def require_av() -> Any:
    """The package that decodes. Raises a UsageError where it is not installed."""
    try:
        import av
    except ImportError as error:
        raise UsageError(
            "recordings are decoded by the package av, which is not installed: pip install 'mlcl[clips]'"
        ) from error
    return av
