"""The three levels of contrast, for any embeddings of any number of modalities.

A level is a function from embeddings to named terms, and a module that owns the level's temperature.
`present` says per modality which items have it; a term is taken over the items that have all it needs.
"""

from collections.abc import Mapping
from itertools import combinations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from mlcl.contrast.info_nce import info_nce
from mlcl.contrast.temperature import Temperature
from mlcl.modality import pair_name

Embeddings = Mapping[str, Float[Tensor, "batch dim"]]
PairEmbeddings = Mapping[tuple[str, str], Float[Tensor, "batch dim"]]
Presence = Mapping[str, Bool[Tensor, " batch"]] | None
Scale = float | Float[Tensor, ""]


Pairs = dict[str, list[tuple[Tensor, Tensor, tuple[str, ...]]]]
"""Per term what it compares: queries, positives, and the modalities that an item needs for it."""


def uni_modal_pairs(view_1: Embeddings, view_2: Embeddings) -> Pairs:
    """Each modality's first view and its second."""
    return {f"umcl_{name}": [(view_1[name], view_2[name], (name,))] for name in view_1}


def bi_modal_pairs(cross: PairEmbeddings) -> Pairs:
    """The two directions of each pair of modalities that has both."""
    pairs: Pairs = {}
    for pair in cross:
        back = (pair[1], pair[0])
        if back in cross and f"bmcl_{pair_name(back)}" not in pairs:
            pairs[f"bmcl_{pair_name(pair)}"] = [(cross[pair], cross[back], pair)]
    return pairs


def tri_modal_pairs(single: Embeddings, pairs: PairEmbeddings) -> Pairs:
    """Each modality and every pair of others."""
    compared: Pairs = {
        f"tmcl_{name}": [
            (single[name], pairs[pair], (name, *pair))
            for pair in combinations([other for other in single if other != name], 2)
        ]
        for name in single
    }
    return {name: found for name, found in compared.items() if found}


def uni_modal_terms(
    view_1: Embeddings, view_2: Embeddings, *, temperature: Scale = 0.1, present: Presence = None
) -> dict[str, Tensor]:
    """UMCL: each modality's first view against its second. Terms ``umcl_<modality>``."""
    return _terms(uni_modal_pairs(view_1, view_2), temperature, present)


def bi_modal_terms(cross: PairEmbeddings, *, temperature: Scale = 0.1, present: Presence = None) -> dict[str, Tensor]:
    """BMCL: the two directions of cross-modal attention of each pair. Terms ``bmcl_<m>_<n>``.

    Args:
        cross: Embedding of latent `m` attending to context `n`, by ``(m, n)``. A pair counts when both directions
            are given; its query is the direction that comes first.
        temperature: Positive, dimensionless.
        present: Which items have each modality.
    """
    return _terms(bi_modal_pairs(cross), temperature, present)


def tri_modal_terms(
    single: Embeddings,
    pairs: PairEmbeddings,
    *,
    temperature: Scale = 0.1,
    present: Presence = None,
) -> dict[str, Tensor]:
    """TMCL: each modality against the representation of the others. Terms ``tmcl_<modality>``.

    With three modalities there is one pair of others. With more, the term is the mean over their pairs; with two
    there is none.

    Args:
        single: Uni-modal embeddings, the queries.
        pairs: Bi-modal embeddings by ``(m, n)``, `m` before `n` in the order of `single`.
        temperature: Positive, dimensionless.
        present: Which items have each modality.
    """
    return _terms(tri_modal_pairs(single, pairs), temperature, present)


class _Level(nn.Module):
    def __init__(self, temperature: float = 0.1, *, learn_temperature: bool = False) -> None:
        super().__init__()
        self.temperature = Temperature(temperature, learned=learn_temperature)


class UniModalContrast(_Level):
    """`uni_modal_terms` with a temperature of its own."""

    def forward(self, view_1: Embeddings, view_2: Embeddings, present: Presence = None) -> dict[str, Tensor]:
        """Return one term per modality."""
        return uni_modal_terms(view_1, view_2, temperature=self.temperature(), present=present)


class BiModalContrast(_Level):
    """`bi_modal_terms` with a temperature of its own."""

    def forward(self, cross: PairEmbeddings, present: Presence = None) -> dict[str, Tensor]:
        """Return one term per pair."""
        return bi_modal_terms(cross, temperature=self.temperature(), present=present)


class TriModalContrast(_Level):
    """`tri_modal_terms` with a temperature of its own."""

    def forward(self, single: Embeddings, pairs: PairEmbeddings, present: Presence = None) -> dict[str, Tensor]:
        """Return one term per modality."""
        return tri_modal_terms(single, pairs, temperature=self.temperature(), present=present)


def _terms(pairs: Pairs, temperature: Scale, present: Presence) -> dict[str, Tensor]:
    """The mean contrast of each term's pairs."""
    return {
        name: torch.stack(
            [
                info_nce(query, positive, temperature=temperature, keep=all_present(present, *names))
                for query, positive, names in compared
            ]
        ).mean()
        for name, compared in pairs.items()
    }


def all_present(present: Presence, *names: str) -> Bool[Tensor, " batch"] | None:
    """Which items have all of the named modalities; None where absence is not looked at."""
    if present is None:
        return None
    return torch.stack([present[name] for name in names]).all(dim=0)
