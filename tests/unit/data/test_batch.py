"""Batches gathered from flat arrays, against plain loops over items and steps."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from mlcl.data.batch import Batch, EncodedSplit, Rows

PAD = 97
LENGTHS = {"text": [3, 7, 2, 5, 1], "acoustic": [2, 11, 0, 3, 1], "visual": [1, 0, 5, 2, 3]}
WIDTHS = {"acoustic": 5, "visual": 3, "hcf": 2}


def offsets(name: str) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.concatenate([[0], np.cumsum(LENGTHS["text" if name == "hcf" else name])]).astype(np.int64)


def make_rows(name: str, rng: np.random.Generator) -> Rows:
    """Rows in a shuffled order, one in five all zeros, one step in five without any row."""
    count = int(offsets(name)[-1])
    values = rng.normal(size=(count + 1, WIDTHS[name])).astype(np.float32)
    values[rng.random(count + 1) < 0.2] = 0.0
    values[-1] = 0.0
    index = np.where(rng.random(count) < 0.2, -1, rng.permutation(count))
    return Rows(values, (values != 0).any(axis=1), np.append(index, -1), offsets(name))


def make_split(fixed: int | None = None, *, labels: bool = True) -> EncodedSplit:
    rng, total = np.random.default_rng(3), sum(LENGTHS["text"])
    return EncodedSplit(
        ids=list("abcde"),
        tokens=rng.integers(1, 90, total),
        types=np.where(np.arange(total) == 0, 1, rng.integers(0, 2, total)),
        offsets=offsets("text"),
        spoken=np.array([True, True, False, True, True]),
        rows={name: make_rows(name, rng) for name in WIDTHS},
        labels=rng.normal(size=5) if labels else None,
        pad_id=PAD,
        fixed_length=fixed,
    )


ORDERS = [[0, 1, 2, 3, 4], [4, 1], [2], [3, 3, 0], [2, 4]]


@pytest.mark.parametrize("items", ORDERS, ids=str)
@pytest.mark.parametrize("fixed", [None, 13])
def test_tokens_equal_a_loop(items: list[int], fixed: int | None) -> None:
    split = make_split(fixed)
    batch = split.batch(np.array(items))
    longest = fixed or max(LENGTHS["text"][item] for item in items)
    assert batch.input_ids.shape == (len(items), longest)
    for row, item in enumerate(items):
        start, length = int(split.offsets[item]), LENGTHS["text"][item]
        for step in range(longest):
            real = step < length
            assert batch.attention_mask[row, step].item() == real
            assert batch.input_ids[row, step].item() == (split.tokens[start + step] if real else PAD)
            assert batch.token_type_ids[row, step].item() == (split.types[start + step] if real else 0)
        assert batch.text_present[row].item() == split.spoken[item]
    assert batch.labels is not None
    assert split.labels is not None
    assert batch.labels.tolist() == split.labels[items].astype(np.float32).tolist()


@pytest.mark.parametrize("items", ORDERS, ids=str)
@pytest.mark.parametrize("fixed", [None, 13])
@pytest.mark.parametrize("name", WIDTHS)
def test_rows_equal_a_loop(name: str, items: list[int], fixed: int | None) -> None:
    split = make_split(fixed)
    rows, lengths = split.rows[name], LENGTHS["text" if name == "hcf" else name]
    values, mask = split.gather(name, np.array(items))
    longest = fixed or max(1, *(lengths[item] for item in items))
    assert values.shape == (len(items), longest, WIDTHS[name])
    assert mask.shape == (len(items), longest)
    for row, item in enumerate(items):
        for step in range(longest):
            place = int(rows.index[rows.offsets[item] + step]) if step < lengths[item] else -1
            expected = rows.values[place] if place >= 0 else np.zeros(WIDTHS[name])
            assert values[row, step].tolist() == expected.tolist()
            assert mask[row, step].item() == bool(expected.any())


def test_the_batch_s_modalities_are_the_gathered_ones() -> None:
    split, items = make_split(), np.array([3, 1])
    batch = split.batch(items)
    for name in ("acoustic", "visual"):
        values, mask = split.gather(name, items)
        assert torch.equal(getattr(batch, name), values)
        assert torch.equal(getattr(batch, f"{name}_mask"), mask)


def test_a_batch_whose_items_all_lack_a_modality_has_one_step_of_padding() -> None:
    batch = make_split().batch(np.array([2]))
    assert batch.acoustic.shape == (1, 1, 5)
    assert batch.acoustic.eq(0).all()
    assert not batch.acoustic_mask.any()


def test_batches_have_the_types_that_a_model_takes() -> None:
    inputs = make_split().batch(np.array([0, 1])).inputs()
    floats = {"acoustic", "visual", "labels", "hcf"}
    for name, value in inputs.items():
        whole = torch.int64 if name in ("input_ids", "token_type_ids") else torch.bool
        assert value.dtype == (torch.float32 if name in floats else whole), name


def test_rows_keep_their_number_format() -> None:
    split = make_split()
    double = replace(split.rows["visual"], values=split.rows["visual"].values.astype(np.float64))
    assert (
        replace(split, rows={**split.rows, "visual": double}).gather("visual", np.array([0]))[0].dtype == torch.float64
    )


def test_labels_are_left_out_on_demand_and_where_there_are_none() -> None:
    batch, silent = make_split().batch(np.array([0, 1])), make_split(labels=False).batch(np.array([0, 1]))
    named = {f.name for f in fields(Batch)}
    assert set(batch.inputs()) == named
    assert set(batch.inputs(labels=False)) == set(silent.inputs()) == named - {"labels"}
    assert silent.labels is None


def test_a_slice_and_a_copy_of_a_batch_hold_the_same_values() -> None:
    batch = make_split().batch(np.array([0, 1, 3, 4]))
    moved = batch.to(torch.device("cpu"))
    assert (len(batch), len(batch[1:3]), len(moved)) == (4, 2, 4)
    for name, value in batch.inputs().items():
        assert torch.equal(getattr(batch[1:3], name), value[1:3])
        assert torch.equal(getattr(moved, name), value)


def test_the_split_is_not_changed_by_its_batches() -> None:
    split = make_split()
    first = split.batch(np.array([0, 1, 3]))
    first.acoustic.fill_(7.0)
    first.input_ids.fill_(7)
    assert len(split) == 5
    again = split.batch(np.array([0, 1, 3]))
    assert not again.acoustic.eq(7.0).any()
    assert torch.equal(again.attention_mask, first.attention_mask)
    assert not again.input_ids.eq(7).all()
