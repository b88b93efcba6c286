"""The default visual features: the geometry of the speaker's face."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mlcl.errors import UsageError
from mlcl.media.extractor import Loudness, Seen
from mlcl.media.face.finder import FaceFinder
from mlcl.media.face.geometry import columns, measure, speeds
from mlcl.media.face.speaker import Candidate, Choice, Speakers
from mlcl.media.face.task_file import FaceModels
from mlcl.media.recording import FeatureStream, Picture
from mlcl.media.specification import ExtractorSpecification

VERSION = 1
_OPENING = [list(columns(gaze=False)).index(name) for name in ("mouth_opening", "jaw_drop")]
RATE = 10.0  # pictures a second; measured, see docs/performance.md


class FaceGeometry:
    """Mouth, brows, lids, gaze, head and their speeds, of one face in each picture.

    Args:
        models: The networks.
        rate: Pictures a second.
        gaze: Whether to measure where the eyes look; where the networks can, if None.

    Raises:
        UsageError: If gaze is asked for and no network finds irises.
    """

    def __init__(self, models: FaceModels, *, rate: float = RATE, gaze: bool | None = None) -> None:
        if gaze and not models.finds_irises:
            raise UsageError(f"gaze needs a network that finds irises, and {', '.join(models.files)} do not")
        self._gaze = models.finds_irises if gaze is None else gaze
        self._models = models if self._gaze else models.without_irises()
        self.specification = ExtractorSpecification(
            extractor="face",
            version=VERSION,
            parameters={"gaze": self._gaze},
            columns=tuple(columns(self._gaze)),
            rate=rate,
            weights=self._models.hashes,
        )

    def extract(self, pictures: Iterable[Picture], loudness: Loudness | None) -> tuple[FeatureStream, list[Seen]]:
        """One row per picture, and what each showed, as a `VisualExtractor` gives them."""
        finder, speakers = FaceFinder(self._models, irises=self._gaze), Speakers(loudness)
        choices: list[Choice] = []
        for picture in pictures:
            size = (picture.image.shape[1], picture.image.shape[0])
            faces = []
            for face in finder.find(picture.image):
                row = measure(face.mesh, size, self._gaze)
                faces.append(Candidate(face.box, opening(row), row))
            choices += speakers.add(picture.time, size, faces)
        choices += speakers.finish()
        return self._stream(choices), [seen(choice) for choice in choices]

    def _stream(self, choices: list[Choice]) -> FeatureStream:
        values = np.zeros((len(choices), len(self.specification.columns)), np.float32)
        last: tuple[float, Candidate] | None = None
        for number, choice in enumerate(choices):
            if choice.face is None:
                continue
            row, before, since = choice.face.content, None, 0.0
            if last is not None and last[1].track == choice.face.track:
                before, since = last[1].content, choice.time - last[0]
            values[number] = np.concatenate([row, speeds(row, before, since, self._gaze)])
            last = choice.time, choice.face
        assert self.specification.rate is not None
        return FeatureStream(shown_from_to([choice.time for choice in choices], self.specification.rate), values)


def opening(row: NDArray[np.float64]) -> float:
    """How far a mouth and its jaw are open, from a row that `measure` gave."""
    return float(row[_OPENING].sum())


def shown_from_to(times: list[float], rate: float) -> NDArray[np.float64]:
    """(pictures, 2) from each picture's time to the next one's, at most one step of the rate later."""
    ends = [min(after, time + 1 / rate) for time, after in pairwise([*times, np.inf])]
    return np.array([times, ends], np.float64).T.reshape(-1, 2)


def seen(choice: Choice) -> Seen:
    """What a picture showed, with the chosen face's box in shares of the picture."""
    if choice.face is None:
        return Seen(choice.time, choice.faces)
    width, height = choice.size
    left, top, right, bottom = (
        float(min(max(value / side, 0.0), 1.0))
        for value, side in zip(choice.face.box, (width, height, width, height), strict=True)
    )
    return Seen(choice.time, choice.faces, (left, top, right, bottom), choice.rule)
