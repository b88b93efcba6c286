"""The three levels: which embedding is query and which is key, for any number of modalities."""

from itertools import combinations, permutations

import pytest
import torch
from torch import Tensor

from mlcl.contrast import (
    BiModalContrast,
    Temperature,
    TriModalContrast,
    UniModalContrast,
    bi_modal_terms,
    info_nce,
    tri_modal_terms,
    uni_modal_terms,
)
from mlcl.modality import MODALITIES

B, D, TAU = 7, 5, 0.17
FOUR = (*MODALITIES, "pose")


def singles(names: tuple[str, ...] = MODALITIES, seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(B, D, dtype=torch.float64, generator=generator) for name in names}


def pairs(names: tuple[str, ...] = MODALITIES, seed: int = 1) -> dict[tuple[str, str], Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {pair: torch.randn(B, D, dtype=torch.float64, generator=generator) for pair in permutations(names, 2)}


def presence(names: tuple[str, ...] = MODALITIES) -> dict[str, Tensor]:
    """Every modality is absent in another item."""
    return {name: torch.arange(B) != index for index, name in enumerate(names)}


def test_uni_modal_terms_go_from_the_first_view_to_the_second() -> None:
    one, two = singles(seed=2), singles(seed=3)
    terms = uni_modal_terms(one, two, temperature=TAU)
    assert list(terms) == ["umcl_text", "umcl_acoustic", "umcl_visual"]
    for name in MODALITIES:
        assert torch.equal(terms[f"umcl_{name}"], info_nce(one[name], two[name], temperature=TAU))
        assert not torch.equal(terms[f"umcl_{name}"], info_nce(two[name], one[name], temperature=TAU))


def test_bi_modal_terms_go_from_c_mn_to_c_nm() -> None:
    cross = pairs()
    terms = bi_modal_terms(cross, temperature=TAU)
    assert list(terms) == ["bmcl_text_acoustic", "bmcl_text_visual", "bmcl_acoustic_visual"]
    for m, n in combinations(MODALITIES, 2):
        assert torch.equal(terms[f"bmcl_{m}_{n}"], info_nce(cross[m, n], cross[n, m], temperature=TAU))
        assert not torch.equal(terms[f"bmcl_{m}_{n}"], info_nce(cross[n, m], cross[m, n], temperature=TAU))


def test_a_pair_without_its_reverse_is_no_bi_modal_term() -> None:
    cross = pairs()
    del cross["visual", "acoustic"]
    assert list(bi_modal_terms(cross)) == ["bmcl_text_acoustic", "bmcl_text_visual"]


def test_tri_modal_terms_compare_each_modality_with_the_pair_of_the_others() -> None:
    single, cross = singles(), pairs()
    terms = tri_modal_terms(single, cross, temperature=TAU)
    assert list(terms) == ["tmcl_text", "tmcl_acoustic", "tmcl_visual"]
    expected = {"text": ("acoustic", "visual"), "acoustic": ("text", "visual"), "visual": ("text", "acoustic")}
    for name, others in expected.items():
        assert torch.equal(terms[f"tmcl_{name}"], info_nce(single[name], cross[others], temperature=TAU))
        assert not torch.equal(terms[f"tmcl_{name}"], info_nce(cross[others], single[name], temperature=TAU))


def test_two_modalities_have_two_uni_modal_terms_one_bi_modal_and_no_tri_modal() -> None:
    names = ("text", "acoustic")
    assert list(uni_modal_terms(singles(names), singles(names, 5))) == ["umcl_text", "umcl_acoustic"]
    assert list(bi_modal_terms(pairs(names))) == ["bmcl_text_acoustic"]
    assert tri_modal_terms(singles(names), pairs(names)) == {}


def test_four_modalities_have_four_six_and_four_terms_the_last_means_over_three_pairs() -> None:
    single, cross = singles(FOUR), pairs(FOUR)
    assert len(uni_modal_terms(single, singles(FOUR, 5))) == 4
    assert list(bi_modal_terms(cross)) == [f"bmcl_{m}_{n}" for m, n in combinations(FOUR, 2)]
    terms = tri_modal_terms(single, cross, temperature=TAU)
    for name in FOUR:
        others = list(combinations([other for other in FOUR if other != name], 2))
        losses = [info_nce(single[name], cross[pair], temperature=TAU).item() for pair in others]
        assert len(losses) == 3
        assert terms[f"tmcl_{name}"].item() == pytest.approx(sum(losses) / 3, abs=1e-14)


def test_absence_of_any_modality_of_a_term_leaves_the_item_out() -> None:
    present, one, two, cross = presence(), singles(), singles(seed=5), pairs()
    umcl = uni_modal_terms(one, two, present=present)
    bmcl = bi_modal_terms(cross, present=present)
    tmcl = tri_modal_terms(one, cross, present=present)
    for name in MODALITIES:
        assert torch.equal(umcl[f"umcl_{name}"], info_nce(one[name], two[name], keep=present[name]))
    for m, n in combinations(MODALITIES, 2):
        both = present[m] & present[n]
        assert torch.equal(bmcl[f"bmcl_{m}_{n}"], info_nce(cross[m, n], cross[n, m], keep=both))
    everything = torch.arange(B) >= 3
    assert torch.equal(tmcl["tmcl_text"], info_nce(one["text"], cross["acoustic", "visual"], keep=everything))
    for terms in (umcl, bmcl, tmcl):
        assert all(term.item() > 0 for term in terms.values())


@pytest.mark.parametrize("present", [None, presence()], ids=["all", "some"])
def test_a_module_is_its_function_with_a_temperature_of_its_own(present: dict[str, Tensor] | None) -> None:
    one, two, cross = singles(), singles(seed=5), pairs()
    options = {"temperature": TAU, "present": present}
    for module, function, inputs in (
        (UniModalContrast(TAU), uni_modal_terms, (one, two)),
        (BiModalContrast(TAU), bi_modal_terms, (cross,)),
        (TriModalContrast(TAU), tri_modal_terms, (one, cross)),
    ):
        assert list(module.parameters()) == []
        expected = function(*inputs, **options)
        assert all(torch.equal(term, expected[name]) for name, term in module(*inputs, present).items())
        assert all(not torch.equal(term, expected[name]) for name, term in type(module)()(*inputs, present).items())


def test_a_learned_temperature_starts_at_its_value_and_gets_a_gradient() -> None:
    one, two, cross = singles(), singles(seed=5), pairs()
    for kind, inputs in ((UniModalContrast, (one, two)), (BiModalContrast, (cross,)), (TriModalContrast, (one, cross))):
        module, fixed = kind(TAU, learn_temperature=True), kind(TAU)
        terms = module(*inputs)
        # The learned logarithm is float32: the logits carry its relative rounding error, some 1e-7.
        assert all(term.item() == pytest.approx(fixed(*inputs)[name].item(), rel=1e-5) for name, term in terms.items())
        torch.stack(list(terms.values())).sum().backward()
        assert module.temperature.log.grad.abs() > 0.01


def test_a_learned_temperature_stays_within_its_bounds() -> None:
    for start, bound in ((1e-4, Temperature.FLOOR), (50.0, Temperature.CEILING)):
        temperature = Temperature(0.1, learned=True)
        with torch.no_grad():
            temperature.log.fill_(torch.tensor(start).log())
        assert temperature().item() == pytest.approx(bound)


def test_a_learned_temperature_beyond_its_bounds_finds_its_way_back() -> None:
    """Where the loss pulls it inwards it must move; a gradient of 0 there would freeze it for good."""
    temperature = Temperature(0.1, learned=True)
    with torch.no_grad():
        temperature.log.fill_(torch.tensor(Temperature.CEILING).log() + 0.01)
    same = torch.eye(B, dtype=torch.float32)
    info_nce(same, same, temperature=temperature()).backward()  # aligned: a lower temperature lowers the loss
    assert temperature.log.grad > 0


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan")])
@pytest.mark.parametrize("learned", [False, True])
def test_a_level_refuses_a_temperature_that_is_not_positive(wrong: float, learned: bool) -> None:
    with pytest.raises(ValueError, match=rf"^temperature must be positive, got {wrong}$"):
        UniModalContrast(wrong, learn_temperature=learned)
