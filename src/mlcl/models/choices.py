"""Options of a configuration that are one of a few words: a misspelt word must not pass for another."""

from typing import Any, Literal, get_args, get_origin

from transformers import PreTrainedConfig


def check_choices(config: PreTrainedConfig) -> None:
    """Look at every field that the configuration's own class annotates as a `Literal`.

    Raises:
        ValueError: Naming the field, its value and what is allowed.
    """
    for name, annotation in type(config).__annotations__.items():
        kind: Any = get_origin(annotation)
        allowed = get_args(annotation)
        if kind is Literal and getattr(config, name) not in allowed:
            raise ValueError(f"{name} = {getattr(config, name)!r}; allowed: {', '.join(allowed)}")
