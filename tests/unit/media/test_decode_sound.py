"""Sound lies where its times put it, whatever the container, and memory does not grow with it."""

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from decoding_tasks import memory_taken
from making_recordings import RATE, beeping, onsets, write_recording
from mlcl.errors import UsageError
from mlcl.media.decode import read_sound
from mlcl.media.isolated import Worker
from mlcl.media.recording import Sound

EVENTS = [1.0, 2.5, 3.3]
FRAME = 0.04  # seconds of a picture
STEP = 2**-15  # of 16 bits


def read(path: Path, rate: int | None = None) -> Sound:
    blocks = list(read_sound(path, rate=rate))
    for before, after in pairwise(blocks):
        assert after.start == pytest.approx(before.end, abs=1e-9)
        assert after.rate == before.rate
    return Sound(np.concatenate([block.samples for block in blocks]), blocks[0].rate, blocks[0].start)


@pytest.mark.parametrize(
    ("name", "sound", "pictures"),
    [
        ("a.mp4", "aac", "libx264"),
        ("a.mov", "pcm_s16le", "mpeg4"),
        ("a.mkv", "flac", "libx264"),
        ("a.webm", "libopus", "libvpx"),
        ("a.mpg", "mp2", "mpeg2video"),
        ("a.ts", "aac", "libx264"),
        ("a.flv", "aac", "libx264"),
        ("a.mp3", "libmp3lame", None),
        ("a.ogg", "libopus", None),
        ("a.wav", "pcm_s16le", None),
        ("a.flac", "flac", None),
        ("a.m4a", "aac", None),
        ("a.aac", "aac", None),
    ],
)
@pytest.mark.parametrize("rate", [None, 16000])
def test_beeps_are_heard_when_they_are_made(
    tmp_path: Path, name: str, sound: str, pictures: str | None, rate: int | None
) -> None:
    native = 48000 if sound == "libopus" else RATE
    path = write_recording(tmp_path / name, beeps=EVENTS, sound=sound, pictures=pictures, rate=native)
    found = read(path, rate)
    assert found.rate == (rate or native)
    np.testing.assert_allclose(onsets(found.samples, found.rate, found.start), EVENTS, atol=FRAME)


@pytest.mark.parametrize(("name", "sound"), [("a.mp4", "aac"), ("a.mkv", "flac"), ("a.mov", "pcm_s16le")])
@pytest.mark.parametrize("late", ["sound", "pictures"])
def test_what_starts_late_is_late(tmp_path: Path, name: str, sound: str, late: str) -> None:
    starts = {"sound_start": 1.7} if late == "sound" else {"picture_start": 3.0}
    events = [2.5, 4.5]
    path = write_recording(tmp_path / name, seconds=6, beeps=events, sound=sound, **starts)
    found = read(path)
    assert found.start == pytest.approx(starts.get("sound_start", 0), abs=FRAME)
    np.testing.assert_allclose(onsets(found.samples, found.rate, found.start), events, atol=FRAME)


@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1"])
def test_channels_are_mixed_to_one_without_a_sample_moved(tmp_path: Path, layout: str) -> None:
    samples = (0.2 * np.random.default_rng(0).standard_normal(3 * RATE)).clip(-0.9, 0.9).astype(np.float32)
    path = write_recording(tmp_path / "a.mkv", samples=samples, sound="flac", pictures=None, layout=layout, seconds=3)
    found = read(path)
    assert found.start == 0
    assert len(found.samples) == len(samples)
    if layout == "5.1":
        assert np.corrcoef(found.samples, samples)[0, 1] > 0.99
    else:
        np.testing.assert_allclose(found.samples, samples, atol=2 * STEP)


def rewritten(path: Path, target: Path, keep: slice, shift: float = 0.0) -> Path:
    """The same recording without some packets of its sound, and with times changed after those."""
    with av.open(str(path)) as source, av.open(str(target), "w") as made:
        stream = source.streams.audio[0]
        copy = made.add_stream_from_template(stream)
        packets = [packet for packet in source.demux(stream) if packet.size]
        for number, packet in enumerate(packets):
            if keep.start <= number < keep.stop:
                continue
            if number >= keep.stop:
                packet.pts = packet.dts = packet.pts + round(shift / packet.time_base)
            packet.stream = copy
            made.mux(packet)
    return target


