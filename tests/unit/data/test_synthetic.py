import hashlib
import json
import math
from itertools import combinations, product

import numpy as np
import pytest
from pydantic import ValidationError

from mlcl.data.corpus import SPLITS, infer_task
from mlcl.data.synthetic import CUE_WORDS, FILLER_WORDS, PlantedSettings, ceilings, planted_corpus
from mlcl.errors import UsageError

ALL = ("text", "acoustic", "visual")
SUBSETS = [subset for size in range(4) for subset in combinations(ALL, size)]
SIGNS = ("s_t", "p_t", "s_a", "p_a", "s_v", "p_v")
SEEN = {subset: [name for name in SIGNS if name[-1] in {part[0] for part in subset}] for subset in SUBSETS}
CHANNELS = {"acoustic": ("s_a", "p_a"), "visual": ("s_v", "p_v")}
# All weights differ and some sums lie inside the noise, so that no two parts of a formula can be mistaken.
WEIGHTS = {"text": 0.7, "acoustic": 0.3, "visual": 0.5, "text_acoustic": 0.35, "text_acoustic_visual": 0.25}
SETTINGS = PlantedSettings(num_train=4000, seed=3, label_noise=0.8, **{f"weight_{n}": w for n, w in WEIGHTS.items()})
HALF_WIDTH, BOUND = 0.8, 5 / math.sqrt(4000)  # five standard errors of a mean sign or a chance correlation
VOCABULARY = [*(word for cues in CUE_WORDS.values() for words in cues.values() for word in words), *FILLER_WORDS]


def signal(sign):
    """The formula of the module docstring, written out with the weights above."""
    pair, triple = sign["p_t"] * sign["p_a"], sign["p_t"] * sign["p_a"] * sign["p_v"]
    return 0.7 * sign["s_t"] + 0.3 * sign["s_a"] + 0.5 * sign["s_v"] + 0.35 * pair + 0.25 * triple


def decode(split):
    """Read the signs off the data alone: cue words, and the means of the leading channels."""
    sign = {}
    for family, groups in CUE_WORDS.items():
        value = {word: number for number, words in groups.items() for word in words}
        found = [[value[word] for word in words if word in value] for words in split.main.words]
        sign[f"{family}_t"] = np.array([number for (number,) in found])  # exactly one cue in each
    for part, names in CHANNELS.items():
        means = np.stack([rows.mean(axis=0) for rows in split.main.rows[part]], axis=1)
        sign |= dict(zip(names, np.sign(means).astype(int), strict=False))
    return sign


@pytest.fixture(scope="module")
def train():
    return planted_corpus(SETTINGS).splits["train"]


@pytest.fixture(scope="module")
def draws():
    rng = np.random.default_rng(1)  # two samples: one to fit a predictor, one to score it
    signs = [dict(zip(SIGNS, rng.choice([-1, 1], size=(6, 200_000)), strict=True)) for _ in range(2)]
    return [(sign, signal(sign) + rng.uniform(-HALF_WIDTH, HALF_WIDTH, size=200_000)) for sign in signs]


@pytest.mark.parametrize("subset", SUBSETS[1:])
def test_ceilings_match_the_best_table_learned_from_simulated_labels(subset, draws):
    """Tolerance: 5 standard errors, plus the share 64 / 200 000 that a fitted table of 64 cells is worse."""
    cells = [sum((sign[name] > 0) << k for k, name in enumerate(SEEN[subset])) for sign, _ in draws]
    groups, y = [draws[0][1][cells[0] == cell] for cell in range(2 ** len(SEEN[subset]))], draws[1][1]
    rules = (np.mean, np.median, lambda group: np.mean(group > 0) > 0.5)
    mean, median, majority = (np.array([rule(group) for group in groups])[cells[1]] for rule in rules)
    best = ceilings(SETTINGS, subset)
    for name, score in {"mae": abs(y - median), "mse": (y - mean) ** 2, "acc2": (y > 0) == majority}.items():
        tolerance = 5 * np.std(score) / math.sqrt(len(y)) + 64 / len(y)
        assert np.mean(score) == pytest.approx(best[name], abs=tolerance), name
    assert np.corrcoef(y, mean)[0, 1] == pytest.approx(best["corr"], abs=5 / math.sqrt(len(y)))


