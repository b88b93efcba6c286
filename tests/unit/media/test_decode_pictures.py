"""Pictures come with the time at which they are shown, upright, and no more of them than are asked for."""

from collections.abc import Sequence
from math import ceil, floor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from making_recordings import EVENT, SIZE, is_flash, stamped, stamped_time, write_recording
from mlcl.errors import UsageError
from mlcl.media.decode import pictures as decode_pictures
from mlcl.media.decode import read_pictures
from mlcl.media.recording import Picture

FPS = 25
UNEVEN = np.cumsum(np.random.default_rng(0).choice([0.017, 0.033, 0.04, 0.15, 0.4], 60)).round(3)
KINDS: dict[str, dict[str, Any]] = {
    "constant": {},
    "variable": {"picture_times": UNEVEN, "seconds": float(UNEVEN[-1]) + 0.1},
    "pictures 3 s after the sound": {"picture_start": 3.0, "seconds": 6},
    "late sound": {"sound_start": 1.7},
    "turned by 90": {"rotation": 90},
    "turned by 180": {"rotation": 180},
    "turned by 270": {"rotation": 270},
    "no sound": {"sound": None},
    "29.97": {"fps": 30000 / 1001},
    "variable in Matroska": {"picture_times": UNEVEN, "seconds": float(UNEVEN[-1]) + 0.1, "suffix": ".mkv"},
}


def made(folder: Path, *, suffix: str = ".mp4", **options: Any) -> Path:
    return write_recording(folder / f"talk{suffix}", **options)


@pytest.mark.parametrize("rate", [12.5, 1000])
@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_has_the_time_at_which_it_is_shown(tmp_path: Path, kind: str, rate: float) -> None:
    options = KINDS[kind]
    pictures = list(read_pictures(made(tmp_path, **options), rate=rate))
    for picture in pictures:
        assert stamped_time(picture.image) == pytest.approx(picture.time, abs=0.0015), "to the millisecond it shows"
        width, height = SIZE[::-1] if options.get("rotation", 0) % 180 else SIZE
        assert picture.image.shape == (height, width, 3)
    times = np.array([picture.time for picture in pictures])
    assert (np.diff(times) > 0).all()
    assert len(times) <= (times[-1] - times[0]) * rate + 2
    if rate == 1000:
        start, end = options.get("picture_start", 0), options.get("seconds", 4)
        shown = options.get("picture_times")
        assert len(times) == (len(shown) if shown is not None else round((end - start) * options.get("fps", FPS)))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mpg", ".ts", ".flv"])
@pytest.mark.parametrize("kind", ["constant", "pictures 3 s after the sound"])
def test_flashes_are_seen_within_a_frame_of_their_time(tmp_path: Path, suffix: str, kind: str) -> None:
    codecs = {"sound": "mp2", "pictures": "mpeg2video"} if suffix == ".mpg" else {}
    flashes = [3.2, 4.52]  # when pictures are shown
    path = made(tmp_path, **{**KINDS[kind], **codecs, "suffix": suffix, "seconds": 6, "flashes": flashes})
    white = [picture.time for picture in read_pictures(path, rate=FPS) if is_flash(picture.image)]
    for flash in flashes:
        inside = [time for time in white if flash - 0.5 < time < flash + EVENT + 0.5]
        assert min(inside) == pytest.approx(flash, abs=1 / FPS)
        assert max(inside) == pytest.approx(flash + EVENT, abs=2 / FPS)


@pytest.mark.parametrize(("suffix", "pictures"), [(".mp4", "libx264"), (".mkv", "libx264"), (".ts", "libx264")])
@pytest.mark.parametrize(
    ("start", "end"), [(25.0, 26.0), (31.3, None), (None, 1.0), (3.0, 4.0), (59.0, 70.0), (80, 90)]
)
def test_a_part_is_the_same_part_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, pictures: str, start: float | None, end: float | None
) -> None:
    folder = tmp_path_factory.getbasetemp() / "parts"
    folder.mkdir(exist_ok=True)
    path = folder / f"talk{suffix}"
    if not path.exists():
        made(folder, suffix=suffix, pictures=pictures, seconds=60, fps=10, sound=None, options={})
    whole = [picture.time for picture in read_pictures(path, rate=7)]
    part = list(read_pictures(path, rate=7, start=start, end=end))
    expected = [time for time in whole if (start or -1) <= time < (end or 1000)]
    np.testing.assert_allclose([picture.time for picture in part], expected, atol=1e-6)
    for picture in part[:3] + part[-3:]:
        assert stamped_time(picture.image) == pytest.approx(picture.time, abs=0.025)


