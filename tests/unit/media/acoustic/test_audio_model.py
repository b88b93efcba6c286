"""Hidden states of tiny random models of sound: chunks, layers, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import HubertConfig, HubertModel, Wav2Vec2Config, Wav2Vec2Model, WavLMConfig, WavLMModel

from mlcl.errors import DataError, UsageError
from mlcl.media.acoustic import audio_model
from mlcl.media.acoustic.audio_model import AudioModel
from mlcl.media.recording import Sound

KINDS = {
    "wavlm": (WavLMConfig, WavLMModel),
    "hubert": (HubertConfig, HubertModel),
    "wav2vec2": (Wav2Vec2Config, Wav2Vec2Model),
}
SIZES = {
    **{"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16},
    **{"conv_dim": (8,) * 7, "num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2},
}


def save(folder: Path, kind: str = "wavlm", **processor: object) -> Path:
    torch.manual_seed(0)
    config, model = KINDS[kind]
    model(config(**SIZES)).save_pretrained(folder)
    settings = {"feature_extractor_type": "Wav2Vec2FeatureExtractor", "sampling_rate": 16000, "do_normalize": True}
    (folder / "preprocessor_config.json").write_text(json.dumps({**settings, **processor}))
    return folder


def noise(seconds: float, rate: int = 16000) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.random.default_rng(0).normal(0, 0.1, round(seconds * rate)).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_what_the_model_gives(kind: str, tmp_path: Path) -> None:
    folder = save(tmp_path / "tiny", kind)
    extractor = AudioModel(str(folder), layer=1)
    samples = noise(2)
    stream = extractor.extract([Sound(samples, 16000, 5.0)])
    model = KINDS[kind][1].from_pretrained(folder).eval()
    scaled = (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)
    with torch.inference_mode():
        expected = model(torch.from_numpy(scaled)[None], output_hidden_states=True).hidden_states[1][0].numpy()
    assert np.allclose(stream.values, expected, atol=1e-4)
    assert stream.times[0].tolist() == pytest.approx([5.0025, 5.0225])
    assert extractor.specification.rate == 50
    assert extractor.specification.parameters == {"model": "tiny", "layer": 1}
    assert set(extractor.specification.weights) == {"model.safetensors", "preprocessor_config.json"}


@pytest.mark.parametrize("rate", [16000, 44100])
def test_a_long_sound_has_one_even_clock_and_may_be_cut_anywhere(rate: int, tmp_path: Path) -> None:
    extractor = AudioModel(str(save(tmp_path / "tiny")))
    samples = noise(23.4, rate)
    whole = extractor.extract([Sound(samples, rate, 0.0)])
    parts = [Sound(samples[at : at + 9999], rate, at / rate) for at in range(0, len(samples), 9999)]
    assert np.array_equal(extractor.extract(parts).values, whole.values)
    assert np.allclose(np.diff(whole.times[:, 0]), 0.02)
    assert abs(len(whole) - 23.4 * 50) <= 1


def test_layers_count_from_either_end(tmp_path: Path) -> None:
    folder = str(save(tmp_path / "tiny"))
    sound = [Sound(noise(1), 16000, 0.0)]
    last, second = AudioModel(folder), AudioModel(folder, layer=-1)
    assert last.specification == second.specification
    assert np.array_equal(last.extract(sound).values, second.extract(sound).values)
    assert not np.allclose(last.extract(sound).values, AudioModel(folder, layer=0).extract(sound).values)
    with pytest.raises(UsageError, match="allowed are 0 to 2"):
        AudioModel(folder, layer=3)


@pytest.mark.parametrize("count", [0, 1, 200, 900])
def test_short_sound(count: int, tmp_path: Path) -> None:
    stream = AudioModel(str(save(tmp_path / "tiny"))).extract([Sound(noise(1)[:count], 16000, 0.0)])
    assert np.isfinite(stream.values).all()
    assert len(stream) <= count / 320 + 1


def test_what_is_no_model_of_raw_sound_is_refused(tmp_path: Path) -> None:
    folder = save(tmp_path / "tiny", feature_extractor_type="WhisperFeatureExtractor")
    with pytest.raises(UsageError, match="none of raw sound"):
        AudioModel(str(folder))


def test_code_of_its_own_is_never_run(tmp_path: Path) -> None:
    folder = save(tmp_path / "tiny")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "evil.Model"}}))
    (folder / "evil.py").write_text("raise SystemExit('ran')")
    with pytest.raises(DataError, match="never run"):
        AudioModel(str(folder))


@pytest.mark.parametrize("change", [{"num_hidden_layers": 10**9}, {"hidden_size": 10**9}])
def test_absurd_sizes_are_refused_before_anything_is_built(change: dict[str, int], tmp_path: Path) -> None:
    folder = save(tmp_path / "tiny")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(DataError, match=r"make sense|asks for \d+ parameters"):
        AudioModel(str(folder))


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    folder = save(tmp_path / "tiny")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))
    with pytest.raises(DataError, match="has no weights for"):
        AudioModel(str(folder))


def test_a_model_that_is_nowhere_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UsageError, match="is no folder here"):
        AudioModel("nobody/nothing", weights=tmp_path)


def test_the_chunks_of_the_model_are_bounded() -> None:
    assert audio_model._CORE + 2 * audio_model._CONTEXT <= 30
