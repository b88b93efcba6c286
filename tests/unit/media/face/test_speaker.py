"""The face that speaks is the one whose mouth opens with the sound; else the largest."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mlcl.media.extractor import Loudness
from mlcl.media.face.speaker import WINDOW, Candidate, Choice, Speakers

RATE = 10.0
SMALL, LARGE = np.array([0.0, 0, 50, 50]), np.array([200.0, 0, 300, 100])


def movement(count: int, seed: int) -> NDArray[np.float64]:
    return np.abs(np.random.default_rng(seed).normal(0, 1, count))


def heard(openings: NDArray[np.float64], lag: float = 0.12) -> Loudness:
    """Sound as loud as a mouth was open a little earlier."""
    times = np.arange(0, len(openings) / RATE, 0.01)
    level = np.interp(times - lag, np.arange(len(openings)) / RATE, openings)
    return Loudness(times, (20 * np.log10(level + 0.01) - 20).astype(np.float32))


def choices(mouths: list[tuple[NDArray[np.float64], NDArray[np.float64]]], loudness: Loudness | None) -> list[Choice]:
    speakers, given = Speakers(loudness), []
    for number, openings in enumerate(zip(*(mouth for _, mouth in mouths), strict=True)):
        faces = [
            Candidate(box, opening, name) for name, ((box, _), opening) in enumerate(zip(mouths, openings, strict=True))
        ]
        given += speakers.add(number / RATE, (640, 360), faces)
    return [*given, *speakers.finish()]


@pytest.mark.parametrize("lag", [0.0, 0.12, 0.24])
def test_the_mouth_that_moves_with_the_sound_is_chosen_though_it_is_smaller(lag: float) -> None:
    speaking, silent = movement(200, 1), movement(200, 2)
    found = choices([(LARGE, silent), (SMALL, speaking)], heard(speaking, lag))
    assert len(found) == 200
    assert [choice.time for choice in found] == [number / RATE for number in range(200)]
    assert {choice.rule for choice in found} == {"voice"}
    assert {choice.face.content for choice in found if choice.face} == {1}


def test_sound_that_no_mouth_follows_leaves_the_largest() -> None:
    found = choices([(LARGE, movement(200, 1)), (SMALL, movement(200, 2))], heard(movement(200, 3)))
    assert sum(choice.rule == "largest" for choice in found) > 180
    assert all(choice.face is not None and choice.face.content == 0 for choice in found if choice.rule == "largest")


@pytest.mark.parametrize("loudness", [None, Loudness(np.zeros(0), np.zeros(0, np.float32))])
def test_without_sound_the_largest_is_chosen(loudness: Loudness | None) -> None:
    found = choices([(SMALL, movement(50, 1)), (LARGE, movement(50, 2))], loudness)
    assert {(choice.rule, choice.face.content) for choice in found if choice.face} == {("largest", 1)}


def test_the_speaker_changes_when_the_sound_does() -> None:
    one, other = movement(400, 1), movement(400, 2)
    sound = heard(np.concatenate([one[:200], other[200:]]))
    found = [choice.face.content for choice in choices([(SMALL, one), (LARGE, other)], sound) if choice.face]
    assert set(found[:170]) == {0}
    assert set(found[230:]) == {1}


def test_one_face_is_the_only_one_and_none_is_none() -> None:
    speakers = Speakers(None)
    given = [*speakers.add(0.0, (9, 9), [Candidate(SMALL, 0.0, "a")]), *speakers.add(0.1, (9, 9), [])]
    given += speakers.finish()
    assert [(choice.rule, choice.faces, choice.face is None) for choice in given] == [
        ("only", 1, False),
        (None, 0, True),
    ]


def test_a_face_that_moves_keeps_its_track_and_another_gets_its_own() -> None:
    speakers, given = Speakers(None), []
    for number in range(20):
        given += speakers.add(number / RATE, (640, 360), [Candidate(SMALL + 5 * number, 0.0, None)])
    given += speakers.add(5.0, (640, 360), [Candidate(SMALL + 100, 0.0, None)])
    given += speakers.finish()
    tracks = [choice.face.track for choice in given if choice.face]
    assert tracks == [0] * 20 + [1]


def test_only_so_many_pictures_are_held() -> None:
    speakers = Speakers(None)
    for number in range(1000):
        list(speakers.add(number / RATE, (9, 9), []))
        assert len(speakers._seen) <= 2 * WINDOW * RATE + 2
