"""openSMILE's descriptors: chunks are not seen, and nothing of -201 is left."""

import numpy as np
import pytest

from mlcl.errors import UsageError
from mlcl.media.acoustic import egemaps
from mlcl.media.recording import Sound

pytest.importorskip("opensmile", reason="openSMILE is not installed: pip install 'mlcl[egemaps]'")


def voice(seconds: float, rate: int = 16000) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    at = np.arange(round(seconds * rate)) / rate
    pitch = 140 + 20 * np.sin(2 * np.pi * at)
    wave = sum(np.sin(2 * np.pi * harmonic * np.cumsum(pitch) / rate) / harmonic for harmonic in range(1, 20))
    return (0.1 * wave * (np.sin(2 * np.pi * 0.7 * at) > -0.3)).astype(np.float32)


def test_chunks_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = voice(9.3)
    whole = egemaps.EGeMaps().extract([Sound(samples, 16000, 1.0)])
    monkeypatch.setattr(egemaps, "_CORE", 3)
    parts = [Sound(samples[at : at + 7001], 16000, 1 + at / 16000) for at in range(0, len(samples), 7001)]
    chunked = egemaps.EGeMaps().extract(parts)
    assert np.allclose(whole.times, chunked.times)
    scale = np.abs(whole.values).max(axis=0) + 1e-6
    assert (np.abs(whole.values - chunked.values) > 0.01 * scale).mean() < 0.01


def test_pitch_is_right_where_there_is_a_voice_and_nothing_is_minus_201() -> None:
    stream = egemaps.EGeMaps().extract([Sound(voice(5), 16000, 0.0)])
    names = list(egemaps.COLUMNS)
    voiced = stream.values[:, names.index("voiced")] > 0
    hertz = 27.5 * 2 ** (stream.values[voiced, names.index("F0semitoneFrom27.5Hz_sma3nz")] / 12)
    assert 0.3 < voiced.mean() < 0.9
    assert np.percentile(hertz, [10, 90]) == pytest.approx([121, 159], abs=6)
    assert stream.values.min() > -200


@pytest.mark.parametrize("count", [0, 1, 400, 3000])
def test_short_sound_has_as_many_rows_as_it_lasts(count: int) -> None:
    stream = egemaps.EGeMaps().extract([Sound(np.zeros(count, np.float32), 8000, 0.0)])
    assert abs(len(stream) - count / 80) <= 6
    assert np.isfinite(stream.values).all()


def test_its_absence_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "opensmile", None)
    with pytest.raises(UsageError, match=r"pip install 'mlcl\[egemaps\]'"):
        egemaps.EGeMaps().extract([Sound(np.zeros(1600, np.float32), 16000, 0.0)])
