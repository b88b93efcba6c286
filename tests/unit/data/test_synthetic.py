import hashlib
import json
import math
import time
from itertools import combinations, product
from statistics import NormalDist

import numpy as np
import pytest
from pydantic import ValidationError

from mlcl.data.corpus import infer_task
from mlcl.data.synthetic import CUE_WORDS, PlantedSettings, ceilings, planted_corpus, planted_vocabulary
from mlcl.errors import UsageError

ALL = ("text", "acoustic", "visual")
SUBSETS = [subset for size in range(4) for subset in combinations(ALL, size)]
SIGNS = ("s_t", "p_t", "q_t", "s_a", "p_a", "q_a", "s_v", "q_v")
CHANNELS = {"acoustic": ("s_a", "p_a", "q_a"), "visual": ("s_v", "q_v")}
HALF_WIDTH = 0.6
SETTINGS = PlantedSettings(num_train=4000, seed=3)
BOUND = 5 / math.sqrt(4000)  # five standard errors of a mean of signs, or of a correlation of independent columns


def signal(sign):
    """The formula of the module docstring, written out."""
    pair, triple = sign["p_t"] * sign["p_a"], sign["q_t"] * sign["q_a"] * sign["q_v"]
    return 0.8 * sign["s_t"] + 0.4 * sign["s_a"] + 0.4 * sign["s_v"] + 0.4 * pair + 0.4 * triple


def seen_by(subset):
    return [name for name in SIGNS if name[-1] in {part[0] for part in subset}]


def decode(split):
    """Read the signs off the data alone: cue words, and the means of the leading channels."""
    sign = {}
    for family, groups in CUE_WORDS.items():
        value = {word: number for number, words in groups.items() for word in words}
        found = [[value[word] for word in words if word in value] for words in split.main.words]
        assert all(len(cues) == 1 for cues in found)
        sign[f"{family}_t"] = np.array(found)[:, 0]
    for part, names in CHANNELS.items():
        means = np.stack([rows.mean(axis=0) for rows in split.main.rows[part]])
        sign |= {name: np.sign(means[:, k]).astype(int) for k, name in enumerate(names)}
    return sign


def same(one, other):
    rows = [np.array_equal(one.main.rows[part].values, other.main.rows[part].values) for part in CHANNELS]
    return [one.main.words == other.main.words, np.array_equal(one.labels, other.labels), *rows]


@pytest.fixture(scope="module")
def train():
    return planted_corpus(SETTINGS).splits["train"]


@pytest.fixture(scope="module")
def draws():
    """Two independent samples of 200 000 draws: one to fit a predictor, one to score it."""
    rng = np.random.default_rng(1)
    signs = [dict(zip(SIGNS, rng.choice([-1, 1], size=(8, 200_000)), strict=True)) for _ in range(2)]
    return [(sign, signal(sign) + rng.uniform(-HALF_WIDTH, HALF_WIDTH, size=200_000)) for sign in signs]


@pytest.mark.parametrize("subset", SUBSETS[1:])
def test_ceilings_match_the_best_table_learned_from_simulated_labels(subset, draws):
    """The mean, median and majority per pattern of seen signs know nothing of the closed form.

    A score is a mean over 200 000 draws, so 5 standard errors bound its sampling error. A table of up to 256 cells
    fitted on as many draws is worse than the optimum by a share of about 256 / 200 000 on top.
    """
    names, (fit, y) = seen_by(subset), (draws[0][1], draws[1][1])
    cells = [sum((sign[name] > 0) << k for k, name in enumerate(names)) for sign, _ in draws]
    groups = [fit[cells[0] == cell] for cell in range(2 ** len(names))]
    mean, median, majority = (
        np.array([rule(group) for group in groups])[cells[1]]
        for rule in (np.mean, np.median, lambda group: np.mean(group > 0) > 0.5)
    )
    best = ceilings(PlantedSettings(), subset)
    for name, score in {"mae": abs(y - median), "mse": (y - mean) ** 2, "acc2": (y > 0) == majority}.items():
        tolerance = 5 * np.std(score) / math.sqrt(len(y)) + 256 / len(y)
        assert np.mean(score) == pytest.approx(best[name], abs=tolerance), name
    assert np.corrcoef(y, mean)[0, 1] == pytest.approx(best["corr"], abs=5 / math.sqrt(len(y)))


def test_ceilings_equal_values_worked_out_by_hand():
    # only U is left: E|U| = h/2, E U^2 = h^2/3; the signal is 0 in 1/4 of the patterns and beyond h in the others
    full = {"mae": 0.3, "mse": 0.12, "corr": math.sqrt(1.28 / 1.4), "acc2": 0.75 + 0.25 / 2}
    assert ceilings(PlantedSettings(), ALL) == pytest.approx(full)
    none = ceilings(PlantedSettings(), ())
    assert (none["mse"], none["acc2"]) == (pytest.approx(1.28 + 0.12), 0.5)
    assert math.isnan(none["corr"])


