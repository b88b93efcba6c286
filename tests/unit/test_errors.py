"""Messages can be printed wherever they are shown, whatever a file put into them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcl.errors import DataError


@given(st.text(), st.text(), st.text())
def test_a_message_of_a_file_is_one_printable_line(message: str, path: str, place: str) -> None:
    assert str(DataError(message, path=path, place=place)).isprintable()


@pytest.mark.parametrize("message", ["'é' in train[3]", "表示", "a b"])
def test_what_can_be_printed_stays_as_it_is(message: str) -> None:
    assert str(DataError(message, path="data.pkl")) == f"data.pkl: {message}"


def test_what_cannot_be_printed_is_escaped() -> None:
    assert str(DataError("names '\ud7ff\n'")) == r"names '\ud7ff\n'"
