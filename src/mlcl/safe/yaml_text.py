"""YAML of plain values, within limits: a few lines of it can otherwise name values that take hours and gigabytes."""

from typing import Any

import yaml

_MOST_NODES = 20_000  # values, keys among them; what an alias repeats counts again
_MOST_DEPTH = 40
_MOST_DIGITS = 300  # characters of a number
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def parse_yaml(text: str) -> Any:
    """Return what a YAML text holds: plain values, lists and dicts.

    Raises:
        ValueError: If it is no YAML, has several documents, holds itself, is nested more than 40 deep, or has more than
            20,000 values or numbers of more than 300 characters.
    """
    try:
        return yaml.load(text, _Loader)
    # What the library raises on damaged text: see tests/fuzz.
    except (yaml.YAMLError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError) as error:
        raise ValueError(" ".join(str(error).split()) or type(error).__name__) from None


class _Loader(yaml.SafeLoader):
    """The library's loader of plain values, which counts what it composes."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._nodes, self._depth = 0, 0
        self._sizes: dict[yaml.Node, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a value and all that is in it, or take it again where an alias stands."""
        before, again = self._nodes, self.check_event(yaml.AliasEvent)
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise ValueError("it is nested too deeply")
        node = super().compose_node(parent, index)
        self._depth -= 1
        if node is None:
            return None
        if again and node not in self._sizes:
            raise ValueError("it has a value that holds itself")
        self._nodes += self._sizes[node] if again else 1
        if self._nodes > _MOST_NODES:
            raise ValueError(f"it has more than {_MOST_NODES} values")
        self._sizes.setdefault(node, self._nodes - before)
        if isinstance(node, yaml.ScalarNode) and node.tag in _NUMBERS and len(node.value) > _MOST_DIGITS:
            raise ValueError(f"it has a number of {len(node.value)} digits")
        return node
