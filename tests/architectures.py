"""Text encoders of every architecture of transformers, tiny and with random weights."""

from dataclasses import fields, is_dataclass
from inspect import signature
from typing import Any

from transformers import CONFIG_MAPPING

VOCABULARY, POSITIONS = 50, 40
_SIZES: dict[int, tuple[str, ...]] = {
    VOCABULARY: ("vocab_size",),
    POSITIONS: ("max_position_embeddings", "n_positions", "n_ctx"),
    32: ("hidden_size", "d_model", "n_embd", "dim", "emb_dim", "embed_dim", "embedding_size", "word_embed_proj_dim"),
    2: (
        *("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers", "decoder_layers"),
        *("num_encoder_layers", "num_decoder_layers", "num_experts_per_tok", "moe_topk", "eos_token_id"),
    ),
    4: (
        *("num_attention_heads", "n_head", "n_heads", "num_heads", "num_key_value_heads", "encoder_attention_heads"),
        *("decoder_attention_heads", "num_encoder_attention_heads", "num_decoder_attention_heads"),
        *("num_experts", "num_local_experts", "n_routed_experts"),
    ),
    8: ("head_dim", "d_kv", "d_head", "qk_rope_head_dim"),
    16: ("moe_intermediate_size", "expert_ffn_hidden_size", "qk_nope_head_dim", "v_head_dim"),
    48: (
        *("intermediate_size", "d_inner", "n_inner", "d_ff", "dff", "ffn_dim", "encoder_ffn_dim", "decoder_ffn_dim"),
        *("feed_forward_size", "hidden_dim", "intermediate_size_mlp", "shared_expert_intermediate_size"),
    ),
    0: ("pad_token_id",),
    1: ("bos_token_id", "num_hidden_groups", "n_group", "topk_group", "first_k_dense_replace"),
}
_OF_NAME = {name: size for size, names in _SIZES.items() for name in names}
_MAMBA = {"mamba_n_heads": 8, "mamba_d_head": 8, "mamba_d_state": 16, "mamba_n_groups": 1}
_OWN: dict[str, dict[str, Any]] = {
    "bamba": _MAMBA | {"attn_layer_indices": [1]},
    "codegen": {"rotary_dim": 4},
    "dots1": {"n_shared_experts": 1},
    "esm": {"mask_token_id": 4},
    "fsmt": {"src_vocab_size": VOCABULARY, "tgt_vocab_size": VOCABULARY},
    "funnel": {"block_sizes": [1, 1], "num_decoder_layers": 1, "architectures": ["FunnelModel"]},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "gptj": {"rotary_dim": 4},
    "granitemoehybrid": _MAMBA | {"layer_types": ["mamba", "attention"]},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "layoutlmv3": {"coordinate_size": 5, "shape_size": 6, "visual_embed": False},
    "led": {"attention_window": 4},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"]},
    "lilt": {"hidden_size": 48},
    "longformer": {"attention_window": 4},
    "luke": {"entity_vocab_size": 4, "entity_emb_size": 8},
    "mamba2": {"num_heads": 8, "head_dim": 8, "n_groups": 1, "state_size": 16},
    "pegasus_x": {"block_size": 4},
    "recurrent_gemma": {"num_hidden_layers": 3, "lru_width": 32, "attention_window_size": 16},
    "reformer": {
        **{"axial_pos_shape": (4, 10), "axial_pos_embds_dim": (16, 16), "num_buckets": 2},
        **{"attn_layers": ["local", "lsh"], "attention_head_size": 8},
    },
    "rembert": {"input_embedding_size": 16, "output_embedding_size": 16},
    "roc_bert": {"pronunciation_vocab_size": VOCABULARY, "shape_vocab_size": VOCABULARY},
    "xmod": {"languages": ("en_XX",), "default_language": "en_XX"},
    "zaya": {"num_experts_per_tok": 1},
}
"""What an architecture needs beside, or instead."""


