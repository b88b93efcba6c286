"""Chunks of sound: cores that tile it, the same wherever it was cut."""

import itertools

import numpy as np
import pytest

from mlcl.media.acoustic.chunks import chunks_of
from mlcl.media.acoustic.egemaps import bridge
from mlcl.media.recording import Sound


@pytest.mark.parametrize("count", [1, 100, 500, 501, 700, 1999, 2000])
@pytest.mark.parametrize("step", [1, 37, 5000])
def test_cores_tile_the_sound_and_carry_their_neighbours(count: int, step: int) -> None:
    samples = np.arange(count, dtype=np.float32)
    parts = [Sound(samples[at : at + step], 100, 2 + at / 100) for at in range(0, count, step)]
    chunks = list(chunks_of(parts, core=5, context=1))
    assert chunks[0].core_start == 2
    assert chunks[-1].core_end == pytest.approx(2 + count / 100)
    for number, chunk in enumerate(chunks):
        begin, end = max(0, 500 * number - 100), min(count, 500 * (number + 1) + 100)
        assert chunk.samples.tolist() == samples[begin:end].tolist()
        assert chunk.start == 2 + begin / 100
        assert chunk.core_start == 2 + 5 * number
        assert chunk.first == (number == 0)
    for before, after in itertools.pairwise(chunks):
        assert before.core_end == after.core_start


def test_chunks_begin_anew_after_a_gap() -> None:
    sound = [Sound(np.ones(300, np.float32), 100, 0.0), Sound(np.ones(300, np.float32), 100, 10.0)]
    assert [(chunk.core_start, chunk.core_end, chunk.first) for chunk in chunks_of(sound, 5, 1)] == [
        (0, 3, True),
        (10, 13, True),
    ]


def test_unvoiced_rows_between_voiced_ones_are_bridged_and_far_ones_are_zero() -> None:
    values = np.full(100, -201, np.float32)
    voiced = np.zeros(100, bool)
    voiced[[10, 20]] = True
    values[10], values[20] = 2, 4
    filled = bridge(values, voiced)
    assert filled[10:21].tolist() == pytest.approx(np.linspace(2, 4, 11).tolist())
    assert filled[45] == 4  # 0.25 s after the last
    assert filled[46:].tolist() == [0] * 54
    assert not bridge(values, np.zeros(100, bool)).any()