def test_ceilings_equal_values_worked_out_by_hand():
    # |signal| is 2.4, 1.6, 0.8, 0 in 1, 4, 7, 4 of 16 patterns; noise alone has E|U| = h/2, E U^2 = h^2/3
    full = {"mae": 0.3, "mse": 0.12, "corr": math.sqrt(1.28 / 1.4), "acc2": 0.75 + 0.25 / 2}
    assert ceilings(PlantedSettings(), ALL) == pytest.approx(full)
    none = {"mae": (2.4 + 4 * 1.6 + 7 * 0.8 + 4 * 0.3) / 16, "mse": 1.28 + 0.12, "corr": math.nan, "acc2": 0.5}
    assert ceilings(PlantedSettings(), ()) == pytest.approx(none, nan_ok=True)


@pytest.mark.parametrize("subset", SUBSETS)
def test_conditional_mean_is_also_a_conditional_median(subset):
    """By enumeration: within each pattern of seen signs the signal is symmetric about its mean, and U is about 0."""
    groups = {}
    for pattern in product((-1, 1), repeat=len(SIGNS)):
        sign = dict(zip(SIGNS, pattern, strict=True))
        groups.setdefault(tuple(sign[name] for name in SEEN[subset]), []).append(signal(sign))
    for values in groups.values():
        residual = np.sort(values) - np.mean(values)
        np.testing.assert_allclose(residual, -residual[::-1], atol=1e-12)


@pytest.mark.parametrize("off", [(), ("weight_text",), ("weight_acoustic", "weight_visual")])
def test_a_further_modality_never_hurts_and_helps_where_a_term_becomes_seen(off):
    settings = PlantedSettings(**dict.fromkeys(off, 0.0))
    for less, more in [(set(a), set(b)) for a, b in product(SUBSETS, SUBSETS) if set(a) < set(b)]:
        low, high = ceilings(settings, less), ceilings(settings, more)
        news = any(weight and set(term) <= more and not set(term) <= less for weight, _, term in settings.terms())
        assert [high[name] < low[name] - 1e-3 for name in ("mae", "mse")] == [news, news]
        assert news or high == pytest.approx(low, nan_ok=True)
        assert high["acc2"] >= low["acc2"] - 1e-12
        assert math.isnan(low["corr"]) or (high["corr"] > low["corr"] + 1e-3) is news


def test_labels_are_the_decoded_signal_up_to_the_noise():
    for split in planted_corpus(SETTINGS).splits.values():
        residual = split.labels - signal(decode(split))
        assert 0.95 * HALF_WIDTH < abs(residual).max() <= HALF_WIDTH + 1e-9
        assert np.var(residual) == pytest.approx(HALF_WIDTH**2 / 3, rel=0.25)  # 5 standard errors at 400 items
        assert 2.5 < abs(split.labels).max() <= 3


def test_optimal_predictor_reaches_the_ceiling_and_fails_on_shuffled_labels(train):
    corr = np.corrcoef([signal(decode(train)), train.labels, np.random.default_rng(0).permutation(train.labels)])[0]
    assert corr[1] == pytest.approx(ceilings(SETTINGS, ALL)["corr"], abs=BOUND / 5)
    assert abs(corr[2]) < BOUND


def test_signs_and_length_are_fair_and_independent(train):
    table = np.stack([*(decode(train)[name] for name in SIGNS), train.main.rows["visual"].lengths - 10])
    assert abs(table[:-1].mean(axis=1)).max() < BOUND
    assert abs(np.corrcoef(table) - np.eye(len(table))).max() < BOUND


