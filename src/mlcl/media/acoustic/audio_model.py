"""Hidden states of a pretrained model of raw sound: WavLM, HuBERT, wav2vec 2.0 and their like."""

from collections.abc import Iterable
from math import gcd, prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from mlcl.errors import UsageError
from mlcl.media.acoustic.chunks import Chunk, chunks_of
from mlcl.media.pretrained.model_folder import chosen_layer, find_model, load_model
from mlcl.media.pretrained.packages import package_version
from mlcl.media.recording import FeatureStream, Sound
from mlcl.media.specification import ExtractorSpecification

VERSION = 1
_CORE, _CONTEXT = 10, 2  # seconds that the model is given at once, and of the neighbours on either side
_PROCESSOR = "Wav2Vec2FeatureExtractor"


class AudioModel:
    """One hidden state every so many samples, usually 20 ms.

    The model hears 10 s at a time with 2 s on either side, so that memory is bounded and a cut is not heard.

    Args:
        model: Folder or hub name.
        layer: Which hidden state: 0 before the first layer, the last when None; negative numbers count from the end.
        weights: Folder of the model, or one that holds it under its name.

    Raises:
        UsageError: If the model cannot be had, has no such layer, or is none of raw sound.
        DataError: If the folder is damaged.
    """

    def __init__(self, model: str, *, layer: int | None = None, weights: Path | None = None) -> None:
        folder = find_model(model, weights)
        kind = folder.processor.get("feature_extractor_type")
        if kind != _PROCESSOR or not folder.config.get("conv_stride"):
            raise UsageError(
                f"the model {folder.name!r} is none of raw sound (its feature extractor is {kind}); allowed are those "
                f"with {_PROCESSOR}, as WavLM, HuBERT and wav2vec 2.0"
            )
        self._model = load_model(folder)
        self._layer = chosen_layer(layer, self._model)
        self._rate = int(folder.processor.get("sampling_rate", 16000))
        self._normalises = bool(folder.processor.get("do_normalize", True))
        kernels, strides = self._model.config.conv_kernel, self._model.config.conv_stride
        self._stride = prod(strides)
        self._field = 1 + sum((kernel - 1) * prod(strides[:index]) for index, kernel in enumerate(kernels))
        self.specification = ExtractorSpecification(
            extractor="audio_model",
            version=VERSION,
            parameters={"model": folder.name, "layer": self._layer},
            columns=tuple(f"hidden_{number:04}" for number in range(self._model.config.hidden_size)),
            rate=self._rate / self._stride,
            weights=folder.hashes,
            packages={"transformers": package_version("transformers", "")},
        )

    def extract(self, sound: Iterable[Sound]) -> FeatureStream:
        """Rows of a recording, as an `AcousticExtractor` gives them."""
        times, values = [np.zeros(0)], [np.zeros((0, len(self.specification.columns)), np.float32)]
        for chunk in chunks_of(sound, _CORE, _CONTEXT):
            hidden = self._hidden(self._heard(chunk))
            middles = chunk.start + (self._field / 2 + self._stride * np.arange(len(hidden))) / self._rate
            inside = (middles >= chunk.core_start - 1e-9) & (middles < chunk.core_end - 1e-9)
            times.append(middles[inside])
            values.append(hidden[inside])
        middles, half = np.concatenate(times), self._stride / self._rate / 2
        return FeatureStream(np.stack([middles - half, middles + half], axis=1), np.concatenate(values))

    def _heard(self, chunk: Chunk) -> NDArray[np.float32]:
        """A chunk at the model's rate, and as loud as it expects."""
        common = gcd(self._rate, chunk.rate)
        samples = chunk.samples.astype(np.float64)
        if chunk.rate != self._rate:
            samples = resample_poly(samples, self._rate // common, chunk.rate // common)
        samples = np.pad(samples, (0, max(0, self._field + self._stride - len(samples))))
        if self._normalises:
            samples = (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)
        return samples.astype(np.float32)

    def _hidden(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        import torch

        with torch.inference_mode():
            states = self._model(torch.from_numpy(samples)[None], output_hidden_states=True).hidden_states
        hidden: NDArray[np.float32] = states[self._layer][0].float().numpy()
        return hidden
