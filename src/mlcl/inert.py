"""Text that comes out of strangers' files, written so that it says what it says and does nothing.

Ids, words, names of classes, labels and systems may hold whatever a file holds: control characters that a terminal
obeys, Markdown and HTML that a page shows as its own, formulas that a spreadsheet computes.
"""

import re

_BACKTICKS = re.compile("`+")
_MARKDOWN = re.compile(r"[\\`*|<&$~]|(?<!\w)_|_(?!\w)|(?<=\])\(")
# What a spreadsheet computes: = and @ always, in wide letters too; a sign before anything but a number, a name or an id
# of a video, and before numbers and cells with another sign between them.
_OPERAND = r"(?:[\d.]+|\$?[A-Za-z]{1,3}\$?\d+)"
_FORMULA = re.compile(
    rf"[=@\t\r\n\uff1d\uff20\uff0b\uff0d]|[+-](?!(?:[\w.$\[\]-]|(?<=[eE])\+)*$)|[+-](?![\d.]*$){_OPERAND}(?:-+{_OPERAND})*$"
)
_GUARDED = re.compile(rf"'+(?:{_FORMULA.pattern})")
_LATEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "±": "$\\pm$",
    "\u2212": "$-$",
    "≠": "$\\neq$",
    "Δ": "$\\Delta$",
    "→": "$\\rightarrow$",
    "↓": "$\\downarrow$",
    "↑": "$\\uparrow$",
    "\u2013": "--",
    "<": "$<$",
    ">": "$>$",
}


def printable(text: str) -> str:
    """For a terminal, and the start of everything below: what has no shape is written as an escape."""
    return text if text.isprintable() else "".join(s if s.isprintable() else ascii(s)[1:-1] for s in text)


def markdown(text: str) -> str:
    """For running text and table cells in Markdown."""
    return _MARKDOWN.sub(r"\\\g<0>", printable(text))


def code(text: str) -> str:
    """As code in Markdown, in a table too; the fence is longer than any run of backticks inside."""
    shown = printable(text).replace("|", "\\|")
    fence = "`" * (1 + max(map(len, _BACKTICKS.findall(shown)), default=0))
    space = " " if len(fence) > 1 else ""
    return f"{fence}{space}{shown}{space}{fence}"


def latex(text: str) -> str:
    """For running text in LaTeX."""
    return "".join(_LATEX.get(sign, sign) for sign in printable(text))


def spreadsheet(text: str) -> str:
    """As a cell of csv: what a spreadsheet would compute gets an apostrophe before it; `plain_cell` takes it off."""
    return f"'{text}" if _FORMULA.match(text) or _GUARDED.match(text) else text


def plain_cell(text: str) -> str:
    """The text that `spreadsheet` wrote."""
    return text[1:] if _GUARDED.match(text) else text
