"""A recipe of one's own: a YAML file that extends a recipe of the package."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError

from mlcl.config import check_model_name
from mlcl.errors import UsageError, nearest
from mlcl.options import Section

SUFFIXES = (".yaml", ".yml")
TUNED = "# Found by mlcl tune"
"""How a recipe file begins that tuning wrote, and may replace."""


class RecipeSettings(Section):
    """What a file changes; inside the sections the keys of ``mlcl config``."""

    seed: int | None = None
    """Seed of everything random."""
    execution: str | None = None
    """`fast` or `plain`."""
    data: dict[str, Any] = Field(default_factory=dict)
    """Keys of the data section."""
    model: dict[str, Any] = Field(default_factory=dict)
    """Keys of the model section."""
    train: dict[str, Any] = Field(default_factory=dict)
    """Keys of the train section."""


class RecipeFile(Section):
    """Content of a recipe file."""

    extends: str
    """Name of the recipe that it starts from."""
    model: str = "mlcl"
    """Which model the settings are for."""
    profile: str = "default"
    """Which profile of the recipe it starts from."""
    settings: RecipeSettings = RecipeSettings()
    """What differs from it."""
    search: dict[str, Any] = Field(default_factory=dict)
    """What ``mlcl tune`` searches, in addition to what the recipe says; null takes a key out."""


def is_recipe_file(name: str) -> bool:
    """Whether a recipe is named by a path rather than by its name."""
    return name.endswith(SUFFIXES)


def read_recipe_file(path: str) -> RecipeFile:
    """Read a recipe file.

    Format:
        YAML with ``extends`` and, as wanted, ``model``, ``profile``, ``settings`` (``seed``, ``execution``, and the
        sections ``data``, ``model``, ``train``) and ``search``.

    Raises:
        UsageError: If the file is missing or no recipe.
    """
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {(error.strerror or str(error)).lower()}; name a recipe or a recipe file") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise UsageError(f"{path} is not valid YAML") from None
    if not isinstance(values, dict) or "extends" not in values:
        raise UsageError(f"{path} is no recipe file: it must say which recipe it extends, for example extends: mosi")
    try:
        content = RecipeFile.model_validate(values)
        check_model_name(content.model)
    except ValidationError as error:
        raise UsageError(f"{path}: {_explain(error)}") from None
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    return content


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    name = ".".join(place)
    if first["type"] == "extra_forbidden":
        section: type[Section] = RecipeSettings if place[:1] == ["settings"] else RecipeFile
        return f"unknown key {name!r}; {nearest(place[-1], list(section.model_fields))}"
    return f"{name} = {first['input']!r}: {first['msg'][0].lower()}{first['msg'][1:]}"
