"""Rows of sound: the same wherever it is cut, at whatever rate, and where they say they are."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from mlcl.media.acoustic.logmel import COLUMNS, LogMel
from mlcl.media.acoustic.loudness import loudness
from mlcl.media.recording import FeatureStream, Sound

NAMES = list(COLUMNS)


def tone(frequency: float, rate: int, seconds: float = 1.0, level: float = 0.5) -> NDArray[np.float32]:
    return (level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def noise(count: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, 0.1, count).astype(np.float32)


def column(stream: FeatureStream, name: str) -> NDArray[np.float32]:
    return stream.values[:, NAMES.index(name)]


def cut(samples: NDArray[np.float32], rate: int, places: list[int], start: float = 0.0) -> list[Sound]:
    edges = [0, *places, len(samples)]
    return [Sound(samples[a:b], rate, start + a / rate) for a, b in itertools.pairwise(edges)]


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000])
def test_where_sound_is_cut_changes_no_row(rate: int) -> None:
    samples = noise(5 * rate)
    whole = LogMel().extract([Sound(samples, rate, 1.5)])
    places = sorted(np.random.default_rng(1).integers(0, len(samples), 40).tolist())
    parts = LogMel().extract(cut(samples, rate, [0, 1, 2, *places], 1.5))
    assert np.array_equal(whole.times, parts.times)
    assert np.array_equal(whole.values, parts.values)
    assert len(whole) == 500


def test_rows_lie_where_they_say() -> None:
    samples = np.zeros(16000, np.float32)
    samples[8000:8160] = 0.5  # from 0.5 s to 0.51 s
    stream = LogMel().extract([Sound(samples, 16000, 3.0)])
    middle = stream.times[np.argmax(column(stream, "level"))].mean()
    assert middle == pytest.approx(3.505, abs=1e-9)
    assert np.allclose(np.diff(stream.times, axis=1), 0.01)
    loud = loudness([Sound(samples, 16000, 3.0)])
    assert loud.times[np.argmax(loud.level)] == pytest.approx(3.505, abs=1e-9)


def test_rows_begin_anew_after_a_gap() -> None:
    rate = 16000
    stream = LogMel().extract([Sound(noise(rate), rate, 0.0), Sound(noise(rate), rate, 4.0)])
    assert len(stream) == 200
    assert stream.times[100, 0] == pytest.approx(4.0)
    assert np.allclose(stream.values[100:], stream.values[:100])  # nothing is carried across


def test_sound_that_goes_back_or_changes_its_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="begins before"):
        LogMel().extract([Sound(noise(16000), 16000, 0.0), Sound(noise(16000), 16000, 0.5)])
    with pytest.raises(ValueError, match="rate changes"):
        LogMel().extract([Sound(noise(16000), 16000, 0.0), Sound(noise(8000), 8000, 1.0)])


@pytest.mark.parametrize("frequency", [200.0, 1000.0, 3000.0])
def test_columns_mean_the_same_at_every_rate(frequency: float) -> None:
    rows = [LogMel().extract([Sound(tone(frequency, rate), rate, 0.0)]).values[50] for rate in (16000, 44100, 48000)]
    strong = rows[0] > -40  # below are the skirts of the window
    bands = [name.startswith("mel") for name in NAMES] & strong
    for row in rows[1:]:
        assert np.abs(row - rows[0])[bands].max() < 1.5  # dB
        assert row[NAMES.index("centroid")] == pytest.approx(rows[0][NAMES.index("centroid")], rel=0.02)
        assert row[NAMES.index("zero_crossings")] == pytest.approx(2 * frequency, abs=80)


def test_level_is_the_mean_square() -> None:
    stream = LogMel().extract([Sound(tone(1000, 16000, level=0.5), 16000, 0.0)])
    assert column(stream, "level")[50] == pytest.approx(10 * np.log10(0.125), abs=0.05)
    loud = loudness([Sound(tone(1000, 16000, level=0.5), 16000, 0.0)])
    assert loud.level[50] == pytest.approx(10 * np.log10(0.125), abs=0.05)


def test_doubling_the_sound_adds_six_decibels_and_changes_no_shape() -> None:
    quiet, loud = (LogMel().extract([Sound(scale * noise(16000), 16000, 0.0)]).values[50] for scale in (1, 2))
    difference = loud - quiet
    assert np.allclose(difference[:41], 6.02, atol=0.01)
    shape = [NAMES.index(name) for name in ("centroid", "spread", "rolloff", "slope", "flatness", "zero_crossings")]
    assert np.allclose(loud[shape], quiet[shape], rtol=1e-3)


def test_what_a_low_rate_lacks_is_silent() -> None:
    stream = LogMel().extract([Sound(noise(8000), 8000, 0.0)])
    assert column(stream, "mel_40")[50] == -100
    assert column(stream, "mel_05")[50] > -60


def test_silence_has_the_lowest_level_and_no_shape() -> None:
    stream = LogMel().extract([Sound(np.zeros(16000, np.float32), 16000, 0.0)])
    assert np.isfinite(stream.values).all()
    assert (stream.values[:, :41] == -100).all()
    assert (stream.values[:, 42:] == 0).all()


def test_a_steady_voice_is_periodic_and_noise_is_not() -> None:
    voice = sum(tone(150 * harmonic, 16000, level=0.3 / harmonic) for harmonic in range(1, 8))
    assert isinstance(voice, np.ndarray)
    assert np.median(column(LogMel().extract([Sound(voice, 16000, 0.0)]), "periodicity")) > 0.9
    assert np.median(column(LogMel().extract([Sound(noise(16000), 16000, 0.0)]), "periodicity")) < 0.5


@pytest.mark.parametrize("count", [0, 1, 79, 80, 81, 500])
def test_a_row_exists_where_its_middle_is_heard(count: int) -> None:
    stream = LogMel().extract([Sound(noise(count), 16000, 0.0)])
    assert len(stream) == sum((row + 0.5) * 160 < count for row in range(10))
    assert len(loudness([Sound(noise(count), 16000, 0.0)]).times) == len(stream)


def test_no_sound_gives_no_rows() -> None:
    assert len(LogMel().extract([])) == 0
    assert len(loudness([]).times) == 0
