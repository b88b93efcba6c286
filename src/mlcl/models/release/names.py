"""The parameter names of each seed system's release: what is ours under another name, and what the release never uses.

``<t>`` or ``<l>`` (text), ``<a>``, ``<v>``, ``<m>`` (multimodal) and ``<>`` (fused) stand for a stream.
"""

import re
from dataclasses import dataclass
from typing import Any

from mlcl.errors import DataError

Table = tuple[tuple[str, str], ...]

_NONE = "(?!)"  # a pattern that fits nothing
_STREAM = {"": "fused", "t": "text", "l": "text", "a": "acoustic", "v": "visual", "m": "multimodal"}


@dataclass(frozen=True)
class Names:
    """The names of one system.

    Attributes:
        system: What the system is called.
        parameters: The release's name, a pattern, and ours; the first that fits counts.
        unused: Pattern of buffers, and of layers that the release builds and its function does not use.
        reshaped: Pattern of parameters of the release that hold ours in another shape.
        without: What our names of parameters begin with that the release does not hold; empty where it holds all.
    """

    system: str
    parameters: Table
    unused: str
    reshaped: str = ""
    without: str = ""

    def ours(self, name: str) -> str | None:
        """Our name of a parameter of the release; None for what its function does not use.

        Raises:
            DataError: If the release has no such parameter.
        """
        bare = name.removeprefix("module.")  # saved from data-parallel training
        if re.fullmatch(self.unused, bare):
            return None
        for pattern, ours in self.parameters:
            if match := re.fullmatch(pattern, bare):
                return re.sub(r"<_?(\w?)>", lambda stream: _STREAM[stream[1]], match.expand(ours))
        raise DataError(f"{name!r} is no parameter of the {self.system} release")


def _under(theirs: str, ours: str, table: Table) -> Table:
    """A table of a part, for the whole that holds it under these names."""
    return tuple((f"{re.escape(theirs)}{pattern}", f"{ours}{name}") for pattern, name in table)


# The encoders of MLCL, MIB and MCL, and what they hold in the releases without using it.
_ENCODERS: Table = (
    (r"bert\.(embeddings|encoder)\.(.*)", r"text.encoder.\1.\2"),
    (r"bert\.proj_l\.weight", r"text.project.weight"),
    (r"proj_([av])\.weight", r"<\1>.project.weight"),
    (r"trans([av])\.layers\.(\d+)\.self_attn\.(.*)", r"<\1>.layers.\2.attention.\3"),
    (r"trans([av])\.layers\.(\d+)\.layer_norms\.0\.(.*)", r"<\1>.layers.\2.attention_norm.\3"),
    (r"trans([av])\.layers\.(\d+)\.layer_norms\.1\.(.*)", r"<\1>.layers.\2.feed_forward_norm.\3"),
    (r"trans([av])\.layers\.(\d+)\.fc1\.(.*)", r"<\1>.layers.\2.widen.\3"),
    (r"trans([av])\.layers\.(\d+)\.fc2\.(.*)", r"<\1>.layers.\2.narrow.\3"),
    (r"trans([av])\.layer_norm\.(.*)", r"<\1>.norm.\2"),
)
_ENCODERS_UNUSED = (
    r"bert\.embeddings\.position_ids|bert\.pooler\..*|trans[av]\.(version|embed_positions\._float_tensor)"
)

_CROSS = r"cross_([tav])([tav])"
MLCL = Names(
    "MLCL",
    (
        *_ENCODERS,
        (r"private_([tav])([12])\.private_\1_[12]\.(.*)", r"view_\2.<\1>.linear.\3"),
        (_CROSS + r"\.layers\.(\d+)\.0\.norm\.(.*)", r"cross.<\1>_<\2>.blocks.\3.norm.\4"),
        (_CROSS + r"\.layers\.(\d+)\.0\.norm_context\.(.*)", r"cross.<\1>_<\2>.blocks.\3.norm_context.\4"),
        (_CROSS + r"\.layers\.(\d+)\.0\.fn\.(.*)", r"cross.<\1>_<\2>.blocks.\3.attention.\4"),
        (_CROSS + r"\.layers\.(\d+)\.1\.norm\.(.*)", r"cross.<\1>_<\2>.blocks.\3.norm_feed_forward.\4"),
        (_CROSS + r"\.layers\.(\d+)\.1\.fn\.net\.0\.(.*)", r"cross.<\1>_<\2>.blocks.\3.feed_forward.widen.\4"),
        (_CROSS + r"\.layers\.(\d+)\.1\.fn\.net\.2\.(.*)", r"cross.<\1>_<\2>.blocks.\3.feed_forward.narrow.\4"),
        (_CROSS + r"\.to_embedds\.1\.(.*)", r"cross.<\1>_<\2>.norm.\3"),
        (r"transformer_encoder\.layers\.(.*)", r"fusion.layers.\1"),
        (r"fusion\.fusion_layer_1\.(.*)", r"fusion.hidden.\1"),
        (r"fusion\.fusion_layer_3\.(.*)", r"fusion.output.\1"),
    ),
    unused=rf"{_ENCODERS_UNUSED}|uncertainloss\.params",
)

