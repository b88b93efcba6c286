"""Long streams made short: the mean of runs, item by item, whatever stands beside them."""

import pytest
import torch

from mlcl.encode.shorten import shorten


def rows(lengths: list[int], time: int, dim: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    values = torch.randn(len(lengths), time, dim, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    return values, torch.arange(time) < torch.tensor(lengths)[:, None]


@pytest.mark.parametrize("longest", [2, 3, 5, 7])
def test_each_step_is_the_mean_of_its_run(longest: int) -> None:
    values, mask = rows([1, 4, 7, 17, 0], 19)
    short, real = shorten(values, mask, longest)
    for item, length in enumerate([1, 4, 7, 17, 0]):
        run = max(-(-length // longest), 1)
        parts = values[item, :length].split(run) if length else ()
        assert len(parts) <= longest
        assert real[item].tolist() == [True] * len(parts) + [False] * (short.shape[1] - len(parts))
        for step, part in enumerate(parts):
            torch.testing.assert_close(short[item, step], part.mean(dim=0), rtol=0, atol=1e-14)
        assert not short[item, len(parts) :].any()


def test_streams_that_are_short_enough_stay_as_they_are() -> None:
    values, mask = rows([3, 5], 5)
    short, real = shorten(values, mask, 5)
    assert short is values
    assert real is mask


def test_an_item_does_not_depend_on_its_neighbours_or_padding() -> None:
    values, mask = rows([17, 4], 19)
    together, _ = shorten(values, mask, 5)
    alone, real = shorten(values[1:, :6], mask[1:, :6], 5)
    assert real[0].tolist() == 4 * [True] + 2 * [False]
    torch.testing.assert_close(together[1, :4], alone[0, :4])
    noisy = torch.where(mask[..., None], values, 1e3)
    torch.testing.assert_close(shorten(noisy, mask, 5)[0], together)


def test_rows_that_are_missing_inside_a_run_are_left_out_of_its_mean() -> None:
    values, mask = rows([6], 6)
    mask[0, 1] = mask[0, 2] = mask[0, 3] = False
    short, real = shorten(values, mask, 3)
    torch.testing.assert_close(short[0, 0], values[0, 0])
    assert real.tolist() == [[True, False, True]]
    assert not short[0, 1].any()
