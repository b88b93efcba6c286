"""How a written English word is said: which dictionary words it stands for, and sounds for those in no dictionary."""

import re
import unicodedata

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth"}
_ORDINALS |= {"twelve": "twelfth"}
_SIGNS = {
    "&": "and",
    "%": "percent",
    "$": "dollars",
    "€": "euros",
    "£": "pounds",
    "+": "plus",
    "=": "equals",
    "@": "at",
}
_PART = re.compile(r"\d+(?:,\d{3})+(?!\d)|\d+|[a-z]+(?:'[a-z]+)*'?|[&%$€£+=@.]")
_MOST_DIGITS = 12

# The longest group of letters that fits is taken; sounds are those of CMU's dictionary.
_LETTERS = {
    "tion": "SH AH N", "sion": "ZH AH N", "ture": "CH ER", "ough": "AO", "augh": "AO", "eigh": "EY", "igh": "AY",
    "tch": "CH", "dge": "JH", "sch": "SH", "ing": "IH NG", "ea": "IY", "ee": "IY", "oo": "UW", "ou": "AW", "ow": "OW",
    "ai": "EY", "ay": "EY", "ey": "IY", "ei": "IY", "ie": "IY", "oa": "OW", "oi": "OY", "oy": "OY", "au": "AO",
    "aw": "AO", "eu": "Y UW", "ew": "UW", "ue": "UW", "ui": "UW", "ar": "AA R", "er": "ER", "ir": "ER", "or": "AO R",
    "ur": "ER", "ch": "CH", "sh": "SH", "th": "TH", "ph": "F", "wh": "W", "gh": "G", "kn": "N", "wr": "R", "ck": "K",
    "ng": "NG", "qu": "K W", "cz": "CH", "sz": "SH", "ce": "S EH", "ci": "S IH", "cy": "S IY", "bb": "B", "dd": "D",
    "ff": "F", "gg": "G", "ll": "L", "mm": "M", "nn": "N", "pp": "P", "rr": "R", "ss": "S", "tt": "T", "zz": "Z",
    "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH", "j": "JH", "k": "K",
    "l": "L", "m": "M", "n": "N", "o": "OW", "p": "P", "q": "K", "r": "R", "s": "S", "t": "T", "u": "AH", "v": "V",
    "w": "W", "x": "K S", "y": "IY", "z": "Z",
}  # fmt: skip
_LONGEST = max(map(len, _LETTERS))


def spoken_words(word: str) -> list[str]:
    """What is said for a word as it is written: lower-case words of letters and apostrophes.

    Numbers are written out, as ``1984`` becomes ``nineteen eighty four``. A sign of punctuation alone gives none.
    """
    plain = unicodedata.normalize("NFKD", word.replace("\u2019", "'")).encode("ascii", "ignore").decode()
    plain += "".join(sign for sign in word if sign in "€£")
    said: list[str] = []
    parts = _PART.findall(plain.lower())
    for at, part in enumerate(parts):
        if part[0].isdigit():
            after_point = at >= 2 and parts[at - 1] == "." and parts[at - 2][0].isdigit()
            after = parts[at + 1] if at + 1 < len(parts) else ""
            said += _number(part, digits_only=after_point, ordinal=after in ("st", "nd", "rd", "th"))
        elif part == ".":
            if 0 < at < len(parts) - 1 and parts[at - 1][0].isdigit() and parts[at + 1][0].isdigit():
                said.append("point")
        elif part in ("st", "nd", "rd", "th") and at and parts[at - 1][0].isdigit():
            continue
        else:
            said.append(_SIGNS.get(part, part.rstrip("'") if part != "'" else part))
    return [part for part in said if part]


def sounds_of(word: str) -> str:
    """Sounds of a word that is in no dictionary, by its letters; near enough to find where it is said."""
    if not re.search("[aeiouy]", word) and len(word) <= 6:  # an abbreviation
        return " ".join(_NAMES.get(sign, "") for sign in word if sign in _NAMES)
    sounds: list[str] = []
    at = 0
    word = word.replace("'", "")
    if len(word) > 3 and word.endswith("e") and word[-2] not in "aeiouy":
        word = word[:-1]
    while at < len(word):
        size = next((size for size in range(_LONGEST, 0, -1) if word[at : at + size] in _LETTERS), 0)
        if size:
            sounds += _LETTERS[word[at : at + size]].split()
        at += max(size, 1)
    return " ".join(sounds)


_NAMES = dict(
    zip(
        "bcdfghjklmnpqrstvwxz",
        [
            "B IY",
            "S IY",
            "D IY",
            "EH F",
            "JH IY",
            "EY CH",
            "JH EY",
            "K EY",
            "EH L",
            "EH M",
            "EH N",
            "P IY",
            "K Y UW",
            "AA R",
            "EH S",
            "T IY",
            "V IY",
            "D AH B AH L Y UW",
            "EH K S",
            "Z IY",
        ],
        strict=True,
    )
)


def _number(digits: str, *, digits_only: bool = False, ordinal: bool = False) -> list[str]:
    year = len(digits) == 4 and not ordinal
    digits = digits.replace(",", "")
    if digits_only or len(digits) > _MOST_DIGITS or (digits[0] == "0" and len(digits) > 1):
        return [_ONES[int(digit)] for digit in digits]
    value = int(digits)
    if year and 1100 <= value < 2100 and not 2000 <= value < 2010:
        rest = value % 100  # a year
        tail = ["hundred"] if rest == 0 else (["oh", _ONES[rest]] if rest < 10 else _count(rest))
        return [*_count(value // 100), *tail]
    words = _count(value)
    if ordinal:
        last = words[-1]
        words[-1] = _ORDINALS.get(last, f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return words


def _count(value: int) -> list[str]:
    for scale, name in _SCALES:
        if value >= scale:
            rest = _count(value % scale) if value % scale else []
            return [*_count(value // scale), name, *rest]
    if value < 20:
        return [_ONES[value]]
    return [_TENS[value // 10], *([_ONES[value % 10]] if value % 10 else [])]
