"""Embeddings by tiny random models of pictures: pooled, by layer, and of the whole picture."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPConfig, CLIPModel, Dinov2Config, Dinov2Model, SiglipConfig, SiglipModel

from mlcl.errors import UsageError
from mlcl.media.feature_sets import make_extractor, open_specified
from mlcl.media.recording import Picture

TINY = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 32, "patch_size": 8}
TEXT = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 20}
KINDS = {
    "clip": lambda: CLIPModel(CLIPConfig(vision_config={**TINY, "intermediate_size": 16}, text_config=TEXT)),
    "siglip": lambda: SiglipModel(SiglipConfig(vision_config={**TINY, "intermediate_size": 16}, text_config=TEXT)),
    "dinov2": lambda: Dinov2Model(Dinov2Config(**TINY)),
}


def save(folder: Path, kind: str) -> Path:
    torch.manual_seed(0)
    KINDS[kind]().save_pretrained(folder)
    settings = {"size": {"height": 32, "width": 32}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return folder


def pictures(count: int) -> list[Picture]:
    random = np.random.default_rng(0)
    return [Picture(number / 5, random.integers(0, 255, (32, 32, 3)).astype(np.uint8)) for number in range(count)]


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_the_model_s_embeddings_whatever_the_batch(kind: str, tmp_path: Path) -> None:
    folder = save(tmp_path / "tiny", kind)
    extractor = make_extractor("vision_model", parameters={"model": str(folder), "crop": "frame"})
    shown = pictures(11)
    stream, seen = extractor.extract(shown, None)  # type: ignore[arg-type]
    assert len(stream) == len(seen) == 11
    model = KINDS[kind]().from_pretrained(folder).eval()
    vision = getattr(model, "vision_model", model)
    pixels = torch.from_numpy(np.stack([picture.image for picture in shown]).astype(np.float32) / 127.5 - 1)
    with torch.inference_mode():
        expected = vision(pixel_values=pixels.permute(0, 3, 1, 2)).pooler_output.numpy()
    assert np.allclose(stream.values, expected, atol=1e-4)


def test_a_layer_is_the_mean_of_its_hidden_state(tmp_path: Path) -> None:
    folder = save(tmp_path / "tiny", "dinov2")
    parameters = {"model": str(folder), "crop": "frame", "layer": 1}
    stream, _ = make_extractor("vision_model", parameters=parameters).extract(pictures(1), None)  # type: ignore[arg-type]
    model = Dinov2Model.from_pretrained(folder).eval()
    pixels = torch.from_numpy(pictures(1)[0].image.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
    with torch.inference_mode():
        state = model(pixel_values=pixels, output_hidden_states=True).hidden_states[1]
    assert np.allclose(stream.values, state.mean(dim=1).numpy(), atol=1e-4)


def test_it_opens_by_its_specification_from_any_folder_with_its_weights(tmp_path: Path) -> None:
    folder = save(tmp_path / "tiny", "clip")
    parameters = {"model": str(folder), "crop": "frame"}
    made = make_extractor("vision_model", parameters=parameters, rate=2.0).specification
    assert made.parameters == {"model": "tiny", "layer": None, "crop": "frame"}
    assert open_specified(made, weights=folder).specification == made
    assert open_specified(made, weights=tmp_path).specification == made
    torch.manual_seed(1)
    KINDS["clip"]().save_pretrained(folder)
    with pytest.raises(UsageError, match=r"weights model.safetensors .* name the folder that holds them"):
        open_specified(made, weights=folder)


def test_a_model_of_sound_is_refused(tmp_path: Path) -> None:
    from transformers import WavLMConfig, WavLMModel

    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = WavLMConfig(**sizes, conv_dim=(8,) * 7, num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2)
    WavLMModel(config).save_pretrained(tmp_path / "tiny")
    with pytest.raises(UsageError, match="none of pictures"):
        make_extractor("vision_model", parameters={"model": str(tmp_path / "tiny"), "crop": "frame"})