def test_lost_packets_are_silence_and_shift_nothing(tmp_path: Path) -> None:
    samples = (0.2 * np.random.default_rng(0).standard_normal(3 * RATE)).clip(-0.9, 0.9).astype(np.float32)
    whole = write_recording(tmp_path / "a.mkv", samples=samples, sound="flac", pictures=None, seconds=3)
    before = read(whole)
    after = read(rewritten(whole, tmp_path / "b.mkv", slice(10, 14)))
    # Where the hole is: the longest run of zeros.
    heard = np.flatnonzero(after.samples)
    longest = np.diff(heard).argmax()
    first, last = int(heard[longest]) + 1, int(heard[longest + 1])
    assert (last - first) / RATE > 0.05
    assert not after.samples[first:last].any()
    np.testing.assert_array_equal(after.samples[: first - 2], before.samples[: first - 2])
    lag = len(after.samples) - len(before.samples)
    assert abs(lag) < RATE / 1000, "times of Matroska are whole milliseconds"
    np.testing.assert_array_equal(after.samples[last + 100 + lag :], before.samples[last + 100 :])


def test_a_pause_between_packets_is_silence(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.mkv", beeps=EVENTS, sound="flac", pictures=None)
    found = read(rewritten(path, tmp_path / "b.mkv", slice(20, 20), shift=30.0))
    split = 20 * 4608 / RATE
    expected = [event if event < split else event + 30 for event in EVENTS]
    np.testing.assert_allclose(onsets(found.samples, found.rate, found.start), expected, atol=FRAME)


def test_another_rate_neither_moves_nor_folds_a_tone(tmp_path: Path) -> None:
    times = np.arange(25 * RATE) / RATE
    for hertz, kept in ((440, True), (11_000, False)):
        tone = (0.5 * np.sin(2 * np.pi * hertz * times)).astype(np.float32)
        path = write_recording(tmp_path / f"{hertz}.flac", samples=tone, sound="flac", pictures=None)
        found = read(path, 16000)
        assert abs(len(found.samples) - 25 * 16000) <= 1
        ideal = 0.5 * np.sin(2 * np.pi * hertz * np.arange(len(found.samples)) / 16000)
        if kept:
            np.testing.assert_allclose(found.samples[200:-200], ideal[200:-200], atol=2e-3)
        else:
            assert np.abs(found.samples[200:-200]).max() < 5e-3


def test_blocks_are_bounded_and_their_borders_change_nothing(tmp_path: Path) -> None:
    samples = beeping([9.9, 20.0], 0, 25, 8000)
    path = write_recording(tmp_path / "a.flac", samples=samples, sound="flac", pictures=None, rate=8000)
    blocks = list(read_sound(path))
    assert [len(block.samples) for block in blocks] == [80_000, 80_000, 40_000]
    np.testing.assert_allclose(np.concatenate([block.samples for block in blocks]), samples, atol=2 * STEP)


def test_loud_sound_stays_in_its_range(tmp_path: Path) -> None:
    loud = np.full(RATE, 3, np.float32)
    loud[::2], loud[100], loud[200] = -3, np.nan, np.inf
    path = write_recording(tmp_path / "a.wav", samples=loud, sound="pcm_f32le", pictures=None)
    found = read(path).samples
    assert np.isfinite(found).all()
    assert np.abs(found).max() == 1


def test_progress_is_told(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.mp4", seconds=2)
    told: list[float] = []
    list(read_sound(path, tell=told.append))
    assert told == sorted(told)
    assert told[-1] == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("rate", [0, -1, 999, 10**7])
def test_a_rate_no_sound_has_is_refused(tmp_path: Path, rate: int) -> None:
    with pytest.raises(UsageError, match="allowed: 1000 to 768000"):
        next(read_sound(tmp_path / "a.wav", rate=rate))


@pytest.mark.long
def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    short, length = (write_long(tmp_path / f"{minutes}.flac", minutes * 60) for minutes in (1, 20))
    with Worker() as worker:
        _, least = worker.run(memory_taken, short)
        seconds, most = worker.run(memory_taken, length)
    assert seconds == 20 * 60
    assert most - least < 2**25, "the samples are 7 times as much"


def write_long(path: Path, seconds: int, rate: int = 48000) -> Path:
    """A second of tone, a second of silence, and so on."""
    times = np.arange(rate) / rate
    tone = np.concatenate([0.3 * np.sin(2 * np.pi * 440 * times), np.zeros(rate)]).astype(np.float32)
    return write_recording(path, samples=np.tile(tone, seconds // 2), sound="flac", pictures=None, rate=rate)
