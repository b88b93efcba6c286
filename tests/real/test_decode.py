"""Real recordings: both streams decode on one clock, and last as long as the file says."""

import os
from pathlib import Path

import av
import numpy as np
import pytest

from mlcl.errors import DataError
from mlcl.media.decode import Faults, facts, read_pictures, read_sound

FOLDER = Path(os.environ.get("MLCL_DATA") or Path(__file__).parents[3] / "shared" / "data") / "clips"
FRAME = 0.045  # seconds

# name: duration, rate and start of the sound, size and start of the pictures, pictures a second
KNOWN = {
    "chinese_news.wav": (8.0, 48000, 0.0, None, None, None),
    "face_noface.mov": (6.42, 44100, 2.43, (960, 540), 0.0, 26.4),
    "grid_bbaf2n.mpg": (2.98, 44100, 0.0, (360, 288), 0.0, 25),
    "grid_swwp2s.mpg": (2.98, 44100, 0.0, (360, 288), 0.0, 25),
    "jfk.flac": (11.0, 44100, 0.0, None, None, None),
    "single_face.mp4": (2.42, 44100, 0.0, (640, 360), 0.0, 30),
    "speech_woman.mp4": (8.0, 16000, 0.0, (512, 512), 0.0, 25),
    "talk_10200.mp4": (46.15, 44100, 0.022, (512, 288), 4.135, 24),
    "talk_14445.mp4": (46.48, 44100, 0.016, (512, 288), 4.914, 24),
    "emotion/03-01-01-01-02-01-01.wav": (3.27, 16000, 0.0, None, None, None),
}


def real(name: str) -> Path:
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{path} is not here; set MLCL_DATA to the folder with the real files")
    return path


@pytest.mark.parametrize("name", KNOWN)
def test_both_streams_lie_where_the_file_says(name: str) -> None:
    path = real(name)
    duration, rate, sound_start, size, picture_start, fps = KNOWN[name]
    found = facts(path)
    assert (found.sample_rate, found.size) == (rate, size)
    assert found.duration == pytest.approx(duration, abs=0.01)
    faults = Faults()
    sound = list(read_sound(path, faults=faults))
    assert sound[0].start == pytest.approx(sound_start, abs=0.001)
    begins = min(sound_start, picture_start if picture_start is not None else sound_start)
    assert sound[-1].end == pytest.approx(begins + duration, abs=FRAME)
    times = [picture.time for picture in read_pictures(path, rate=1000, faults=faults)]
    if fps is None or picture_start is None:
        assert times == []
    else:
        assert times[0] == pytest.approx(picture_start, abs=0.001)
        assert times[-1] == pytest.approx(begins + duration, abs=0.1)
        assert len(times) == pytest.approx((times[-1] - times[0]) * fps + 1, abs=2)
    assert faults.count == 0


@pytest.mark.parametrize("name", [name for name in KNOWN if KNOWN[name][3]])
def test_times_are_those_of_the_frames_themselves(name: str) -> None:
    path = real(name)
    with av.open(str(path)) as container:
        expected = [frame.time for frame in container.decode(video=0)]
    times = [picture.time for picture in read_pictures(path, rate=1000)]
    np.testing.assert_allclose(times, expected, atol=1e-6)
    some = [picture.time for picture in read_pictures(path, rate=12)]
    assert set(some) <= set(times)
    assert np.abs(np.subtract.outer(np.arange(times[0], times[-1], 1 / 12), some)).min(axis=1).max() < 1 / 12


def test_every_clip_is_read_as_long_as_it_says() -> None:
    for path in sorted(real("").rglob("*.[mwf]*")):
        seconds = sum(len(sound.samples) / sound.rate for sound in read_sound(path))
        found = facts(path).duration
        assert found is not None
        assert found - 2.5 < seconds < found + FRAME, "in one the sound starts 2.43 s late"


def test_a_file_of_times_is_no_recording() -> None:
    with pytest.raises(DataError, match="is not a recording"):
        facts(real("grid_swwp2s.align"))
