"""The list of feature sets."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from mlcl.errors import UsageError, nearest
from mlcl.media.acoustic import egemaps, logmel
from mlcl.media.face import face
from mlcl.media.face.geometry import columns as face_columns
from mlcl.media.pretrained.weights import BUNDLES, places
from mlcl.modality import ACOUSTIC, VISUAL

FACE_WEIGHTS = "face"


@dataclass(frozen=True)
class FeatureSet:
    """A feature set that `mlcl` can compute.

    Attributes:
        name: By which it is chosen.
        modality: ``acoustic`` or ``visual``.
        description: In one line.
        columns: Unit of each column by its name; empty where they are as many as the chosen model has hidden units.
        rate: Rows a second; None where the chosen model decides.
        licence: Of what computes it, as far as that limits its use.
        packages: Modules that it needs, by the extra of mlcl that installs them.
        weights: Name by which `mlcl features fetch` gets its weights; None where it has none.
        parameters: What it can be told, with what that means.
    """

    name: str
    modality: str
    description: str
    columns: Mapping[str, str]
    rate: float | None
    licence: str
    packages: Mapping[str, str]
    weights: str | None
    parameters: Mapping[str, str]

    def lacking(self, weights: Path | None = None) -> str | None:
        """What to run to get what is missing; None if all is here. A chosen model is not looked for."""
        for module, extra in self.packages.items():
            if find_spec(module) is None:
                return f"pip install 'mlcl[{extra}]'"
        if self.weights is not None and not places(BUNDLES[self.weights].folder, weights):
            return f"mlcl features fetch {self.weights}"
        return None


_MODEL = "folder or hub name of the model"
FEATURE_SETS = {
    entry.name: entry
    for entry in (
        FeatureSet(
            name="logmel",
            modality=ACOUSTIC,
            description="log-mel bands, loudness, shape of the spectrum (default)",
            columns=logmel.COLUMNS,
            rate=100.0,
            licence="Apache-2.0",
            packages={},
            weights=None,
            parameters={},
        ),
        FeatureSet(
            name="egemaps",
            modality=ACOUSTIC,
            description="eGeMAPS v02 low-level descriptors by openSMILE: pitch, voice quality, formants",
            columns=egemaps.COLUMNS,
            rate=100.0,
            licence="research only (openSMILE)",
            packages={"opensmile": "egemaps"},
            weights=None,
            parameters={},
        ),
        FeatureSet(
            name="audio_model",
            modality=ACOUSTIC,
            description="hidden states of a model such as WavLM, HuBERT or wav2vec 2.0",
            columns={},
            rate=None,
            licence="the model's",
            packages={},
            weights=None,
            parameters={"model": _MODEL, "layer": "which hidden state; the last when absent"},
        ),
        FeatureSet(
            name="face",
            modality=VISUAL,
            description="the speaker's face: mouth, brows, lids, gaze, head and their speeds (default)",
            columns=face_columns(gaze=True),
            rate=face.RATE,
            licence="Apache-2.0",
            packages={"ai_edge_litert": "clips"},
            weights=FACE_WEIGHTS,
            parameters={"gaze": "whether to measure where the eyes look; where the weights can, when absent"},
        ),
        FeatureSet(
            name="vision_model",
            modality=VISUAL,
            description="the speaker's face in a model such as CLIP, DINOv2 or SigLIP",
            columns={},
            rate=5.0,
            licence="the model's",
            packages={"ai_edge_litert": "clips"},
            weights=FACE_WEIGHTS,
            parameters={
                "model": _MODEL,
                "layer": "which hidden state, averaged; the pooled output when absent",
                "crop": "`face`, or `frame` for the whole picture",
            },
        ),
    )
}


def feature_set(name: str) -> FeatureSet:
    """The feature set of a name.

    Raises:
        UsageError: If there is none.
    """
    if name not in FEATURE_SETS:
        raise UsageError(
            f"there is no feature set {name!r}; {nearest(name, list(FEATURE_SETS))}; `mlcl features` lists them"
        )
    return FEATURE_SETS[name]