@pytest.mark.parametrize("subset", SUBSETS)
def test_conditional_mean_is_also_a_conditional_median(subset):
    """By enumeration: within each pattern of seen signs the signal is symmetric about its mean, and U is about 0."""
    groups = {}
    for pattern in product((-1, 1), repeat=len(SIGNS)):
        sign = dict(zip(SIGNS, pattern, strict=True))
        groups.setdefault(tuple(sign[name] for name in seen_by(subset)), []).append(signal(sign))
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
    prediction, best = signal(decode(train)), ceilings(SETTINGS, ALL)
    shuffled = np.random.default_rng(0).permutation(train.labels)
    assert np.mean(abs(prediction - train.labels)) == pytest.approx(best["mae"], abs=HALF_WIDTH * BOUND)
    assert np.corrcoef(prediction, train.labels)[0, 1] == pytest.approx(best["corr"], abs=BOUND / 5)
    assert abs(np.corrcoef(prediction, shuffled)[0, 1]) < BOUND


def test_signs_and_length_are_fair_and_independent(train):
    table = np.stack([*(decode(train)[name] for name in SIGNS), train.main.rows["visual"].lengths - 10])
    assert abs(table[:-1].mean(axis=1)).max() < BOUND
    assert abs(np.corrcoef(table) - np.eye(9)).max() < BOUND


def test_words_say_nothing_about_the_other_modalities(train):
    """Correlation of a word with a sign; times sqrt(n) it is the root of the chi-square of their 2 x 2 table."""
    occurs = [[word in words for words in train.main.words] for word in planted_vocabulary()[7:]]
    for name, sign in decode(train).items():
        strongest = abs(np.corrcoef(occurs, sign)[:-1, -1]).max()
        assert (strongest > 5 * BOUND) if name[-1] == "t" else (strongest < BOUND), name  # text signs: the control


def test_cues_stand_anywhere_and_rows_belong_to_words(train):
    cues = {word for words in CUE_WORDS["s"].values() for word in words}
    lengths = np.array([len(words) for words in train.main.words])
    assert set(lengths) == set(range(6, 15))
    for place in (0, -1):
        share = np.mean([words[place] in cues for words in train.main.words])
        assert share == pytest.approx(np.mean(1 / lengths), abs=BOUND / 2)
    for part in CHANNELS:
        np.testing.assert_array_equal(train.main.rows[part].lengths, lengths)


def test_channels_are_sign_plus_noise_and_the_others_noise_alone(train):
    for part, names in CHANNELS.items():
        rows, sign = train.main.rows[part], decode(train)
        planted = np.stack([np.repeat(sign[name], rows.lengths) for name in names], axis=1)
        noise = rows.values - np.pad(planted, ((0, 0), (0, 2)))
        np.testing.assert_allclose(noise.std(axis=0), [0.5] * len(names) + [1, 1], rtol=3.6 / math.sqrt(len(noise)))
        both = np.corrcoef(np.concatenate([noise, planted], axis=1).T)[: rows.width]
        assert abs(both - np.eye(*both.shape)).max() < 5 / math.sqrt(len(noise))


def test_settings_alone_decide_the_corpus():
    first, again = planted_corpus(PlantedSettings()), planted_corpus(PlantedSettings())
    larger, other = planted_corpus(PlantedSettings(num_train=2001)), planted_corpus(PlantedSettings(seed=1))
    text = json.dumps(PlantedSettings().model_dump(), sort_keys=True, separators=(",", ":"))
    assert first.sha256 == again.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert len({first.sha256, larger.sha256, other.sha256}) == 3
    assert [*first.splits] == ["train", "dev", "test"]
    for name, split in first.splits.items():
        assert all(same(split, again.splits[name]))
        assert not any(same(split, other.splits[name]))
    assert all(same(first.splits["dev"], larger.splits["dev"]))  # its own stream
    assert not any(same(first.splits["dev"], first.splits["test"]))
    assert first.splits["train"].ids[17] == "train[17]"


def test_classification_labels_are_the_sign_of_the_regression_labels(train):
    settings = SETTINGS.model_copy(update={"task": "classification"})
    corpus = planted_corpus(settings)
    labels = corpus.splits["train"].labels
    assert corpus.task == infer_task([labels]) == "classification"
    np.testing.assert_array_equal(labels, train.labels > 0)
    assert np.mean(labels) == pytest.approx(0.5, abs=BOUND / 2)
    for subset in SUBSETS:
        assert ceilings(settings, subset) == {"accuracy": ceilings(SETTINGS, subset)["acc2"]}


def test_vocabulary_holds_every_word_once(train):
    vocabulary = planted_vocabulary()
    assert vocabulary[:7] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", ","]
    assert set(vocabulary[7:]) == {word for words in train.main.words for word in words}
    assert len(set(vocabulary)) == len(vocabulary)
    assert all(word.isalpha() and word.islower() for word in vocabulary[7:])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_words": 5}, "max_words is 5; give at least min_words, 6"),
        ({"weight_text": 0.9}, "sum to 3.1; lower them to at most 3"),
        ({"row_noise": 0.5154}, "row_noise is 0.5154; 6 rows give a sign below 0.5153"),
        ({"label_noise": 0.0}, "greater than 0"),
        ({"weight": 1.0}, "not permitted"),
    ],
)
def test_settings_that_break_a_promise_are_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        PlantedSettings(**change)
    assert NormalDist().cdf(-math.sqrt(6) / PlantedSettings(row_noise=0.5153).row_noise) < 1e-6


def test_unknown_modality_is_an_error_that_names_the_nearest():
    with pytest.raises(UsageError, match="unknown modality 'vision'; did you mean 'visual'"):
        ceilings(PlantedSettings(), ["vision"])


def test_five_thousand_items_take_less_than_a_second():
    start = time.process_time()
    planted_corpus(PlantedSettings(num_train=4200))
    assert time.process_time() - start < 1
