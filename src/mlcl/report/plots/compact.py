"""The same drawing in a third of the bytes, of which matplotlib spends most on decimals, ids and the style of each dot.

What is drawn and its order stay, so the picture does too; coordinates are rounded to a hundredth of a point.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

FONT = "font-family: 'DejaVu Sans', sans-serif"
"""Left out of every text; who puts the drawing in a file says it once."""

_ATTRIBUTE = re.compile(r'([\w:-]+)="([^"]*)"')
_REPEATED = 3  # markers of one style, from which on it is written once
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def compact(body: str) -> str:
    """Shorten what stands inside of an ``<svg>`` element that matplotlib wrote.

    Numbers of attributes keep two decimals; ids that nothing refers to go, the others become short; groups without an
    attribute go, and neighbouring groups with the same ones become one; markers that share shape and style refer to
    one definition. Texts stay as they are.
    """
    targets = dict.fromkeys(re.findall(r'(?:url\(|href=")#([^")]+)', body))
    names = {old: _letters(number) for number, old in enumerate(targets)}
    tags = [token if token[0] != "<" else _shorter(token, names) for token in re.findall(r"<[^>]*>|[^<]+", body)]
    kinds = Counter(filter(None, map(_kind, tags)))
    common = {kind: _letters(len(names) + n) for n, kind in enumerate(k for k, c in kinds.items() if c >= _REPEATED)}
    shared = "".join(f'<use id="{name}" {target} {style}/>' for (target, style), name in common.items())
    inside = "".join(_groups(_refer(tag, common) for tag in tags if tag.strip() or "\n" not in tag))
    inside = inside.replace("<defs></defs>", "")
    return f"<defs>{shared}</defs>{inside}" if shared else inside


def _shorter(tag: str, names: dict[str, str]) -> str:
    def attribute(found: re.Match[str]) -> str:
        name, value = found.groups()
        if name == "id":
            return f'id="{names[value]}"' if value in names else ""
        value = re.sub(r"#([\w.-]+)", lambda m: f"#{names.get(m[1], m[1])}", value)
        value = re.sub(r"(?<![#\w.-])-?\d+\.\d+", lambda m: f"{round(float(m[0]), 2):.9g}", value)
        if name == "d":
            value = re.sub(r"\s*([A-Za-z])\s*", r"\1", value).strip()
        elif name == "style":
            value = "; ".join(part for part in value.split("; ") if part != FONT)
        elif name == "transform" and re.fullmatch(r"rotate\(-?0 .*\)", value):
            return ""
        return f'{name}="{value}"' if value else ""

    return re.sub(r"\s+(?=[/>])|(?<=\s)\s+", "", _ATTRIBUTE.sub(attribute, tag))


def _kind(tag: str) -> tuple[str, str] | None:
    """What a marker refers to, and its style."""
    parts = dict(_ATTRIBUTE.findall(tag)) if tag.startswith("<use ") else {}
    target = next((key for key in ("xlink:href", "href") if key in parts), None)
    return (f'{target}="{parts[target]}"', f'style="{parts["style"]}"') if target and "style" in parts else None


def _refer(tag: str, common: dict[tuple[str, str], str]) -> str:
    kind = _kind(tag)
    if kind not in common:
        return tag
    target, style = kind
    return tag.replace(f" {style}", "").replace(target, f'{target.partition("=")[0]}="#{common[kind]}"')


def _groups(tags: Iterable[str]) -> Iterator[str]:
    """Without groups that say nothing, and neighbours that say the same as one."""
    opened: list[str] = []
    closed = ""  # the group that is to be closed unless its like follows
    for tag in tags:
        if tag == closed:
            opened.append(tag)
            closed = ""
            continue
        if closed:
            yield "</g>"
            closed = ""
        if tag == "</g>":
            closed = opened.pop().removeprefix("<g>")
        elif tag not in ("<g>", "<g/>"):
            yield tag
        if tag.startswith("<g") and not tag.endswith("/>"):
            opened.append(tag)
    if closed:
        yield "</g>"


def _letters(number: int) -> str:
    """A, b, ..., z, ba, bb, ... as a name."""
    high, low = divmod(number, len(_LETTERS))
    return (_letters(high) if high else "") + _LETTERS[low]
