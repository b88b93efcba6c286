"""How the extractor of each feature set is made."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mlcl.errors import UsageError, nearest
from mlcl.media.acoustic import egemaps, logmel
from mlcl.media.extractor import AcousticExtractor, VisualExtractor
from mlcl.media.face import face
from mlcl.media.face.task_file import FaceModels, find_face_models
from mlcl.media.feature_sets.feature_set import FACE_WEIGHTS, feature_set
from mlcl.media.pretrained.weights import BUNDLES, places
from mlcl.media.specification import Parameter
from mlcl.modality import ACOUSTIC

Extractor = AcousticExtractor | VisualExtractor
_FASTEST = 120  # pictures a second


def build(
    name: str,
    parameters: Mapping[str, Parameter],
    weights: Path | None,
    rate: float | None,
    hashes: set[str] | None = None,
) -> Extractor:
    """Make an extractor.

    Args:
        name: Of the feature set.
        parameters: What it is told.
        weights: Folder of its weights, or one that holds them by name.
        rate: Pictures a second, of a visual set; its own when None.
        hashes: SHA-256 of the weights that are wanted; any will do when None.

    Raises:
        UsageError: If there is no such set or parameter, or something that it needs is not here.
        DataError: If weights are damaged.
    """
    entry = feature_set(name)
    if unknown := sorted(set(parameters) - set(entry.parameters)):
        known = nearest(unknown[0], list(entry.parameters)) if entry.parameters else "it has none"
        raise UsageError(f"{name} has no parameter {unknown[0]!r}; {known}")
    if rate is not None and entry.modality == ACOUSTIC:
        raise UsageError(f"rate = {rate} is for pictures, and {name} has {entry.rate or 'its own'} rows a second")
    if rate is not None and not 0 < rate <= _FASTEST:
        raise UsageError(f"rate = {rate} pictures a second; allowed are more than 0 up to {_FASTEST}")
    return _BUILDERS[name](parameters, weights, rate, hashes)


def _logmel(*_: Any) -> Extractor:
    return logmel.LogMel()


def _egemaps(*_: Any) -> Extractor:
    return egemaps.EGeMaps()


def _audio_model(parameters: dict[str, Any], weights: Path | None, *_: Any) -> Extractor:
    from mlcl.media.acoustic.audio_model import AudioModel

    return AudioModel(_model(parameters, "audio_model"), layer=_layer(parameters), weights=weights)


def _face(parameters: dict[str, Any], weights: Path | None, rate: float | None, hashes: set[str] | None) -> Extractor:
    gaze = parameters.get("gaze")
    if gaze not in (None, True, False):
        raise UsageError(f"face: gaze = {gaze!r}; allowed: true, false")
    return face.FaceGeometry(_face_models(weights, hashes), rate=rate or face.RATE, gaze=gaze)


def _vision_model(
    parameters: dict[str, Any], weights: Path | None, rate: float | None, hashes: set[str] | None
) -> Extractor:
    from mlcl.media.face.vision_model import RATE, VisionModel

    crop = parameters.get("crop") or "face"
    if crop not in ("face", "frame"):
        raise UsageError(f"vision_model: crop = {crop!r}; {nearest(str(crop), ['face', 'frame'])}")
    return VisionModel(
        _model(parameters, "vision_model"),
        faces=_face_models(weights, hashes) if crop == "face" else None,
        layer=_layer(parameters),
        rate=rate or RATE,
        weights=weights,
    )


_BUILDERS: dict[str, Callable[..., Extractor]] = {
    "logmel": _logmel,
    "egemaps": _egemaps,
    "audio_model": _audio_model,
    "face": _face,
    "vision_model": _vision_model,
}


def _model(parameters: dict[str, Any], name: str) -> str:
    model = parameters.get("model")
    if not isinstance(model, str) or not model:
        raise UsageError(f"{name} needs the parameter model: its folder or hub name")
    return model


def _layer(parameters: dict[str, Any]) -> int | None:
    layer = parameters.get("layer")
    if layer is not None and (isinstance(layer, bool) or not isinstance(layer, int)):
        raise UsageError(f"layer = {layer!r}; a whole number is allowed")
    return layer


def _face_models(weights: Path | None, hashes: set[str] | None) -> FaceModels:
    models = find_face_models(places(BUNDLES[FACE_WEIGHTS].folder, weights), hashes)
    if models is None:
        where = f" in {weights}" if weights else ""
        raise UsageError(
            f"the face models are not here{where}: get them by `mlcl features fetch face`, or name their folder"
        )
    return models
