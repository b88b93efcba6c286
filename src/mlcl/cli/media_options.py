"""Options of the verbs that read recordings."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from mlcl.modality import ACOUSTIC, VISUAL

if TYPE_CHECKING:
    from mlcl.media.utterances import Hearing


@Parameter(name="*")
@dataclass(frozen=True)
class HearingOptions:
    """How the words of recordings are found."""

    recogniser: Annotated[
        str | None,
        Parameter(
            help="Whisper, for speech without a transcript: folder or hub name, or `none`; when absent that of "
            "`mlcl features fetch whisper`, if it is there."
        ),
    ] = None
    language: Annotated[str | None, Parameter(help="Language of the speech, as in `en`; found when absent.")] = None
    weights: Annotated[
        Path | None, Parameter(help="Folder of the face models; that of `mlcl features fetch face` when absent.")
    ] = None
    acoustic_model: Annotated[str | None, Parameter(help="Folder or hub name of the acoustic `audio_model`.")] = None
    visual_model: Annotated[str | None, Parameter(help="Folder or hub name of the visual `vision_model`.")] = None

    def hearing(self, threads: int | None) -> "Hearing":
        """How words are found; with the recogniser of the cache where none is named and one is there."""
        from mlcl.media.pretrained.weights import BUNDLES, places
        from mlcl.media.utterances import Hearing

        recogniser = None if self.recogniser == "none" else self.recogniser
        if self.recogniser is None:
            found = places(BUNDLES["whisper"].folder, self.weights)
            recogniser = str(found[0]) if found and (found[0] / "model.bin").is_file() else None
        return Hearing(recogniser, self.language, threads or 1)

    def folders(self) -> dict[str, Path]:
        """Where the weights of each modality's feature set were said to be."""
        given = {ACOUSTIC: self.acoustic_model or self.weights, VISUAL: self.visual_model or self.weights}
        return {name: Path(value) for name, value in given.items() if value is not None}
