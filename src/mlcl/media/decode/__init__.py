"""What a recording says of itself; its sound and pictures are read by `read_sound` and `read_pictures`."""

from pathlib import Path

from mlcl.media.decode.packets import Faults, check, decoded, opened, stream_of
from mlcl.media.decode.pictures import Upright, read_pictures
from mlcl.media.decode.sound import read_sound
from mlcl.media.recording import RecordingFacts

__all__ = ["Faults", "facts", "read_pictures", "read_sound"]


def facts(path: str | Path) -> RecordingFacts:
    """What a recording says of itself; its first picture is decoded, since the header does not tell which way is up.

    Raises:
        DataError: If the file is no recording, or asks for more than one has.
        UsageError: If the package that decodes is not installed.
    """
    path = Path(path)
    with opened(path) as container:
        sound, pictures = stream_of(container, "audio"), stream_of(container, "video")
        size = None
        for stream in filter(None, (sound, pictures)):
            check(stream.codec_context, path)
        if pictures is not None:
            frame = next(decoded(container, pictures, path, Faults(), None), None)
            size = None if frame is None else Upright(frame, pictures).size
        duration = container.duration
        return RecordingFacts(
            path=path,
            duration=duration / 1_000_000 if duration and duration > 0 else None,
            sample_rate=sound.codec_context.sample_rate or None if sound is not None else None,
            size=size,
        )
