"""The description of features is what it was after any way through a file, and nothing else is one."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractions import specification
from mlcl.errors import DataError
from mlcl.media.specification import ExtractorSpecification, FeatureSpecification, SentenceBounds

names = st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=30)
parameters = st.dictionaries(names, st.one_of(st.booleans(), st.integers(-(2**40), 2**40), names, st.none()))
extractors = st.builds(
    ExtractorSpecification,
    extractor=names,
    version=st.integers(1, 99),
    parameters=parameters,
    columns=st.lists(names, min_size=1, max_size=5).map(tuple),
    rate=st.one_of(st.none(), st.floats(0.1, 1e5)),
    weights=st.dictionaries(names, st.text("0123456789abcdef", min_size=64, max_size=64), max_size=2),
    packages=st.dictionaries(names, names, max_size=2),
)
features = st.builds(
    FeatureSpecification,
    align=st.sampled_from(["words", "stream"]),
    acoustic=st.one_of(st.none(), extractors),
    visual=st.one_of(st.none(), extractors),
    sentences=st.builds(SentenceBounds, most_seconds=st.floats(0.1, 600), most_words=st.integers(1, 1000)),
)


@given(features)
def test_it_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, described: FeatureSpecification
) -> None:
    file = tmp_path_factory.getbasetemp() / "features.yaml"
    described.write(file)
    assert FeatureSpecification.read(file) == described


def test_booleans_and_numbers_stay_apart(tmp_path: Path) -> None:
    made = specification()
    assert made.acoustic is not None
    told = made.acoustic.model_copy(update={"parameters": {"a": True, "b": 1, "c": 1.0, "d": None, "e": "1"}})
    made.model_copy(update={"acoustic": told}).write(tmp_path / "features.yaml")
    read = FeatureSpecification.read(tmp_path / "features.yaml").acoustic
    assert read is not None
    assert [type(value) for value in read.parameters.values()] == [bool, int, float, type(None), str]


def test_widths_are_those_of_the_sets_that_were_made() -> None:
    assert specification().widths() == {"acoustic": 3, "visual": 2}
    assert specification().model_copy(update={"visual": None}).widths() == {"acoustic": 3}
    assert FeatureSpecification().widths() == {}


def test_the_number_of_sentences_before_is_no_matter_of_features_and_the_bounds_are() -> None:
    assert specification(context=5).without_context() == specification(context=1).without_context()
    assert specification(pause=0.5).without_context() != specification(pause=0.6).without_context()


WRONG = {
    "[1, 2]": "the file: ",
    "format: 2": "format: ",
    "align: sideways": "align: ",
    "more: 1": "more: ",
    "sentences: {pause: 0}": "sentences.pause: ",
    "sentences: {most_words: 1e9}": "sentences.most_words: ",
    "acoustic: {extractor: a, version: 0, columns: [x]}": "acoustic.version: ",
    "acoustic: {extractor: a, version: 1, columns: []}": "acoustic.columns: ",
    "acoustic: {extractor: a, version: 1, columns: [x], weights: {w: zz}}": "acoustic.weights.w: ",
    "acoustic: {extractor: a, version: 1, columns: [x], rate: -1}": "acoustic.rate: ",
    "acoustic: {extractor: a, version: 1, columns: [x], rate: .nan}": "acoustic.rate: ",
}


@pytest.mark.parametrize("text", WRONG)
def test_the_first_wrong_value_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "features.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        FeatureSpecification.read(file)
    message = str(caught.value).removeprefix(f"{file}: ")
    assert message.startswith(WRONG[text])
    assert message.endswith("; the file describes how features were made, extract them again")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a: [", b"!!python/object/apply:os.system [ls]", b"&a [*a, *a]"])
def test_a_file_that_is_no_description_is_one_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "features.yaml"
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"features\.yaml"):
        FeatureSpecification.read(file)
