"""MLCL with one part taken out at a time."""

from collections.abc import Sequence

from mlcl.recipe import read_recipe
from mlcl.report.study import Plan, System
from mlcl.studies.plan import check_plan

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


def ablation(
    recipe: str,
    parts: Sequence[str],
    *,
    profile: str,
    data: str | None,
    text_encoder: str | None,
    seeds: Sequence[int],
    changes: Sequence[str],
) -> Plan:
    """Plan MLCL and MLCL without each of `parts`.

    Args:
        recipe: Name of the recipe.
        parts: Names from `part_names`.
        profile: Profile of the recipe.
        data: The data file.
        text_encoder: Folder or hub name.
        seeds: Seeds of each system.
        changes: Changes that all share.

    Raises:
        UsageError: If a key or value is unknown.
    """
    chosen = [System(name=name, label=label, model="mlcl", changes=own) for name, label, own in _PARTS]
    chosen += [
        System(
            name=name,
            label=f"{' and '.join(modalities)} only",
            model="mlcl",
            changes=(f"data.modalities=[{','.join(modalities)}]",),
        )
        for name, modalities in _MODALITIES.items()
    ]
    plan = Plan(
        kind="ablate",
        title=f"Parts of MLCL on {read_recipe(recipe)['title']}",
        recipe=recipe,
        profile=profile,
        data=data,
        text_encoder=text_encoder,
        changes=tuple(changes),
        seeds=tuple(seeds),
        reference="mlcl",
        systems=tuple(system for system in chosen if system.name == "mlcl" or system.name in parts),
    )
    check_plan(plan)
    return plan
