"""The base of every configuration section, and the words for a value that it refuses."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from mlcl.errors import shown


class Section(BaseModel):
    """Base of all sections: frozen, no unknown keys, field docstrings are the help text."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


def refused(name: str, error: Any) -> str:
    """One of pydantic's errors as a line: the name, the value, and what is allowed."""
    return f"{name} = {shown(error['input'])}: {error['msg'][0].lower()}{error['msg'][1:]}"