# MAG-BERT's names, then MAG-XLNet's, then the gate's.
MAG = Names(
    "MAG",
    (
        (r"bert\.((?:embeddings|encoder)\..*)", r"text.encoder.\1"),
        (r"bert\.pooler\.dense\.(.*)", r"pooler.\1"),
        (r"classifier\.(.*)", r"head.\1"),
        (r"transformer\.((?:word_embedding|layer)\..*|mask_emb)", r"text.encoder.\1"),
        (r"sequence_summary\.summary\.(.*)", r"pooler.\1"),
        (r"logits_proj\.(.*)", r"head.\1"),
        (r"(?:bert|transformer)\.MAG\.W_ha\.(.*)", r"gate.acoustic_gate.\1"),
        (r"(?:bert|transformer)\.MAG\.W_hv\.(.*)", r"gate.visual_gate.\1"),
        (r"(?:bert|transformer)\.MAG\.W_a\.(.*)", r"gate.acoustic.\1"),
        (r"(?:bert|transformer)\.MAG\.W_v\.(.*)", r"gate.visual.\1"),
        (r"(?:bert|transformer)\.MAG\.LayerNorm\.(.*)", r"gate.norm.\1"),
    ),
    unused=r"bert\.embeddings\.position_ids",
)

# classifier2 is a predictor for pairs that no loss reads.
MCL = Names(
    "MCL",
    (*_ENCODERS, (r"classifier\.(.*)", r"head.\1"), (r"classifier3\.(.*)", r"correlation.predictor.\1")),
    unused=rf"{_ENCODERS_UNUSED}|classifier2\.(weight|bias)",
)

# One of the three unimodal models of HKT, its bimodal layer, and the whole, to which the unimodal heads mean nothing.
HKT_UNIMODAL = Names(
    "HKT",
    (
        (r"pos_encoder\.(.*)", r"encoder.positions.\1"),
        (r"norm\.(.*)", r"encoder.norm.\1"),
        (r"encoder\.layers\.(\d+)\.self_attention\.(.*)", r"encoder.layers.\1.attention.\2"),
        (r"encoder\.layers\.(\d+)\.norm1\.(.*)", r"encoder.layers.\1.attention_norm.\2"),
        (r"encoder\.layers\.(\d+)\.norm2\.(.*)", r"encoder.layers.\1.feed_forward_norm.\2"),
        (r"encoder\.layers\.(\d+)\.fc\.0\.(.*)", r"encoder.layers.\1.widen.\2"),
        (r"encoder\.layers\.(\d+)\.fc\.2\.(.*)", r"encoder.layers.\1.narrow.\2"),
        (r"decoder\.(.*)", r"head.\1"),
    ),
    unused=_NONE,
)
HKT_CROSS = Names(
    "HKT",
    (
        (r"src_cross_attention\.(.*)", r"text_reads.\1"),
        (r"context_cross_attention\.(.*)", r"nonverbal_reads.\1"),
        (r"self_attention\.(.*)", r"attention.\1"),
        (r"norm1\.(.*)", r"attention_norm.\1"),
        (r"norm2\.(.*)", r"linear_norm.\1"),
        (r"fc\.0\.(.*)", r"linear.\1"),
    ),
    unused=_NONE,
)
_ROWS = tuple((pattern, ours.removeprefix("encoder.")) for pattern, ours in HKT_UNIMODAL.parameters[:-1])
HKT = Names(
    "HKT",
    (
        (r"text_model\.(embeddings|encoder)\.(.*)", r"text.encoder.\1.\2"),
        *_under("L_AV.", "cross.", HKT_CROSS.parameters),
        *(row for kind in ("acoustic", "visual", "hcf") for row in _under(f"{kind}_model.", f"rows.{kind}.", _ROWS)),
        (r"fc\.0\.(.*)", r"hidden.\1"),
        (r"fc\.3\.(.*)", r"output.\1"),
    ),
    unused=r"text_model\.(pooler\..*|embeddings\.position_ids)|(acoustic|visual|hcf)_model\.decoder\.(weight|bias)",
)

