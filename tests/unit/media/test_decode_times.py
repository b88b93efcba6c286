"""Times run forwards: holes are believed, damage is not."""

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mlcl.media.decode.packets import Faults
from mlcl.media.decode.times import timed

STEP = 20  # ms from one frame to the next
MP4 = "mov,mp4,m4a,3gp,3g2,mj2"


def settled(
    milliseconds: list[int | None],
    *,
    duration: float | None = 1000.0,
    start: float = 0.0,
    name: str = MP4,
    dts: list[int | None] | None = None,
) -> tuple[list[float], int]:
    frames = [
        SimpleNamespace(pts=pts, dts=order, time_base=Fraction(1, 1000))
        for pts, order in zip(milliseconds, dts or [None] * len(milliseconds), strict=True)
    ]
    container: Any = SimpleNamespace(
        format=SimpleNamespace(name=name),
        start_time=round(start * 1e6),
        duration=None if duration is None else round(duration * 1e6),
    )
    faults = Faults()
    return [time for time, _ in timed(frames, container, faults)], faults.count


def steady(count: int, first: int = 0) -> list[int | None]:
    return [first + STEP * number for number in range(count)]


def seconds(*parts: list[int | None]) -> Any:
    return pytest.approx([time / 1000 for part in parts for time in part if time is not None])


def test_times_that_run_forwards_are_kept() -> None:
    assert settled(steady(50)) == (seconds(steady(50)), 0)
    uneven = np.cumsum(np.random.default_rng(0).integers(1, 900, 50)).tolist()
    assert settled(uneven) == (seconds(uneven), 0)


@pytest.mark.parametrize("first", [0, 30, 3000, 500_000])
def test_a_late_start_is_kept(first: int) -> None:
    assert settled(steady(9, first)) == (seconds(steady(9, first)), 0)


def test_a_hole_is_believed() -> None:
    times = steady(10) + steady(10, 60_000)
    assert settled(times) == (seconds(times), 0)


@pytest.mark.parametrize("wrong", [-50_000, 100_000, 2_000_000, 2**40, -(2**40)])
@pytest.mark.parametrize("place", [0, 1, 7])
def test_a_single_wrong_time_moves_nothing(wrong: int, place: int) -> None:
    times = steady(12)
    times[place] = wrong
    found, faults = settled(times)
    assert faults == 1
    assert found == pytest.approx([time / 1000 for time in steady(12)], abs=0.021)


@pytest.mark.parametrize("jump", [2_000_000, 5_000_000, -100_000])
def test_a_clock_that_is_set_anew_is_joined(jump: int) -> None:
    times = steady(10, 200_000) + steady(10, 200_000 + 10 * STEP + jump)
    found, faults = settled(times)
    assert faults == 1
    assert found == seconds(steady(20, 200_000))


def test_a_hole_past_the_declared_end_is_damage() -> None:
    times = steady(5) + steady(5, 60_000)
    assert settled(times, duration=10)[0] == seconds(steady(10))
    assert settled(times, duration=None)[0] == seconds(times)


def test_a_missing_time_follows_the_one_before() -> None:
    times = steady(9)
    times[4] = None
    assert settled(times) == (seconds(steady(9)), 0)
    assert settled([None] * 3) == ([0, 0, 0], 0)


def test_zero_is_the_beginning_where_the_clock_has_none() -> None:
    times = steady(5, 95_000)
    assert settled(times, start=95, name="mpegts") == (seconds(steady(5)), 0)
    assert settled(times, start=95, name=MP4) == (seconds(times), 0)


def test_times_of_decoding_help_where_those_of_showing_do_not_run_forwards() -> None:
    dts = steady(40)
    mixed = [time for pair in zip(dts[1::2], dts[::2], strict=True) for time in pair]  # as h264 in AVI
    found, _ = settled(mixed, dts=dts)
    assert (np.diff(found[3:]) > 0).all()
    assert found[3:] == pytest.approx([time / 1000 for time in dts[3:] if time is not None])
