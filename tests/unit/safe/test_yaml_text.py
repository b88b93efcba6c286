"""YAML gives what the library gives, or a ValueError in bounded time."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fuzz.hostile_folders import BILLIONS, MERGED
from mlcl.safe.yaml_text import parse_yaml

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=5), part, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_it_reads_what_the_library_writes(value: Any) -> None:
    text = yaml.safe_dump(value)
    assert parse_yaml(text) == yaml.safe_load(text)


def test_an_alias_is_the_value_again() -> None:
    assert parse_yaml("a: &x [1, 2]\nb: *x\nc: {<<: {d: 3}}") == {"a": [1, 2], "b": [1, 2], "c": {"d": 3}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BILLIONS, "more than 20000 values"),
        (MERGED, "more than 20000 values"),
        ("[" * 41, "nested too deeply"),
        ("&a [*a]", "holds itself"),
        ("9" * 301, "number of 301 digits"),
        ("a: 1\n---\nb: 2", "single document"),
        ("[1" + ",1" * 20_000 + "]", "more than 20000 values"),
        ("2001-99-99", "month must be"),
        ("!!python/object/apply:os.system [ls]", "could not determine a constructor"),
        ("a: [", "parsing a flow node"),
        ("? [a]\n: b", "unhashable"),
    ],
    ids=lambda value: value[:12],
)
def test_what_is_too_much_or_no_plain_value_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_yaml(text)


def test_limits_are_beyond_what_people_write() -> None:
    assert parse_yaml("[" * 38 + "1" + "]" * 38)
    assert len(parse_yaml("[1" + ",1" * 19_000 + "]")) == 19_001