# A class token has no axis of tokens in the release, and six scalars stand in a row; it takes stored states of a text.
_BLOCK = r"transformer_([tavm])\.(\d+)\."
LFMIM = Names(
    "LFMIM",
    (
        (r"fc_([tav])dimtr\.(.*)", r"project.<\1>.\2"),
        (r"embedding_([tavm])", r"streams.<\1>.tokens"),
        (r"ln_prepe_([tavm])\.(.*)", r"streams.<\1>.input_norm.\2"),
        (r"ln_pre_([tavm])\.(.*)", r"streams.<\1>.position_norm.\2"),
        (r"ln_post_([tavm])\.(.*)", r"streams.<\1>.output_norm.\2"),
        (r"mix_([tavm])", r"streams.<\1>.readout.weight"),
        (_BLOCK + r"attn\.(.*)", r"streams.<\1>.blocks.\2.attention.\3"),
        (_BLOCK + r"ln_1\.(.*)", r"streams.<\1>.blocks.\2.attention_norm.\3"),
        (_BLOCK + r"ln_12\.(.*)", r"streams.<\1>.blocks.\2.attended_norm.\3"),
        (_BLOCK + r"ln_2\.(.*)", r"streams.<\1>.blocks.\2.feed_forward_norm.\3"),
        (_BLOCK + r"ln_22\.(.*)", r"streams.<\1>.blocks.\2.narrowed_norm.\3"),
        (_BLOCK + r"mlp\.c_fc\.(.*)", r"streams.<\1>.blocks.\2.widen.\3"),
        (_BLOCK + r"mlp\.c_proj\.(.*)", r"streams.<\1>.blocks.\2.narrow.\3"),
        (r"mlp_([tavm])\.(.*)", r"heads.<\1>.\2"),
        (r"plus_p", r"mixing"),
    ),
    unused=r"proj_[av]|pe_(t|t2m|a|v|v2m|m)|me|([tv]2m\.\d+|fc_vtom)\.(weight|bias)|embed_positions\._float_tensor",
    reshaped=r"embedding_[tav]|plus_p",
    without="text.encoder.",
)

# By variant of MIB: the streams whose code is used, and not; those whose decoder is used, and not. All are built.
_MIB_STREAMS = {
    "complete": ("|_[lav]", _NONE, "|_[lav]", _NONE),
    "early": ("", "_[lav]", "", "_[lav]"),
    "late": ("_[lav]", "", "|_[lav]", _NONE),
}
# What most fusions of the release hold since they were copied from one another.
_COPIED = r"u1|(norm2?|graph|attention|linear_[123]|rnn|lstm1)\..*"
_THREE = {"1": "first", "2": "second", "3": "third"}
MIB_FUSIONS: dict[str, tuple[Table, str]] = {
    "concat": (((r"linear_1\.(.*)", r"linear.\1"),), _NONE),
    "addition": ((), r"linear_1\..*"),
    "multiplication": ((), _COPIED),
    "tensor": (tuple((rf"post_fusion_layer_{n}\.(.*)", rf"{ours}.\1") for n, ours in _THREE.items()), _COPIED),
    "low_rank": (
        (
            ("text_factor", "text"),
            ("audio_factor", "acoustic"),
            ("video_factor", "visual"),
            ("fusion_weights", "weight"),
            ("fusion_bias", "bias"),
        ),
        rf"{_COPIED}|post_fusion_layer_[123]\..*",
    ),
    "graph": (
        (
            (r"attention\.(.*)", r"score.\1"),
            (r"graph_fusion\.(.*)", r"pair.\1"),
            (r"graph_fusion2\.(.*)", r"triple.\1"),
            *((rf"linear_{n}\.(.*)", rf"{ours}.\1") for n, ours in _THREE.items()),
        ),
        r"norm2?\..*",
    ),
}


def mib_names(config: Any) -> Names:
    """MIB's names for a variant and a fusion, which decide what is built and what of it is used."""
    codes, idle_codes, decoders, idle_decoders = _MIB_STREAMS[config.variant]
    fusion, idle = MIB_FUSIONS.get(config.fusion, ((), _NONE))
    parameters = (
        *_ENCODERS,
        (rf"fusion\.encoder({codes})\.0\.(.*)", r"bottleneck.<\1>.hidden.\2"),
        (rf"fusion\.fc_mu({codes})\.(.*)", r"bottleneck.<\1>.mean.\2"),
        (rf"fusion\.fc_std({codes})\.(.*)", r"bottleneck.<\1>.deviation.\2"),
        (rf"fusion\.decoder({decoders})\.(.*)", r"decoder.<\1>.\2"),
        *_under("fusion.fusion1.", "fusion.", fusion),
    )
    unused = (
        rf"{_ENCODERS_UNUSED}|proj_l\.weight|BN\..*|fusion\.fusion1\.({idle})"
        rf"|fusion\.(encoder({idle_codes})\.0|fc_(mu|std)({idle_codes})|decoder({idle_decoders}))\.(weight|bias)"
    )
    return Names("MIB", parameters, unused)