def test_words_say_nothing_about_the_other_modalities(train):
    """Correlation of a word with a sign; times sqrt(n) it is the root of the chi-square of their 2 x 2 table."""
    occurs = [[word in words for words in train.main.words] for word in VOCABULARY]
    for name, sign in decode(train).items():
        strongest = abs(np.corrcoef(occurs, sign)[:-1, -1]).max()
        assert (strongest > 3 * BOUND) if name[-1] == "t" else (strongest < BOUND), name  # text signs: the control


def test_cues_stand_anywhere(train):
    lengths = np.array([len(words) for words in train.main.words])
    assert set(lengths) == set(range(6, 15))
    for place in (0, -1):
        share = np.mean([words[place] in sum(CUE_WORDS["s"].values(), ()) for words in train.main.words])
        assert share == pytest.approx(np.mean(1 / lengths), abs=BOUND / 2)


def test_channels_are_sign_plus_noise_and_the_others_noise_alone(train):
    for part, names in CHANNELS.items():
        rows, sign = train.main.rows[part], decode(train)
        assert (rows.values.dtype, [*map(len, train.main.words)]) == (np.float32, list(rows.lengths))
        planted = np.stack([np.repeat(sign[name], rows.lengths) for name in names], axis=1)
        noise = rows.values - np.pad(planted, ((0, 0), (0, rows.width - len(names))))
        deviations = [0.5] * len(names) + [1] * (rows.width - len(names))
        np.testing.assert_allclose(noise.std(axis=0), deviations, rtol=3.6 / math.sqrt(len(noise)))
        both = np.corrcoef(np.concatenate([noise, planted], axis=1).T)[: rows.width]
        assert abs(both - np.eye(*both.shape)).max() < 5 / math.sqrt(len(noise))


def test_settings_alone_decide_the_corpus():
    def same(one, other):
        rows = [np.array_equal(one.main.rows[part].values, other.main.rows[part].values) for part in CHANNELS]
        return [one.main.words == other.main.words, np.array_equal(one.labels, other.labels), *rows]

    first, again = planted_corpus(PlantedSettings()), planted_corpus(PlantedSettings())
    larger, other = planted_corpus(PlantedSettings(num_train=2001)), planted_corpus(PlantedSettings(seed=1))
    text = json.dumps(PlantedSettings().model_dump(), sort_keys=True, separators=(",", ":"))
    assert first.sha256 == again.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert len({first.sha256, larger.sha256, other.sha256}) == 3
    assert (first.layout, *first.splits) == ("synthetic", *SPLITS)
    for name, split in first.splits.items():
        assert all([*same(split, again.splits[name]), split.ids[17] == f"{name}[17]"])
        assert not any(same(split, other.splits[name]))
    assert all(same(first.splits["dev"], larger.splits["dev"]))  # its own stream
    assert not any(same(first.splits["dev"], first.splits["test"]))


def test_classification_labels_are_the_sign_of_the_regression_labels(train):
    settings = SETTINGS.model_copy(update={"task": "classification"})
    corpus = planted_corpus(settings)
    labels = corpus.splits["train"].labels
    assert corpus.task == infer_task([labels]) == "classification"
    np.testing.assert_array_equal(labels, train.labels > 0)
    assert np.mean(labels) == pytest.approx(0.5, abs=BOUND / 2)
    assert all(ceilings(settings, seen) == {"accuracy": ceilings(SETTINGS, seen)["acc2"]} for seen in SUBSETS)


def test_vocabulary_holds_every_word_once(train):
    words = {word for words in train.main.words for word in words if word.isalpha() and word.islower()}
    assert sorted(VOCABULARY) == sorted(words)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_words": 5}, "max_words is 5; give at least min_words, 6"),
        ({"weight_text": 0.9}, "sum to 3.1; lower them to at most 3"),
        ({"row_noise": 0.5154}, "row_noise is 0.5154; keep it below 0.5153"),  # sqrt(6) / 4.7534
    ],
)
def test_settings_that_break_a_promise_are_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        PlantedSettings(**change)


def test_unknown_modality_is_an_error_that_names_the_nearest():
    with pytest.raises(UsageError, match="unknown modality 'vision'; did you mean 'visual'"):
        ceilings(PlantedSettings(), ["vision"])
