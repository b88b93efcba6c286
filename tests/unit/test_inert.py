"""Strangers' text does nothing, and stays readable."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcl.inert import code, latex, markdown, plain_cell, printable, spreadsheet

HARMLESS = [
    "video[3]",
    "-3g5yACwYnA[10]",
    "03bSnISJMiM$_$11",
    "-1.5",
    "+2",
    "a_b_c",
    "naïve 漢字",
    "-9y-fZ3swSY",
    "-1e+05",
]
FORMULAS = [
    "=1+1",
    "@SUM(1)",
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "\t=1",
    "\r=1",
    '=HYPERLINK("x")',
    "-A1*2",
    "-1-2",
    "+A1",
    "-$B$2-A1",
    "\uff1d1+1",
    "\uff0b1",
    "\n=1",
]


@given(st.text())
def test_nothing_printed_moves_the_cursor(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)


@given(st.text())
def test_a_cell_is_read_back_as_it_was(text: str) -> None:
    assert plain_cell(spreadsheet(text)) == text


@pytest.mark.parametrize("text", FORMULAS)
def test_a_spreadsheet_computes_nothing(text: str) -> None:
    assert spreadsheet(text) == f"'{text}"
    assert plain_cell(f"'{text}") == text


@pytest.mark.parametrize("text", HARMLESS)
def test_usual_ids_and_numbers_stay_as_they_are(text: str) -> None:
    assert spreadsheet(text) == text
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>alert(1)</script>", r"\<script>alert(1)\</script>"),
        ("[click](javascript:x)", r"[click]\(javascript:x)"),
        ("a|b", r"a\|b"),
        ("**bold** _it_ `c`", r"\*\*bold\*\* \_it\_ \`c\`"),
        ("acc2_non0 in [0.1, 0.2]", "acc2_non0 in [0.1, 0.2]"),
        ("two\nlines\x1b[31m", r"two\\nlines\\x1b[31m"),
    ],
)
def test_markdown_shows_the_signs(text: str, shown: str) -> None:
    assert markdown(text) == shown


@given(st.text(alphabet="`|a \n<"))
def test_code_is_closed_by_its_own_fence_alone(text: str) -> None:
    whole = code(text)
    fence = re.match("`+", whole)
    assert fence is not None
    inside = whole[len(fence[0]) : -len(fence[0])]
    assert whole.endswith(fence[0])
    assert not re.search(rf"(?<!`){fence[0]}(?!`)", inside)
    assert "\n" not in whole


def test_latex_has_no_command_of_a_stranger() -> None:
    assert latex(r"\input{/etc/passwd} 50 % & $x$ #1") == (r"\textbackslash{}input\{/etc/passwd\} 50 \% \& \$x\$ \#1")
