"""Sound keeps its times at the rate of recognisers, whatever pieces it comes in."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from mlcl.errors import DataError
from mlcl.media.recording import Sound
from mlcl.media.words.letters import spread_by_letters
from mlcl.media.words.loud import loud_frames, trim_to_loud
from mlcl.media.words.speech_sound import RATE, SpeechSound, at_speech_rate, speech_blocks

CLICKS = [0.5, 1.25, 2.6]


def clicks(rate: int, seconds: float = 3.0) -> NDArray[np.float32]:
    samples = np.zeros(round(seconds * rate), np.float32)
    for moment in CLICKS:
        samples[round(moment * rate) : round(moment * rate) + rate // 200] = 0.5
    return samples


def onsets(samples: NDArray[np.float32], start: float) -> list[float]:
    loud = np.abs(samples) > 0.2
    edges = np.flatnonzero(loud & ~np.concatenate([[False], loud[:-1]]))
    kept = [edges[0], *(after for before, after in itertools.pairwise(edges) if after - before > RATE // 20)]
    return [start + edge / RATE for edge in kept]


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("step", [997, 44_100])
def test_clicks_keep_their_times_at_any_rate_and_in_any_pieces(rate: int, step: int) -> None:
    samples = clicks(rate)
    pieces = [Sound(samples[at : at + step], rate, 10 + at / rate) for at in range(0, len(samples), step)]
    made = list(at_speech_rate(pieces))
    whole = np.concatenate([piece.samples for piece in made])
    assert {piece.rate for piece in made} == {RATE}
    assert abs(len(whole) - 3 * RATE) <= 1
    assert onsets(whole, made[0].start) == pytest.approx([10 + moment for moment in CLICKS], abs=0.002)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_any_stretch_can_be_had_and_gaps_are_silence(rate: int) -> None:
    samples = clicks(rate)
    with SpeechSound([Sound(samples, rate, 2.0), Sound(samples, rate, 7.0)]) as speech:
        assert (speech.start, speech.end) == pytest.approx((2.0, 10.0), abs=1e-3)
        assert not speech.between(5.01, 6.99).any()
        stretch = speech.between(8.0, 8.5)
        assert len(stretch) == RATE // 2
        assert onsets(stretch / 32768, 8.0) == pytest.approx([8.25], abs=0.002)
        assert len(speech.between(0.0, 2.0)) == 0
        assert len(speech.between(9.5, 99.0)) == pytest.approx(RATE // 2, abs=2)
        pieces = list(speech.pieces(2.0, 10.0))
    assert onsets(np.concatenate([piece.samples for piece in pieces]), 2.0) == pytest.approx(
        [2 + moment for moment in CLICKS] + [7 + moment for moment in CLICKS], abs=0.002
    )


def test_no_sound_is_an_empty_one() -> None:
    with SpeechSound([]) as speech:
        assert (speech.start, speech.end, len(speech.between(0, 5))) == (0.0, 0.0, 0)
        assert list(speech.pieces(0, 5)) == []


@pytest.mark.parametrize("start", [-5.0, 1e7])
def test_a_clock_that_jumps_is_an_error(start: float) -> None:
    with pytest.raises(DataError, match="its sound jumps"):
        list(at_speech_rate([Sound(clicks(RATE), RATE, 0.0), Sound(clicks(RATE), RATE, start)]))


def test_blocks_are_short_hold_every_sample_once_and_end_in_pauses() -> None:
    rng = np.random.default_rng(0)
    loud = np.repeat(rng.random(400) < 0.7, RATE // 2)
    samples = (rng.normal(size=len(loud)) * 0.1 * loud).astype(np.float32)
    pieces = [Sound(samples[at : at + 7777], RATE, 1 + at / RATE) for at in range(0, len(samples), 7777)]
    blocks = list(speech_blocks(pieces, most_seconds=20))
    assert np.array_equal(np.concatenate([block.samples for block in blocks]), samples)
    at = 0
    for block in blocks:
        assert block.start == pytest.approx(1 + at / RATE)
        assert len(block.samples) <= 20 * RATE
        at += len(block.samples)
        assert not samples[at - 1600 : at + 1600].any() or at == len(samples)


def test_a_long_gap_ends_a_block_and_a_short_one_does_not() -> None:
    part = clicks(RATE)
    blocks = list(speech_blocks([Sound(part, RATE, 0.0), Sound(part, RATE, 3.5), Sound(part, RATE, 20.0)]))
    assert [(block.start, block.end) for block in blocks] == [(0.0, 6.5), (20.0, 23.0)]


def bursts(*spans: tuple[float, float], seconds: float = 6.0) -> NDArray[np.float32]:
    time = np.arange(round(seconds * RATE)) / RATE
    heard = np.zeros(len(time), bool)
    for start, end in spans:
        heard |= (time >= start) & (time < end)
    return (0.3 * np.sin(2 * np.pi * 300 * time) * heard).astype(np.float32)


def test_words_of_one_length_lie_on_bursts_of_one_length() -> None:
    spans = [(0.5, 0.9), (2.0, 2.4), (4.0, 4.4)]
    times = spread_by_letters(["one", "two", "six"], loud_frames(bursts(*spans)), 10.0, 16.0)
    assert np.array(times) == pytest.approx(np.array(spans) + 10, abs=0.021)


def test_words_of_silence_are_spread_over_all_of_it() -> None:
    times = spread_by_letters(["a", "a"], loud_frames(bursts()), 10.0, 16.0)
    assert times == [(10.0, 13.0), (13.0, 16.0)]


def test_words_begin_and_end_at_loud_moments_but_silent_words_stay() -> None:
    samples = bursts((1.0, 1.5), (3.0, 3.5))
    trimmed = trim_to_loud([(0.2, 2.0), (2.2, 2.8), (3.1, 3.3)], samples)
    assert np.array(trimmed) == pytest.approx(np.array([(1.0, 1.5), (2.2, 2.8), (3.1, 3.3)]), abs=0.021)
