"""What a pickle is that names a global which is not data, and what to do about it."""

import re

_GLOBAL = re.compile(r"names the global ([\w.]+),")
_AGAIN = "Get the file again, or write it anew as dicts, lists and arrays"

# The global's name, or how it starts: what the file is, and the next step.
_ORIGINS: tuple[tuple[str, str], ...] = (
    ("pandas.", "It is a pickled pandas table: where you trust it, open it with pandas and write it with to_csv"),
    ("joblib.", "It was written by joblib: where you trust it, open it with joblib and pickle plain dicts and arrays"),
    ("torch.", "It holds torch tensors: where you trust it, make them numpy arrays and pickle those"),
    ("scipy.", "It holds scipy objects, perhaps sparse matrices: where you trust it, pickle them as numpy arrays"),
    (
        "datasets.",
        "It holds a Hugging Face data set: where you trust it, write that with save_to_disk, name the folder",
    ),
    ("builtins.set", "It holds sets: where you trust it, pickle them as lists"),
    ("__builtin__.set", "It holds sets: where you trust it, pickle them as lists"),
    ("copy_reg.", f"It holds objects of a class of its authors. {_AGAIN}"),
    ("copyreg.", f"It holds objects of a class of its authors. {_AGAIN}"),
)


def next_step(reason: str) -> str:
    """The next step of a user whose pickle was refused for a reason."""
    found = _GLOBAL.search(reason)
    name = found.group(1) if found else ""
    return next(
        (step for known, step in _ORIGINS if name == known or (known.endswith(".") and name.startswith(known))), _AGAIN
    )
