"""The three encoders that late fusion, MIB and MCL share, each read by one vector."""

from typing import Any

from mlcl.encode.sequence import SequenceDropout, SequenceEncoder
from mlcl.encode.text import TextEncoder


def build_encoders(config: Any) -> tuple[TextEncoder, SequenceEncoder, SequenceEncoder]:
    """Text, acoustic and visual encoder of a configuration with `MLCLConfig`'s fields for them."""
    readout = {"mask_padding": config.mask_padding, "pooled_only": True}
    dropout = SequenceDropout(
        attention=config.attention_dropout,
        relu=config.relu_dropout,
        residual=config.residual_dropout,
        embedding=config.embedding_dropout,
    )
    text = TextEncoder(config.text_config, config.d_model, pooling=config.text_pooling, **readout)
    acoustic, visual = (
        SequenceEncoder(
            width,
            config.d_model,
            num_heads=config.num_heads,
            num_layers=config.sequence_layers,
            dropout=dropout,
            pooling=config.sequence_pooling,
            **readout,
        )
        for width in (config.acoustic_dim, config.visual_dim)
    )
    return text, acoustic, visual
