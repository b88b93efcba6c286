"""What the golden files of MIB and MCL have in common: sizes of the encoders, inputs, and how close is close."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import BertConfig

from golden.golden_files import load

RELATIVE = 1e-9  # the mission's tolerance, of the largest entry of each tensor
NOISE = 1e-12  # gradients that are 0 by the mathematics are recorded as rounding noise
TEXT_INPUTS = ("input_ids", "attention_mask", "token_type_ids", "acoustic", "visual", "labels")
MODALITY = {"text": "text", "audio": "acoustic", "visual": "visual", "fused": "fused"}


class Stored:
    """A golden file: its tensors, and the sizes in its metadata."""

    def __init__(self, path: Path) -> None:
        self.tensors, metadata = load(path)
        self.config: dict[str, Any] = metadata["config"]

    def group(self, prefix: str) -> dict[str, torch.Tensor]:
        """Tensors under a prefix, by the rest of their names."""
        start = f"{prefix}."
        return {k.removeprefix(start): torch.from_numpy(v) for k, v in self.tensors.items() if k.startswith(start)}

    def batch(self) -> dict[str, torch.Tensor]:
        inputs = self.group("input")
        return {name: inputs[name] for name in TEXT_INPUTS}

    def encoder_options(self) -> dict[str, Any]:
        """Sizes of the encoders, every dropout 0, the release's readout and padding."""
        c = self.config
        assert c["feed_forward"] == 4 * c["d_l"]
        text = BertConfig(
            vocab_size=c["vocab"],
            hidden_size=c["hidden"],
            num_hidden_layers=c["bert_layers"],
            num_attention_heads=c["bert_heads"],
            intermediate_size=c["intermediate"],
            max_position_embeddings=c["max_position_embeddings"],
            type_vocab_size=c["type_vocab"],
            layer_norm_eps=c["bert_layer_norm_eps"],
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
        sizes = {"d_model": c["d_l"], "num_heads": c["num_heads"], "sequence_layers": c["layers"]}
        widths = {"acoustic_dim": c["acoustic_dim"], "visual_dim": c["visual_dim"], "num_labels": 1}
        dropouts = {f"{name}_dropout": 0.0 for name in ("attention", "relu", "residual", "embedding")}
        readout = {"text_pooling": "last_position", "sequence_pooling": "last_position", "mask_padding": False}
        return {"text_config": text, **sizes, **widths, **dropouts, **readout}


def close(ours: torch.Tensor, theirs: Any, name: str, *, absolute: float | None = None) -> None:
    """Within the tolerance relative to the largest entry; or, for parameters after steps, absolutely."""
    expected = np.asarray(theirs)
    tolerance = max(RELATIVE * float(np.abs(expected).max(initial=0.0)), NOISE) if absolute is None else absolute
    np.testing.assert_allclose(
        ours.detach().numpy().reshape(expected.shape), expected, rtol=0, atol=tolerance, err_msg=name
    )
