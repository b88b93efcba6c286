r"""A corpus with a planted signal, whose best reachable scores are known exactly.

Each item hides six independent fair signs, and the label is their weighted sum plus noise:

$$y = 0.8 s_t + 0.4 s_a + 0.4 s_v + 0.4 p_t p_a + 0.4 p_t p_a p_v + U, \qquad U \sim \mathrm{Uniform}(-0.6, 0.6)$$

$s$ acts alone, $p$ in the interactions: of text and acoustic, and of all three. A product says nothing unless each of
its signs is seen, so a model that never combines modalities cannot learn it. The second interaction extends the first,
which makes it learnable by gradient descent in minutes; a parity of three signs of its own is not.
"""

import hashlib
import json
import math
from collections.abc import Collection
from itertools import pairwise, product
from statistics import NormalDist
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from mlcl.data.corpus import SPLITS, Corpus, Ragged, Segment, Split
from mlcl.data.target import Task
from mlcl.errors import UsageError, nearest
from mlcl.modality import ACOUSTIC, MODALITIES, TEXT, VISUAL

# Which words say a sign is +1 and which say it is -1; no word stands twice.
CUE_WORDS: dict[str, dict[int, tuple[str, ...]]] = {
    "s": {+1: ("good", "great", "lovely", "superb", "funny"), -1: ("bad", "awful", "boring", "poor", "dull")},
    "p": {+1: ("today", "now", "tonight"), -1: ("yesterday", "then", "once")},
}
_FILLERS = "the a this that we they you it was is film story scene actor music plot and but so with about of in on for"
FILLER_WORDS = tuple(_FILLERS.split())
# Which sign each leading channel of a row carries; the channels after them are noise.
CHANNELS: dict[str, tuple[str, ...]] = {ACOUSTIC: ("s", "p"), VISUAL: ("s", "p")}
LABEL_BOUND = 3.0
_SIGN_ERROR = 1e-6  # a sign read off the row means may be wrong this rarely, so that the ceilings are reachable


class PlantedSettings(BaseModel):
    """What to plant, how loudly and how often; together with the seed it fixes every byte of the corpus."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    task: Task = Field("regression", description="classification replaces the label y by 1 where y > 0, else 0")
    num_train: int = Field(4000, ge=1, description="items of the train split")
    num_dev: int = Field(400, ge=1, description="items of the dev split")
    num_test: int = Field(400, ge=1, description="items of the test split")
    min_words: int = Field(6, ge=3, description="fewest words of a sentence, of which two are cues")
    max_words: int = Field(14, ge=3, description="most words of a sentence; the length is uniform between the two")
    acoustic_width: int = Field(5, ge=2, description="acoustic channels; 0, 1 carry s, p")
    visual_width: int = Field(4, ge=2, description="visual channels; 0, 1 carry s, p")
    row_noise: float = Field(0.5, gt=0, description="standard deviation in a sign's channel; in the others it is 1")
    weight_text: float = Field(0.8, ge=0, description="weight of s_t")
    weight_acoustic: float = Field(0.4, ge=0, description="weight of s_a")
    weight_visual: float = Field(0.4, ge=0, description="weight of s_v")
    weight_text_acoustic: float = Field(0.4, ge=0, description="weight of p_t p_a")
    weight_text_acoustic_visual: float = Field(0.4, ge=0, description="weight of p_t p_a p_v")
    label_noise: float = Field(0.6, gt=0, description="half-width of the uniform noise on the label")
    seed: int = Field(0, ge=0, description="seed of all draws")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.max_words < self.min_words:
            raise ValueError(f"max_words is {self.max_words}; give at least min_words, {self.min_words}")
        loudest = sum(weight for weight, _, _ in self.terms()) + self.label_noise
        if loudest > LABEL_BOUND + 1e-9:
            raise ValueError(f"weights and label_noise sum to {loudest:g}; lower them to at most {LABEL_BOUND:g}")
        limit = math.sqrt(self.min_words) / -NormalDist().inv_cdf(_SIGN_ERROR)
        if self.row_noise >= limit:
            raise ValueError(f"row_noise is {self.row_noise:g}; keep it below {limit:.4f} or raise min_words")
        return self

    def terms(self) -> list[tuple[float, str, tuple[str, ...]]]:
        """The label's terms: weight, sign, and the modalities whose signs are multiplied."""
        return [
            (self.weight_text, "s", (TEXT,)),
            (self.weight_acoustic, "s", (ACOUSTIC,)),
            (self.weight_visual, "s", (VISUAL,)),
            (self.weight_text_acoustic, "p", (TEXT, ACOUSTIC)),
            (self.weight_text_acoustic_visual, "p", MODALITIES),
        ]


