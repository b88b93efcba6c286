"""The start of training: the release's distributions, biases at zero, one packed projection for the fusion layers."""

import math
from typing import Any

import pytest
import torch
from torch import nn

import tiny
from mlcl.models import MLCLModel


def start(**options: Any) -> MLCLModel:
    torch.manual_seed(0)
    return MLCLModel(tiny.config(d_model=105, num_heads=5, fusion_feed_forward=101, fusion_layers=3, **options))


def test_linear_maps_start_small_and_without_bias() -> None:
    model = start()
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            if module.bias is not None and not name.startswith("text.encoder"):
                assert module.bias.eq(0).all(), name
            if module.weight.numel() > 5000:  # relative error of a deviation from n draws: 1/sqrt(2n), here 1 %
                assert module.weight.std().item() == pytest.approx(0.02, rel=0.05), name
                assert abs(module.weight.mean().item()) < 0.002, name


def test_norms_convolutions_and_packed_projections_start_as_in_torch() -> None:
    """Uniform draws: the largest of many comes within 1 % of the bound and never passes it."""
    model = start()
    for name, module in model.named_modules():
        if isinstance(module, nn.LayerNorm):
            assert module.weight.eq(1).all(), name
            assert module.bias.eq(0).all(), name
        elif isinstance(module, nn.Conv1d):
            bound = 1 / math.sqrt(3 * module.in_channels)
            assert module.weight.abs().max().item() == pytest.approx(bound, rel=0.01), name
            assert module.weight.abs().max().item() <= bound, name
        elif isinstance(module, nn.MultiheadAttention):
            bound = math.sqrt(6 / (4 * 105))
            assert module.in_proj_weight.abs().max().item() == pytest.approx(bound, rel=0.01), name
            assert module.in_proj_weight.abs().max().item() <= bound, name
            assert module.in_proj_bias.eq(0).all(), name


def test_the_fusion_layers_start_from_one_packed_projection_and_nothing_else_is_shared() -> None:
    model = start()
    first, *others = model.fusion.layers
    for layer in others:
        assert torch.equal(layer.self_attn.in_proj_weight, first.self_attn.in_proj_weight)
        assert layer.self_attn.in_proj_weight.data_ptr() != first.self_attn.in_proj_weight.data_ptr()
        assert not torch.equal(layer.linear1.weight, first.linear1.weight)
    assert not torch.equal(
        model.acoustic.layers[0].attention.in_proj_weight, model.acoustic.layers[1].attention.in_proj_weight
    )
    assert not torch.equal(model.view_1["text"].linear.weight, model.view_2["text"].linear.weight)
    pointers = [parameter.data_ptr() for parameter in model.parameters()]
    assert len(set(pointers)) == len(pointers)
