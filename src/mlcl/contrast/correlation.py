"""Correlation learning: tell from three vectors, one per modality, how far apart the labels of their items are."""

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from mlcl.modality import ACOUSTIC, MODALITIES, TEXT, VISUAL
from mlcl.parallel import global_mean

Triplets = Int[Tensor, "triplets 3"]


def sample_triplets(
    items: int,
    ratio: int,
    *,
    present: Bool[Tensor, "batch 3"] | None = None,
    generator: torch.Generator | None = None,
    device: torch.device | str | None = None,
) -> Triplets:
    r"""Three different items each: whose text, whose acoustic and whose visual vector make a negative.

    From $(r + 1) B$ pairs with replacement those of different items are kept; so are the pairs to which a third draw
    adds another item; then the first $rB$. About $5B (1 - 1/B)(1 - 2/B)$ pass at $r = 4$: fewer than the cap below
    16 items, none for two.

    Args:
        items: $B$.
        ratio: $r$, negatives wanted per item.
        present: Which items have text, acoustic and visual; a vector that an item lacks is not drawn.
        generator: Where the draws come from; torch's own when absent.
        device: Of the result.

    Source:
        MCL's code, with torch's generator in numpy's place.
    """
    draws = (ratio + 1) * items
    text, visual = torch.randint(items, (2, draws), generator=generator, device=device)
    apart = text != visual
    text, visual = text[apart], visual[apart]
    acoustic = torch.randint(items, (len(text),), generator=generator, device=device)
    keep = (acoustic != text) & (acoustic != visual)
    if present is not None:
        keep = keep & present[text, 0] & present[acoustic, 1] & present[visual, 2]
    return torch.stack([text, acoustic, visual], dim=1)[keep][: ratio * items]


def label_distance(
    labels: Float[Tensor, "triplets 3"], *, offset: float, scale: float, nominal: bool = False
) -> Float[Tensor, " triplets"]:
    r"""$\left(\sqrt{(y_1-y_2)^2 + (y_1-y_3)^2 + (y_2-y_3)^2} + \alpha\right) / (\gamma + \alpha)$.

    Larger means less alike; $\alpha / (\gamma + \alpha)$, not 0, for three equal labels.

    Args:
        labels: The labels of the three items.
        offset: $\alpha$, which sets negatives of equal labels apart from matched triplets, whose target is 0.
        scale: $\gamma$; $\sqrt{72}$ is the largest distance of labels in [-3, 3], $\sqrt{2}$ of labels 0 and 1.
        nominal: Labels are numbers of classes, any two of which are 1 apart.

    Examples:
        >>> import torch
        >>> round(label_distance(torch.tensor([[1.0, 1.0, 1.0]]), offset=0.1, scale=10.39).item(), 5)
        0.00953
    """
    apart = labels - labels.roll(1, dims=1)
    if nominal:
        apart = (apart != 0).to(labels.dtype)
    return (apart.square().sum(dim=1).sqrt() + offset) / (scale + offset)


class CorrelationContrast(nn.Module):
    r"""A linear predictor of the distance, and its mean absolute error over negatives and matched triplets.

    $$\mathcal{L} = \frac{1}{N + B}\left(\sum_{n=1}^{N} |c_n - s_n| + \sum_{i=1}^{B} |c_i|\right)$$

    Matched triplets, the three vectors of one item, have target 0. Under ``torchrun`` each process draws among its own
    items.

    Args:
        dim: Width of a vector.
        ratio: Negatives wanted per item.
        offset: $\alpha$ of `label_distance`.
        scale: $\gamma$ of `label_distance`.
        supervised: The target of a negative is its `label_distance`; otherwise 1.
        nominal: Labels are numbers of classes.

    Source:
        Mai, Sun, Zeng and Hu, Excavating multimodal correlation for representation learning, Information Fusion 91,
        2023.
    """

    def __init__(
        self,
        dim: int,
        *,
        ratio: int = 4,
        offset: float = 0.1,
        scale: float = 10.39,
        supervised: bool = True,
        nominal: bool = False,
    ) -> None:
        super().__init__()
        self.nominal = nominal
        self.ratio, self.offset, self.scale, self.supervised = ratio, offset, scale, supervised
        self.predictor = nn.Linear(3 * dim, 1)

    def forward(
        self,
        vectors: Mapping[str, Float[Tensor, "batch dim"]],
        labels: Float[Tensor, " batch"],
        present: Mapping[str, Bool[Tensor, " batch"]] | None = None,
        triplets: Triplets | None = None,
    ) -> Float[Tensor, ""]:
        """Return the loss.

        Args:
            vectors: One per modality.
            labels: Scores, or class numbers.
            present: Which items have which modality; matched triplets need all three.
            triplets: The negatives; drawn when absent.
        """
        has = None if present is None else torch.stack([present[m] for m in MODALITIES], dim=1)
        if triplets is None:
            triplets = sample_triplets(len(labels), self.ratio, present=has, device=labels.device)
        matched = torch.arange(len(labels), device=labels.device)
        if has is not None:
            matched = matched[has.all(dim=1)]
        rows = torch.cat([triplets, matched.unsqueeze(1).expand(-1, 3)])
        predicted = self.predict(*(vectors[m][rows[:, k]] for k, m in enumerate((TEXT, ACOUSTIC, VISUAL))))
        target = torch.zeros_like(predicted)
        target[: len(triplets)] = self.target(labels.to(predicted.dtype), triplets)
        return global_mean((predicted - target).abs())

    def predict(
        self, text: Float[Tensor, "rows dim"], acoustic: Float[Tensor, "rows dim"], visual: Float[Tensor, "rows dim"]
    ) -> Float[Tensor, " rows"]:
        """The predicted distance; the weights are in the release's order text, visual, acoustic."""
        return self.predictor(torch.cat([text, visual, acoustic], dim=1)).squeeze(1)

    def target(self, labels: Float[Tensor, " batch"], triplets: Triplets) -> Float[Tensor, " triplets"]:
        """What the predictor should say of negatives."""
        if self.supervised:
            return label_distance(labels[triplets], offset=self.offset, scale=self.scale, nominal=self.nominal)
        return torch.ones(len(triplets), dtype=labels.dtype, device=labels.device)
