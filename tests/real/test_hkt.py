"""The unimodal models that HKT's authors publish, where they are at hand: every parameter has its place."""

from pathlib import Path

import pytest
import torch

import tiny_hkt
from mlcl.models import HKTConfig, HKTModel, load_release_weights
from mlcl.models.release.names import HKT_UNIMODAL
from mlcl.recipe import resolve
from real.test_files import real

KINDS = {"Acoustic": "acoustic", "Visual": "visual", "HCF": "hcf"}
FILES = {f"{task}{kind}Transformer.pt": (task, ours) for task in ("humor", "sarcasm") for kind, ours in KINDS.items()}
RECIPES = {"humor": "ur_funny", "sarcasm": "mustard"}


def model(task: str) -> HKTModel:
    sizes = resolve(RECIPES[task], model="hkt", profile="release").model.model_dump(exclude={"name", "cross_heads"})
    return HKTModel(HKTConfig(text_config=tiny_hkt.text_config(), num_labels=2, **sizes, cross_heads=4))


@pytest.mark.parametrize("name", FILES)
def test_a_published_unimodal_model_loads_strictly(name: str) -> None:
    path: Path = real(f"hkt/{name}")
    task, modality = FILES[name]
    state, built = torch.load(path, weights_only=True, map_location="cpu"), model(task)
    load_release_weights(built.unimodal(modality), state)
    encoder = {f"encoder.{key}": value for key, value in built.rows[modality].state_dict().items()}
    assert len(encoder) == len(state) - 2  # all but the head
    assert all(torch.equal(encoder[HKT_UNIMODAL.ours(n)], v) for n, v in state.items() if not n.startswith("decoder"))


@torch.no_grad()
def test_the_published_sarcasm_model_hears_padding() -> None:
    """On silence its logit turns with the padded length: 2.00 at 64 steps and -1.13 at 77."""
    state = torch.load(real("hkt/sarcasmAcousticTransformer.pt"), weights_only=True, map_location="cpu")
    built = model("sarcasm")
    load_release_weights(built.unimodal("acoustic"), state)
    alone = built.unimodal("acoustic").eval()
    alone.head.load_state_dict({name: state[f"decoder.{name}"] for name in ("weight", "bias")})
    for time, logit in ((64, 2.00), (77, -1.13)):
        silence = alone(torch.ones(1, time, dtype=torch.bool), acoustic=torch.zeros(1, time, 60))
        assert silence.logits[0, 1].item() == pytest.approx(logit, abs=5e-3)  # known to two decimals
