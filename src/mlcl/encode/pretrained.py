"""Loading from a folder or the hub, with errors that say what to do instead of long waits."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from huggingface_hub import constants, try_to_load_from_cache
from transformers import logging

from mlcl.errors import DataError, EncoderError
from mlcl.safe.model_folder import check_model_folder

FILES = "config.json, model.safetensors (or pytorch_model.bin) and the tokenizer's files"
_ADAPTER = "adapter_config.json"


def load_pretrained(loader: Callable[..., Any], name: str, **options: Any) -> Any:
    """Call a ``from_pretrained`` with a folder or hub name; code that comes with it is never run.

    Raises:
        EncoderError: If the folder or name cannot be loaded, or would need code of its own.
    """
    folder = Path(name)
    if (folder / _ADAPTER).is_file() or isinstance(_cached(name, _ADAPTER), str):
        raise EncoderError(
            f"text encoder {name!r} is an adapter (it has {_ADAPTER}) and no encoder: merge it into its base model "
            "(PEFT's merge_and_unload), save that with its tokenizer, and pass that folder"
        )
    if folder.is_dir():
        if not (folder / "config.json").is_file() and not (folder / "tokenizer_config.json").is_file():
            raise EncoderError(f"text encoder folder {name} has no config.json; it needs {FILES}")
        try:
            check_model_folder(folder)
        except DataError as error:
            raise EncoderError(f"text encoder {name!r} cannot be loaded; it needs {FILES} ({error})") from error
    elif not isinstance(_cached(name), str) and not _hub_answers():
        raise EncoderError(
            f"text encoder {name!r} is no folder here, and the hub cannot be reached; "
            f"pass --text-encoder FOLDER with {FILES}"
        )
    logging.set_verbosity_error()  # its long report on parameters would hide our one line
    try:
        return loader(name, trust_remote_code=False, **options)
    except Exception as error:
        if "trust_remote_code" in str(error):
            raise EncoderError(
                f"text encoder {name!r} comes with code of its own (auto_map), which is never run here; "
                "pass an encoder whose class is part of transformers"
            ) from error
        reason = " ".join(str(error).split())[:200]
        where = f"it needs {FILES}" if folder.is_dir() else "check the name, or pass --text-encoder FOLDER"
        raise EncoderError(f"text encoder {name!r} cannot be loaded; {where} ({reason})") from error


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Put the folder or hub name in front of what is wrong with its encoder."""
    try:
        yield
    except EncoderError as error:
        raise EncoderError(f"text encoder {name!r}: {error}") from error


def _cached(name: str, file: str = "config.json") -> Any:
    try:
        return try_to_load_from_cache(name, file)
    except ValueError:  # not even the form of a hub name
        return None


def _hub_answers() -> bool:
    """Whether the hub's name resolves: without network the loaders would retry for a minute."""
    if constants.HF_HUB_OFFLINE:
        return False
    try:
        socket.getaddrinfo(urlparse(constants.ENDPOINT).hostname, 443)
    except OSError:
        return False
    return True
