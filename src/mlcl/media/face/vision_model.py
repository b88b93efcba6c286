"""Embeddings of a pretrained model of pictures, of the speaker's face or the whole picture: CLIP, DINOv2, SigLIP."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcl.errors import UsageError
from mlcl.media.extractor import Loudness, Seen
from mlcl.media.face.face import opening, seen, shown_from_to
from mlcl.media.face.finder import Face, FaceFinder
from mlcl.media.face.geometry import measure
from mlcl.media.face.mesh import crop
from mlcl.media.face.speaker import Candidate, Choice, Speakers
from mlcl.media.face.task_file import FaceModels
from mlcl.media.pretrained.model_folder import chosen_layer, find_model, load_model
from mlcl.media.pretrained.packages import package_version
from mlcl.media.recording import FeatureStream, Picture
from mlcl.media.specification import ExtractorSpecification

VERSION = 1
RATE = 5.0  # pictures a second; such a model takes about a tenth of a second for each
_MARGIN = 1.4  # side of the square, in sides of the face
_BATCH = 8
_LARGEST = 1024  # pixels; a model that wants more is none of these


class VisionModel:
    """One embedding per picture: the model's pooled output, or the mean over a hidden state.

    Args:
        model: Folder or hub name.
        faces: Networks that find the speaker's face, which is cut out and turned upright; the whole picture is taken,
            with black beside it, when None.
        layer: Which hidden state: 0 before the first layer; negative numbers count from the end; the pooled output,
            or the mean over the last state where there is none, when None.
        rate: Pictures a second.
        weights: Folder of the model, or one that holds it under its name.

    Raises:
        UsageError: If the model cannot be had, has no such layer, or is none of pictures.
        DataError: If the folder is damaged.
    """

    def __init__(
        self,
        model: str,
        *,
        faces: FaceModels | None,
        layer: int | None = None,
        rate: float = RATE,
        weights: Path | None = None,
    ) -> None:
        folder = find_model(model, weights)
        whole = load_model(folder)
        self._model = getattr(whole, "vision_model", whole)
        if getattr(self._model, "main_input_name", None) != "pixel_values":
            raise UsageError(f"the model {folder.name!r} is none of pictures; name one such as CLIP, DINOv2 or SigLIP")
        self._layer = None if layer is None else chosen_layer(layer, self._model)
        self._faces = None if faces is None else faces.without_irises()
        self._size = _input_size(folder.processor, self._model.config)
        self._mean = np.array(folder.processor.get("image_mean", [0.5] * 3), np.float32)
        self._deviation = np.array(folder.processor.get("image_std", [0.5] * 3), np.float32)
        width = self._embed([np.zeros((self._size, self._size, 3), np.uint8)]).shape[1]
        self.specification = ExtractorSpecification(
            extractor="vision_model",
            version=VERSION,
            parameters={"model": folder.name, "layer": self._layer, "crop": "frame" if faces is None else "face"},
            columns=tuple(f"hidden_{number:04}" for number in range(width)),
            rate=rate,
            weights={**folder.hashes, **(self._faces.hashes if self._faces else {})},
            packages={"transformers": package_version("transformers", "")},
        )

    def extract(self, pictures: Iterable[Picture], loudness: Loudness | None) -> tuple[FeatureStream, list[Seen]]:
        """One row per picture, and what each showed, as a `VisualExtractor` gives them."""
        shown: list[Seen] = []
        waiting: list[tuple[int, NDArray[np.uint8]]] = []
        rows: dict[int, NDArray[np.float32]] = {}

        def embed() -> None:
            embedded = self._embed([image for _, image in waiting])
            rows.update(zip([number for number, _ in waiting], embedded, strict=True))
            waiting.clear()

        for number, (what, image) in enumerate(self._squares(pictures, loudness)):
            shown.append(what)
            if image is not None:
                waiting.append((number, image))
            if len(waiting) == _BATCH:
                embed()
        if waiting:
            embed()
        values = np.zeros((len(shown), len(self.specification.columns)), np.float32)
        for number, row in rows.items():
            values[number] = row
        assert self.specification.rate is not None
        return FeatureStream(shown_from_to([what.time for what in shown], self.specification.rate), values), shown

    def _squares(
        self, pictures: Iterable[Picture], loudness: Loudness | None
    ) -> Iterator[tuple[Seen, NDArray[np.uint8] | None]]:
        """What each picture showed, and what of it the model is to see."""
        if self._faces is None:
            for picture in pictures:
                size = np.array(picture.image.shape[1::-1])
                yield Seen(picture.time, 0), crop(picture.image, size / 2, float(size.max()), 0.0, self._size)
            return
        finder, speakers = FaceFinder(self._faces, irises=False), Speakers(loudness)
        for picture in pictures:
            image = picture.image
            faces = [self._candidate(image, face) for face in finder.find(image)]
            yield from map(_with_square, speakers.add(picture.time, (image.shape[1], image.shape[0]), faces))
        yield from map(_with_square, speakers.finish())

    def _candidate(self, image: NDArray[np.uint8], face: Face) -> Candidate:
        row = measure(face.mesh, (image.shape[1], image.shape[0]), gaze=False)
        centre, side = (face.box[:2] + face.box[2:]) / 2, _MARGIN * float((face.box[2:] - face.box[:2]).max())
        square = crop(image, centre, side, face.mesh.angle, self._size)
        return Candidate(face.box, opening(row), square)

    def _embed(self, images: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        import torch

        scaled = (np.stack(images).astype(np.float32) / 255 - self._mean) / self._deviation
        pixels = torch.from_numpy(np.ascontiguousarray(scaled.transpose(0, 3, 1, 2)))
        with torch.inference_mode():
            output = self._model(pixel_values=pixels, output_hidden_states=self._layer is not None)
        return _pooled(output, self._layer)


def _with_square(choice: Choice) -> tuple[Seen, NDArray[np.uint8] | None]:
    return seen(choice), None if choice.face is None else choice.face.content


def _pooled(output: Any, layer: int | None) -> NDArray[np.float32]:
    pooled = getattr(output, "pooler_output", None) if layer is None else None
    if pooled is None:
        state = output.last_hidden_state if layer is None else output.hidden_states[layer]
        pooled = state.mean(dim=1)
    rows: NDArray[np.float32] = pooled.flatten(1).float().numpy()
    return rows


def _input_size(processor: dict[str, Any], config: Any) -> int:
    """Side of the pictures that the model expects."""
    wanted = processor.get("crop_size") or processor.get("size") or getattr(config, "image_size", 224)
    if isinstance(wanted, dict):
        wanted = wanted.get("height") or wanted.get("shortest_edge") or getattr(config, "image_size", 224)
    if not isinstance(wanted, int) or not 1 <= wanted <= _LARGEST:
        raise UsageError(f"the model wants pictures of {wanted!r} pixels; allowed are squares of 1 to {_LARGEST}")
    return wanted
