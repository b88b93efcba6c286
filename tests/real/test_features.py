"""Real faces and real speech: every face is found and nothing else, and a word's row is heard under that word."""

import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mlcl.media.acoustic.logmel import LogMel
from mlcl.media.acoustic.loudness import loudness
from mlcl.media.face.face import FaceGeometry
from mlcl.media.face.task_file import DETECTOR, MESH, read_face_models
from mlcl.media.feature_sets import make_extractor, open_specified
from mlcl.media.recording import Picture

DATA = Path(os.environ.get("MLCL_DATA") or Path(__file__).parents[3] / "shared" / "data")
ASSETS = Path(os.environ.get("MLCL_ASSETS") or Path.home() / ".cache" / "mlcl-assets")
GRID = ["grid_bbaf2n.mpg", "grid_brbk7n.mpg", "grid_lbax4n.mpg", "grid_lbbc2a.mpg", "grid_swwp2s.mpg"]
SPEECH = [*GRID, "jfk.flac", "speech_woman.mp4", "talk_10200.mp4", "talk_14445.mp4"]
RATE = 10.0


def clip(name: str) -> Path:
    pytest.importorskip("av", reason="av is not installed: pip install 'mlcl[clips]'")
    path = DATA / "clips" / name
    if not path.is_file():
        pytest.skip(f"{path} is not here; set MLCL_DATA to the folder with the real files")
    return path


def faces() -> Path:
    pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed: pip install 'mlcl[clips]'")
    if not (ASSETS / "face" / MESH).is_file():
        pytest.skip(f"{ASSETS}/face is not here; set MLCL_ASSETS to the folder with the real weights")
    return ASSETS / "face"


def pictures(name: str, turns: int = 0) -> Iterator[Picture]:
    from mlcl.media.decode import read_pictures

    for picture in read_pictures(clip(name), rate=RATE):
        yield Picture(picture.time, np.ascontiguousarray(np.rot90(picture.image, turns)))


@pytest.mark.long
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_the_face_is_found_in_every_picture_whichever_way_up(turns: int) -> None:
    extractor = make_extractor("face", weights=faces())
    seen = [
        what
        for name in [*GRID, "speech_woman.mp4", "single_face.mp4"]
        for what in extractor.extract(pictures(name, turns), None)[1]  # type: ignore[arg-type]
    ]
    assert np.mean([what.faces > 0 for what in seen]) >= (0.95 if turns else 0.99)


@pytest.mark.long
def test_no_face_is_found_where_none_is() -> None:
    extractor = make_extractor("face", weights=faces())
    stream, seen = extractor.extract(pictures("face_noface.mov"), None)  # type: ignore[arg-type]
    found = np.array([what.faces > 0 for what in seen])
    vanished = int(np.flatnonzero(found)[-1]) + 1
    assert vanished < 0.5 * len(found)  # for more than half of the clip nobody is there
    assert found[:vanished].all()
    assert not stream.values[~found].any()
    random = np.random.default_rng(0)
    coarse = [np.kron(random.integers(0, 255, (9, 16, 3)), np.ones((40, 40, 1))).astype(np.uint8) for _ in range(20)]
    noise = [random.integers(0, 255, (360, 640, 3)).astype(np.uint8) for _ in range(20)]
    shapes = [Picture(number / RATE, image) for number, image in enumerate([*coarse, *noise])]
    assert not any(what.faces for what in extractor.extract(shapes, None)[1])  # type: ignore[arg-type]


def test_a_task_file_gives_what_its_networks_give(tmp_path: Path) -> None:
    folder = faces()
    with zipfile.ZipFile(tmp_path / "face_landmarker.task", "w") as archive:
        archive.write(folder / DETECTOR, "face_detector.tflite")
        archive.write(folder / MESH, "face_landmarks_detector.tflite")
    packed = FaceGeometry(read_face_models(tmp_path))
    loose = FaceGeometry(read_face_models(folder), gaze=False)
    shown = list(pictures("single_face.mp4"))[:5]
    assert np.array_equal(packed.extract(shown, None)[0].values, loose.extract(shown, None)[0].values)
    assert open_specified(packed.specification, weights=folder).specification.parameters == {"gaze": False}


def test_the_mouth_opens_with_the_sound() -> None:
    from mlcl.media.decode import read_sound

    extractor = make_extractor("face", weights=faces())
    loud = loudness(read_sound(clip("speech_woman.mp4")))
    stream, seen = extractor.extract(pictures("speech_woman.mp4"), loud)  # type: ignore[arg-type]
    assert {what.chosen_by for what in seen} == {"only"}
    names = extractor.specification.columns
    power = 10 ** (0.03 * loud.level)
    opening = stream.values[:, names.index("mouth_opening")]

    def agreement(shift: float) -> float:
        return float(np.corrcoef(opening, np.interp(stream.times[:, 0] + shift, loud.times, power))[0, 1])

    assert max(agreement(lag) for lag in (0, 0.08, 0.16)) > 0.3
    assert max(agreement(lag) for lag in (0, 0.08, 0.16)) > max(agreement(lag) for lag in (-1.0, 1.0)) + 0.1


@pytest.mark.long
def test_a_sibilant_is_heard_under_its_own_word_and_not_under_the_next() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from mlcl.media.decode import read_sound
    from mlcl.media.words.recognise import recognise
    from mlcl.media.words.refine import refine_words

    whisper = ASSETS / "whisper-tiny.en"
    if not (whisper / "model.bin").is_file():
        pytest.skip(f"{whisper} is not here; set MLCL_ASSETS to the folder with the real weights")
    aligned, shifted, spelled = [], [], []
    for name in SPEECH:
        words = refine_words(recognise(read_sound(clip(name)), whisper, "en"), read_sound(clip(name)))
        stream = LogMel().extract(read_sound(clip(name)))
        middles = stream.times.mean(axis=1)
        rows = []
        for word in words:
            inside = (middles >= word.start) & (middles < word.end)
            nearest = np.abs(middles - (word.start + word.end) / 2).argmin()
            rows.append(stream.values[inside].mean(axis=0) if inside.any() else stream.values[nearest])
        scaled = (np.array(rows) - stream.values.mean(axis=0)) / (stream.values.std(axis=0) + 1e-6)
        aligned.append(scaled)
        shifted.append(np.roll(scaled, 1, axis=0))
        spelled += [bool(re.search(r"s|z|x|ch|c[eiy]|tion", word.text.lower())) for word in words]

    def auc(rows: list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]) -> float:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000))
        scores = cross_val_predict(model, np.concatenate(rows), spelled, cv=5, method="decision_function")
        return float(roc_auc_score(spelled, scores))

    assert auc(aligned) >= 0.70
    assert auc(shifted) <= 0.62


@pytest.mark.long
def test_loudness_agrees_with_opensmile_s() -> None:
    opensmile = pytest.importorskip("opensmile", reason="openSMILE is not installed: pip install 'mlcl[egemaps]'")
    from mlcl.media.decode import read_sound

    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.LowLevelDescriptors)
    for name in ("jfk.flac", "grid_swwp2s.mpg", "speech_woman.mp4"):
        parts = list(read_sound(clip(name)))
        stream = LogMel().extract(parts)
        theirs = smile.process_signal(np.concatenate([part.samples for part in parts]), parts[0].rate)["Loudness_sma3"]
        ours = stream.values[:, LogMel().specification.columns.index("loudness")]
        at = stream.times.mean(axis=1) - parts[0].start
        assert np.corrcoef(ours, np.interp(at, 0.01 + 0.01 * np.arange(len(theirs)), theirs))[0, 1] > 0.92