_EVERYDAY = """
    bert roberta albert deberta-v2 xlnet gpt2 t5 bart fnet nystromformer longformer llama
"""
EVERYDAY = _EVERYDAY.split()
"""Those that the normal suite tries."""
_OTHERS = """
    afmoe apertus arcee aria_text axk1 axk2 beam bert-generation big_bird bigbird_pegasus biogpt bitnet
    blenderbot blenderbot-small bloom camembert clip_text_model codegen cohere cohere2 cohere2_moe convbert
    cpmant ctrl cwm data2vec-text deberta deepseek_v2 deepseek_v3 diffllama distilbert doge dots1 electra ernie
    ernie4_5 ernie4_5_moe esm esmc eurobert exaone4 falcon falcon_mamba flaubert flex_olmo flint gemma gemma2
    gemma3_text gemma4_unified_text glm glm4 glm4_moe glm4_moe_lite gpt-sw3 gpt_bigcode gpt_neo gpt_neox
    gpt_neox_japanese gpt_oss gptj granite granite_docling_text granite_swa granitemoe granitemoe_swa
    granitemoeshared gte helium hunyuan_v1_dense hunyuan_v1_moe hy_v3 hyperclovax ibert imagegpt internlm3
    iquestcoder jais2 jamba jetmoe jina_embeddings_v3 kolibri1 laguna layoutlm layoutlmv3 led lfm2 lfm2_moe lfm3
    lilt llama4_text longt5 luke m2m_100 mamba mamba2 marian markuplm mbart megatron-bert minicpm3 minimax
    minimax_m2 ministral ministral3 mistral mistral4 mixtral mobilebert modernbert modernbert-decoder
    molmo2_text mpnet mpt mra mt5 muse_glimmer_text mvp nanochat nemotron nllb-moe nomic_bert olmo olmo2 olmo3
    olmo_hybrid olmoe openai-gpt openai_privacy_filter opt pegasus pegasus_x persimmon phi phi3 phimoe plbart
    prophetnet qwen2 qwen2_moe qwen3 qwen3_moe qwen3_vl_moe_text qwen3_vl_text recurrent_gemma rembert
    roberta-prelayernorm roc_bert roformer rwkv seed_oss smollm3 solar_open splinter squeezebert stablelm
    starcoder2 switch_transformers tapas tipsv2_text_model ultrabert umt5 vaultgemma visual_bert xglm xlm
    xlm-roberta xlm-roberta-xl xlstm xmod yoso youtu zaya
"""
OTHERS = _OTHERS.split()
"""The rest of what can be built so small."""
_INJECTED = """
    albert bert bert-generation big_bird camembert clip_text_model convbert data2vec-text deberta deberta-v2
    distilbert electra ernie esm falcon_mamba flaubert fnet gte jina_embeddings_v3 layoutlm layoutlmv3
    longformer luke mamba mamba2 markuplm megatron-bert mobilebert modernbert modernbert-decoder mpnet mra
    nomic_bert nystromformer rembert roberta roberta-prelayernorm roc_bert roformer rwkv splinter squeezebert
    tapas tipsv2_text_model visual_bert xlm xlm-roberta xlm-roberta-xl xlnet xlstm xmod yoso
"""
INJECTED = _INJECTED.split()
"""Those whose first states can be reached, as MAG does."""
LEAKING = {"convbert", "cpmant", "fnet", "mobilebert", "nystromformer", "yoso"}
"""Those whose states change with padding, in the texts of the tests: they are computed in groups of equal length."""
REFUSED = {
    "bros": "bbox",  # needs the place of each word on a page
    "canine": "texts of 2",  # reads characters, at least four
    "dpr": "no state",  # gives one vector for a text
    "fsmt": "no model of its own",  # its encoder cannot be had without the decoder
    "funnel": "texts of 2",  # halves a text until nothing is left
    "lxmert": "visual_feats",  # needs pictures
    "moshi": "audio_encoder_config",  # reads sound
    "reformer": "no state",  # gives states of twice the width that it names
    "sam3_lite_text_text_model": "items of a batch",  # has batch norms
    "udop": "Bbox",  # needs the place of each word on a page
    "vilt": "pixel_values",  # needs pictures
    "vit": "reads no tokens",
    "wav2vec2": "reads no tokens",
}
"""Those that are refused, and a part of the reason given."""


def tiny(kind: str) -> Any:
    """A configuration of that type: two layers of width 32 wherever it has such fields."""
    made = CONFIG_MAPPING[kind]
    known = {field.name for field in fields(made)} if is_dataclass(made) else set(signature(made.__init__).parameters)
    values = {name: value for name, value in _OF_NAME.items() if name in known} | _OWN.get(kind, {})
    return made(**{name: value for name, value in values.items() if value is not None})