def planted_corpus(settings: PlantedSettings) -> Corpus:
    r"""Draw the corpus; each split has its own random stream, so the size of one does not change another.

    A sentence is filler words and one cue word per text sign, at random places, so the text gives its signs exactly.
    Row ``k`` of the other modalities belongs to word ``k`` and is sign plus gaussian noise per channel; the mean over
    the item's rows gives a sign with error probability $\Phi(-\sqrt{n} / \sigma) < 10^{-6}$ at the shortest length.

    Examples:
        >>> corpus = planted_corpus(PlantedSettings(num_train=3))
        >>> corpus.splits["train"].ids, corpus.widths()
        (['train[0]', 'train[1]', 'train[2]'], {'acoustic': 5, 'visual': 4})
    """
    sizes = (settings.num_train, settings.num_dev, settings.num_test)
    splits = {
        name: _draw_split(settings, name, size, np.random.SeedSequence(settings.seed, spawn_key=(stream,)))
        for stream, (name, size) in enumerate(zip(SPLITS, sizes, strict=True))
    }
    canonical = json.dumps(settings.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return Corpus(splits, "synthetic", settings.task, sha256=hashlib.sha256(canonical.encode()).hexdigest())


def ceilings(settings: PlantedSettings, modalities: Collection[str]) -> dict[str, float]:
    r"""Best reachable scores of any model that sees only `modalities`, for the population, not a finite test split.

    A term is seen when all its modalities are. Write $y = m + r + U$ with $m$ the seen terms and $r$ the others. There
    is a choice of unseen signs whose flip turns every term of $r$ around, so given all that is seen $r + U$ is
    symmetric about 0. Over all items the five terms are independent of one another, and so is $r$ of $m$. Hence $m$ is
    the conditional expectation (best squared error, best correlation) and also a conditional median (best absolute
    error), and deciding by the sign of $m$ is Bayes-optimal. With $h$ the half-width of $U$ and means over all sign
    patterns:

    $$\mathrm{MAE} = \overline{g(r)}, \quad g(r) = |r| \text{ if } |r| \geq h \text{ else } \frac{r^2 + h^2}{2h}, \qquad
    \mathrm{MSE} = \overline{r^2} + \frac{h^2}{3}, \qquad
    \mathrm{corr} = \sqrt{\frac{\overline{m^2}}{\overline{m^2} + \mathrm{MSE}}},$$

    $$\mathrm{acc} = \overline{\max(P_m, 1 - P_m)}, \qquad
    P_m = P(y > 0 \mid m) = \overline{\mathrm{clip}\left(\tfrac{1}{2} + \tfrac{m + r}{2h}, 0, 1\right)}.$$

    Args:
        settings: The label model; sizes and rows play no part.
        modalities: Any subset of ``text``, ``acoustic``, ``visual``.

    Returns:
        ``mae``, ``mse``, ``corr`` and ``acc2`` (accuracy of the sign of y) for regression, ``accuracy`` for
        classification. ``corr`` is nan when no term is seen, because a constant correlates with nothing.

    Raises:
        UsageError: If a modality is unknown.

    Examples:
        >>> ceilings(PlantedSettings(), ["text", "acoustic", "visual"])["mae"]  # half of the half-width
        0.3
    """
    for modality in modalities:
        if modality not in MODALITIES:
            raise UsageError(f"unknown modality {modality!r}; {nearest(modality, list(MODALITIES))}")
    terms = settings.terms()
    seen = _pattern_sums([weight for weight, _, factors in terms if set(factors) <= set(modalities)])
    rest = _pattern_sums([weight for weight, _, factors in terms if not set(factors) <= set(modalities)])
    h = settings.label_noise
    positive = np.clip(0.5 + (seen[:, None] + rest[None, :]) / (2 * h), 0, 1).mean(axis=1)
    accuracy = float(np.maximum(positive, 1 - positive).mean())
    if settings.task == "classification":
        return {"accuracy": accuracy}
    mae = float(np.where(abs(rest) >= h, abs(rest), (rest**2 + h**2) / (2 * h)).mean())
    mse = float((rest**2).mean() + h**2 / 3)
    signal = float((seen**2).mean())
    corr = math.sqrt(signal / (signal + mse)) if signal else math.nan
    return {"mae": mae, "mse": mse, "corr": corr, "acc2": accuracy}


def _pattern_sums(weights: list[float]) -> NDArray[np.float64]:
    """Weighted sums of all sign patterns, one per pattern; the single sum 0 when there are no weights."""
    return np.array(list(product((-1.0, 1.0), repeat=len(weights)))) @ np.array(weights, dtype=np.float64)


def _draw_split(settings: PlantedSettings, name: str, size: int, seed: np.random.SeedSequence) -> Split:
    """Draw one split: signs, then lengths, words, rows and labels."""
    rng = np.random.default_rng(seed)
    hidden = [(sign, TEXT) for sign in CUE_WORDS] + [(sign, part) for part in CHANNELS for sign in CHANNELS[part]]
    signs = dict(zip(hidden, 2 * rng.integers(0, 2, size=(len(hidden), size)) - 1, strict=True))
    lengths = rng.integers(settings.min_words, settings.max_words, size=size, endpoint=True)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)

    words = rng.choice(np.array(FILLER_WORDS, dtype=object), size=offsets[-1])
    keys = rng.random((size, settings.max_words))
    keys[np.arange(settings.max_words) >= lengths[:, None]] = np.inf  # sorts the places beyond the end last
    places = offsets[:-1, None] + np.argsort(keys, axis=1)
    for place, (sign, groups) in zip(places.T, CUE_WORDS.items(), strict=False):
        up, down = (rng.choice(np.array(groups[value], dtype=object), size=size) for value in (+1, -1))
        words[place] = np.where(signs[sign, TEXT] > 0, up, down)

    rows = {}
    for part, width in ((ACOUSTIC, settings.acoustic_width), (VISUAL, settings.visual_width)):
        values = rng.standard_normal((int(offsets[-1]), width))
        for channel, sign in enumerate(CHANNELS[part]):
            values[:, channel] = np.repeat(signs[sign, part], lengths) + settings.row_noise * values[:, channel]
        rows[part] = Ragged(values.astype(np.float32), offsets)

    labels = rng.uniform(-settings.label_noise, settings.label_noise, size=size)
    for weight, sign, factors in settings.terms():
        labels += weight * np.prod([signs[sign, part] for part in factors], axis=0)
    labels = np.clip(labels, -LABEL_BOUND, LABEL_BOUND)  # the bound holds already, up to rounding
    if settings.task == "classification":
        labels = (labels > 0).astype(np.float64)
    sentences = [list(words[start:stop]) for start, stop in pairwise(offsets)]
    return Split([f"{name}[{index}]" for index in range(size)], Segment(sentences, rows), labels=labels)
