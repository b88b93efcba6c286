"""The folder of an extraction: made anew, or gone on with where its features are made in the same way."""

import os
import platform
from pathlib import Path

from pydantic import BaseModel

from mlcl.errors import DataError, UsageError
from mlcl.files import is_there
from mlcl.media.specification import FILE, FeatureSpecification


def prepare_folder(folder: Path, features: FeatureSpecification) -> None:
    """Make the folder, or go on with one whose features are made in the same way.

    Raises:
        DataError: If there is something else at `folder`.
        UsageError: If its features were made otherwise.
    """
    file = folder / FILE
    if is_there(folder) and not file.is_file() and (not folder.is_dir() or _holds_more(folder)):
        raise DataError("exists and is no folder of mlcl extract; name another place", path=folder)
    if file.is_file():
        before = FeatureSpecification.read(file)
        if before.without_context() != features.without_context():
            raise UsageError(
                f"--output {folder}: its features were made otherwise ({_difference(before, features)}); name another "
                "folder, or give the same options"
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    own = folder / f".{FILE}.{platform.node()}.{os.getpid()}"  # the parts of a job array begin at the same moment
    features.write(own)
    own.replace(file)


def _holds_more(folder: Path) -> bool:
    """Whether there is anything but what an extraction that was just begun may have left."""
    return any(not entry.name.startswith((f".{FILE}.", f"..{FILE}.")) for entry in folder.iterdir())


def _difference(before: FeatureSpecification, now: FeatureSpecification) -> str:
    """The first value that differs, in words."""
    for name in type(now).model_fields:
        old, new = getattr(before, name), getattr(now, name)
        if old != new:
            if not (isinstance(old, BaseModel) and isinstance(new, BaseModel)):
                return f"{name} was {_short(old)}, is {_short(new)}"
            inner = next(field for field in type(new).model_fields if getattr(old, field) != getattr(new, field))
            return f"{name}.{inner} was {_short(getattr(old, inner))}, is {_short(getattr(new, inner))}"
    return "in nothing"


def _short(value: object) -> str:
    return "none" if value is None else str(getattr(value, "extractor", value))[:100]
