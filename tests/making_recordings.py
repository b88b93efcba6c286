"""Small recordings made on the spot: pictures that show their own time, flashes and beeps at known times.

Each picture carries the time at which it is shown as a row of black and white blocks along its top, which
`stamped_time` reads back. It is white below during a flash; the sound is silent but for beeps.
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

SIZE = (192, 144)  # width, height
RATE = 44100
EVENT = 0.2  # seconds that a flash or beep lasts
_BITS = 16
_FIXED_RATE = {"mpeg1video", "mpeg2video", "mjpeg"}  # encoders that take no pictures at other times

Draw = Callable[[float], NDArray[np.uint8]]


def write_recording(
    path: Path,
    *,
    seconds: float = 4.0,
    fps: float = 25.0,
    picture_times: Sequence[float] | None = None,
    picture_start: float = 0.0,
    sound_start: float = 0.0,
    flashes: Sequence[float] = (),
    beeps: Sequence[float] = (),
    samples: NDArray[np.float32] | None = None,
    draw: Draw | None = None,
    rate: int = RATE,
    layout: str = "mono",
    size: tuple[int, int] = SIZE,
    rotation: int = 0,
    sound: str | None = "aac",
    pictures: str | None = "libx264",
    options: dict[str, str] | None = None,
) -> Path:
    """Encode a recording; the ending of the path chooses the container.

    Args:
        path: The file to write.
        seconds: When both streams end, on the recording's clock.
        fps: Pictures a second, where `picture_times` are not given.
        picture_times: When each picture is shown: a variable rate.
        picture_start: Time of the first picture.
        sound_start: Time of the first sample.
        flashes: When the picture turns white.
        beeps: When a tone of 1 kHz begins.
        samples: (samples,) the sound itself, instead of beeps.
        draw: Gives the (height, width, 3) picture of a time, instead of flashes.
        rate: Samples a second.
        layout: Of the channels, which all carry the same.
        size: Width and height as stored, before the rotation.
        rotation: Degrees counter-clockwise by which a player is told to turn the picture: 0, 90, 180 or 270. What is
            stored is turned the other way, so that the upright picture is the one drawn.
        sound: Name of the encoder; None for no sound.
        pictures: Likewise.
        options: Of the container.
    """
    packets: list[Any] = []
    with av.open(str(path), "w", options=options or {}) as container:
        if pictures is not None:
            stream = _picture_stream(container, pictures, fps, size, rotation)
            if picture_times is None:
                picture_times = picture_start + np.arange(round((seconds - picture_start) * fps)) / fps
            for time in picture_times:
                image = draw(time) if draw else stamped(time, _upright(size, rotation), _during(time, flashes))
                frame = _picture_frame(np.rot90(image, -rotation // 90), time, stream.codec_context.time_base)
                packets += stream.encode(frame)
        if sound is not None:
            voice = container.add_stream(sound, rate=rate, layout=layout)
            if samples is None:
                samples = beeping(beeps, sound_start, seconds, rate)
            for frame in _sound_frames(voice, samples, rate, layout, sound_start):
                packets += voice.encode(frame)
        for stream in container.streams:
            packets += stream.encode(None)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            container.mux(packet)
    return path


def stamped(time: float, size: tuple[int, int] = SIZE, white: bool = False) -> NDArray[np.uint8]:
    """A picture that shows its time, to the millisecond, and is white below during a flash."""
    width, height = size
    image = np.full((height, width, 3), 235 if white else 60, np.uint8)
    for bit in range(_BITS):
        shade = 255 if round(time * 1000) >> bit & 1 else 0
        image[: height // 4, bit * width // _BITS : (bit + 1) * width // _BITS] = shade
    return image


def stamped_time(image: NDArray[np.uint8]) -> float:
    """The time that an upright picture shows."""
    height, width, _ = image.shape
    middles = (np.arange(_BITS) * 2 + 1) * width // (2 * _BITS)
    bright = image[height // 8, middles].mean(axis=1) > 127
    return float(bright @ (2 ** np.arange(_BITS))) / 1000


def is_flash(image: NDArray[np.uint8]) -> bool:
    """Whether the picture is white below its time."""
    return bool(image[len(image) // 2 :].mean() > 140)


def beeping(beeps: Sequence[float], start: float, end: float, rate: int) -> NDArray[np.float32]:
    """Silence with a tone of 1 kHz from each of the times on."""
    times = start + np.arange(round((end - start) * rate)) / rate
    loud = np.zeros(len(times), bool)
    for beep in beeps:
        loud |= (times >= beep) & (times < beep + EVENT)
    return (0.5 * np.sin(2 * np.pi * 1000 * times) * loud).astype(np.float32)


def onsets(samples: NDArray[np.float32], rate: int, start: float) -> list[float]:
    """When the sound gets loud after at least half an event of silence."""
    loud = np.flatnonzero(np.abs(samples) > 0.1)
    first = np.diff(loud, prepend=-rate) > EVENT / 2 * rate
    return [start + float(index) / rate for index in loud[first]]


def _during(time: float, events: Sequence[float]) -> bool:
    return any(event <= time < event + EVENT for event in events)


def _upright(size: tuple[int, int], rotation: int) -> tuple[int, int]:
    return size[::-1] if rotation % 180 else size


def _picture_stream(container: Any, codec: str, fps: float, size: tuple[int, int], rotation: int) -> Any:
    stream = container.add_stream(codec, rate=round(fps))
    stream.width, stream.height = size
    stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    stream.bit_rate = 2_000_000
    fixed = codec in _FIXED_RATE or container.format.name == "avi"
    stream.codec_context.time_base = 1 / Fraction(fps).limit_denominator(1001) if fixed else Fraction(1, 1000)
    if rotation:
        stream.set_display_rotation(rotation)
    return stream


def _picture_frame(image: NDArray[np.uint8], time: float, base: Fraction) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
    frame.time_base = base
    frame.pts = round(time / base)
    return frame


def _sound_frames(
    stream: Any, samples: NDArray[np.float32], rate: int, layout: str, start: float
) -> Iterator[av.AudioFrame]:
    resampler = av.AudioResampler(format=stream.format, layout=layout, rate=rate)
    block = 1024
    for first in range(0, len(samples), block):
        mono = samples[None, first : first + block]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(mono), format="fltp", layout="mono")
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        frame.pts = round(start * rate) + first
        yield from resampler.resample(frame)
