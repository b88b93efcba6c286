"""Options of MIB."""

from typing import Literal

from pydantic import Field

from mlcl.options.encoders import EncodersOptions


class MIBOptions(EncodersOptions):
    """MIB: three encoders, a bottleneck per stream, a fusion; one option per departure of the authors' release."""

    name: Literal["mib"] = "mib"
    """Which model."""
    variant: Literal["complete", "early", "late"] = "complete"
    """What is a code: each modality and the fused vector (C-MIB), the fused vector (E-MIB), each modality (L-MIB)."""
    fusion: Literal["concat", "addition", "multiplication", "tensor", "low_rank", "graph", "experts"] = "concat"
    """How three vectors become one; `experts`, the product of the modalities' codes, needs variant `late`."""
    fusion_hidden: int = Field(default=50, ge=1, le=1024)
    """Width of the layers behind the `tensor` and the `graph` fusion."""
    graph_hidden: int = Field(default=64, ge=1, le=2**14)
    """Width of the edge networks of the `graph` fusion."""
    low_rank: int = Field(default=5, ge=1, le=2**14)
    """Rank of the `low_rank` fusion."""
    tensor_dropout: float = Field(default=0.5, ge=0, lt=1)
    """Dropout of the outer product in the `tensor` fusion."""
    tensor_activations: Literal["tanh", "none_tanh_relu"] = "tanh"
    """After the layers of the `tensor` fusion: tanh thrice (released C-MIB), or none, tanh, ReLU (released E and L)."""
    bottleneck_hidden: int = Field(default=1024, ge=1, le=2**14)
    """Width inside a bottleneck."""
    kl_weight: float = Field(default=1e-3, ge=0)
    """Weight of the codes' divergences (the paper's beta)."""
    kl: Literal["sum", "mean"] = "sum"
    """Divergence of a code: sum over its entries (paper), or their mean (release), smaller by the width."""
    task_weight: float = Field(default=1.0, ge=0)
    """Weight of the fused prediction's loss; the release counts it twice."""
    evaluation: Literal["mean", "sample"] = "mean"
    """What is read of a code outside training: its mean, or (release) a sample, which makes scores random."""
    project_at_encoder_rate: bool = False
    """Train the text convolution at the encoder's learning rate (release), not at that of everything else."""
