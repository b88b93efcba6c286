"""The table of words of an encoder, and a lookup whose answer is known already."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn


def word_table(encoder: Any) -> nn.Module | None:
    """What makes vectors of token ids; None where that is no module of its own."""
    try:
        table = encoder.get_input_embeddings()
    except (NotImplementedError, AttributeError):
        return None
    return table if isinstance(table, nn.Module) else None


def look_up(table: nn.Module | None, ids: Tensor) -> Tensor | None:
    """(batch, time, width) vectors of the ids; None where the table gives more than vectors, as I-BERT's."""
    words = None if table is None else table(ids)
    return words if isinstance(words, Tensor) else None


@contextmanager
def known_words(table: nn.Module | None, ids: Tensor, words: Tensor | None) -> Iterator[None]:
    """Inside the block the table answers with `words`, (batch, time, width), when it is asked for `ids`.

    The ids may be turned to (time, batch), as XLNet's are.
    """
    if table is None or words is None:
        yield
        return

    def answer(module: Any, arguments: tuple[Any, ...], found: Any) -> Any:  # noqa: ARG001
        asked = arguments[0] if arguments else None
        if not isinstance(asked, Tensor) or ids.ndim != asked.ndim:
            return found
        if asked.equal(ids):
            return words
        return words.transpose(0, 1) if asked.equal(ids.transpose(0, 1)) else found

    handle = table.register_forward_hook(answer)
    try:
        yield
    finally:
        handle.remove()