def test_a_part_far_on_is_not_decoded_from_the_beginning(tmp_path: Path) -> None:
    path = made(tmp_path, seconds=60, fps=10, sound=None, pictures="mpeg4")
    told: list[float] = []
    list(read_pictures(path, rate=10, start=50, end=51, tell=told.append))
    assert min(told) > 30
    assert max(told) < 55


def chosen(times: Sequence[float], rate: float) -> list[float]:
    frames = ((time, None) for time in times)
    return [time for time, _ in decode_pictures._on_the_clock(frames, rate, Path("a.mp4"))]


@pytest.mark.parametrize("seed", range(20))
def test_the_picture_nearest_to_each_tick_is_given(seed: int) -> None:
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.exponential(0.05, 300)) + rng.uniform(0, 5)
    rate = float(rng.uniform(3, 30))
    given = chosen(times.tolist(), rate)
    ticks = np.arange(ceil(times[0] * rate), floor(times[-1] * rate) + 1) / rate
    nearest = {float(times[np.abs(times - tick).argmin()]) for tick in ticks}
    assert set(given) - {times[0], times[-1]} == nearest - {times[0], times[-1]}
    assert given[0] == times[0], "the first is always given"


def test_what_does_not_run_forwards_is_left_out() -> None:
    assert chosen([0, 1, 1, 0.5, 2], 10) == [0, 1, 2]


def test_one_picture_is_a_picture() -> None:
    assert chosen([7.03], 10) == [7.03]
    assert chosen([], 10) == []


def test_large_pictures_are_scaled_down(tmp_path: Path) -> None:
    def draw(time: float) -> np.ndarray:
        return stamped(time, (3840, 2160))

    for rotation, shape in ((0, (720, 1280, 3)), (90, (1280, 720, 3))):
        turned = (lambda time: stamped(time, (2160, 3840))) if rotation else draw
        path = made(tmp_path, seconds=0.3, fps=10, size=(3840, 2160), draw=turned, rotation=rotation, pictures="mpeg4")
        pictures = list(read_pictures(path, rate=10))
        assert [picture.image.shape for picture in pictures] == [shape] * 3
        np.testing.assert_allclose([stamped_time(picture.image) for picture in pictures], [0, 0.1, 0.2])


class Frame:
    rotation = 0
    width, height = 720, 576

    def __init__(self, aspect: Any) -> None:
        self.sample_aspect_ratio = aspect

    def to_ndarray(self, *, width: int, height: int, **form: str) -> np.ndarray:
        assert form == {"format": "rgb24"}
        return np.zeros((height, width, 3), np.uint8)


@pytest.mark.parametrize(
    ("aspect", "size"),
    [(None, (720, 576)), (1, (720, 576)), (16 / 15, (768, 576)), (0.5, (720, 1152)), (1e6, (720, 576))],
)
def test_pixels_become_square(aspect: float | None, size: tuple[int, int]) -> None:
    frame: Any = Frame(aspect)
    upright = decode_pictures.Upright(frame, frame)
    assert upright.size == size
    assert upright(frame).shape == (size[1], size[0], 3)


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(tmp_path: Path, rate: float) -> None:
    with pytest.raises(UsageError, match="above 0"):
        next(read_pictures(tmp_path / "a.mp4", rate=rate))


def test_a_few_pictures_are_held_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path, seconds=4, pictures="mpeg4")
    asked: list[float] = []
    reader = read_pictures(path, rate=25, tell=asked.append)
    for _ in range(10):
        picture: Picture = next(reader)
    assert picture.time == pytest.approx(9 / FPS)
    assert max(asked) < 1, "later packets wait until they are asked for"
