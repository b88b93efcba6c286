"""MLCL with one part taken out at a time."""

from collections.abc import Sequence

from mlcl.errors import UsageError, nearest
from mlcl.studies.folder import Plan, System
from mlcl.studies.plan import Shared

_WITHOUT_TERMS = ("model.umcl_weight=0", "model.bmcl_weight=0", "model.tmcl_weight=0")

# Name, label, changes. The modalities come last because a file may lack one.
_PARTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("mlcl", "MLCL", ()),
    ("no_umcl", "without UMCL", _WITHOUT_TERMS[:1]),
    ("no_bmcl", "without BMCL", _WITHOUT_TERMS[1:2]),
    ("no_tmcl", "without TMCL", _WITHOUT_TERMS[2:]),
    ("no_contrast", "without contrastive terms", _WITHOUT_TERMS),
    ("pooled_attention", "cross-attention over pooled vectors", ("model.cross_attention=pooled",)),
    ("cls", "[CLS] as text readout", ("model.text_pooling=cls",)),
    ("attention_pooling", "attention as sequence readout", ("model.sequence_pooling=attention",)),
    ("padding_seen", "padding not masked", ("model.mask_padding=false",)),
    ("tied", "visual-to-text tied to acoustic-to-visual", ("model.tie_vt_to_av=true",)),
    ("learned_temperature", "learned temperatures", ("model.learn_temperature=true",)),
    ("no_modality_dropout", "without modality dropout", ("model.modality_dropout=0",)),
    ("raw_features", "features not standardised", ("data.normalise=none",)),
)
_MODALITIES = {
    "text": ("text",),
    "text_acoustic": ("text", "acoustic"),
    "text_visual": ("text", "visual"),
    "acoustic_visual": ("acoustic", "visual"),
}


def part_names() -> list[str]:
    """Names that ``--parts`` takes."""
    return [*(name for name, _, _ in _PARTS[1:]), *_MODALITIES]


def ablation(shared: Shared, parts: Sequence[str]) -> Plan:
    """Plan MLCL and MLCL without each of `parts`; raises a UsageError if a part, key or value is unknown."""
    for name in parts:
        if name not in part_names():
            raise UsageError(f"--parts: unknown part {name!r}; {nearest(name, part_names())}")
    systems = [System(name=name, label=label, model="mlcl", changes=own) for name, label, own in _PARTS]
    systems += [
        System(
            name=name,
            label=f"{' and '.join(modalities)} only",
            model="mlcl",
            changes=(f"data.modalities=[{','.join(modalities)}]",),
        )
        for name, modalities in _MODALITIES.items()
    ]
    chosen = [system for system in systems if system.name == "mlcl" or system.name in parts]
    return shared.plan("ablate", "Parts of MLCL", chosen)
