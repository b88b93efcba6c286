"""Whisper's weights, from a folder or the hub."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from mlcl.errors import EncoderError, UsageError, reason

_NEEDED = ("model.bin", "config.json", "tokenizer.json")


def load_whisper(model: str | Path, threads: int = 0) -> Any:
    """A Whisper model for CTranslate2, on the CPU with weights of eight bits.

    The last one is kept, so that asking again costs nothing.

    Args:
        model: A folder with the weights, or a name: ``tiny.en``, ``small``, ``large-v3``, or ``OWNER/NAME`` of the hub.
            With ``HF_HUB_OFFLINE=1`` only what was fetched before is taken.
        threads: Of the CPU; 0 lets the library choose.

    Raises:
        UsageError: If faster-whisper is not installed.
        EncoderError: If there are no such weights.
    """
    return _loaded(str(model), threads)


@lru_cache(maxsize=1)
def _loaded(model: str, threads: int) -> Any:
    try:
        from faster_whisper import WhisperModel
    except ImportError:
        raise UsageError("recognising speech needs faster-whisper; pip install 'mlcl[clips]'") from None
    if Path(model).is_dir():
        missing = [name for name in _NEEDED if not (Path(model) / name).is_file()]
        if missing:
            raise EncoderError(
                f"{model} has no {', '.join(missing)}: it holds no Whisper weights for CTranslate2; name a folder as"
                " Systran/faster-whisper-tiny.en of the Hugging Face hub is, or convert with ct2-transformers-converter"
            )
    elif os.sep in model and (model.startswith((".", "/", "~")) or model.count("/") > 1):
        raise EncoderError(f"there is no folder {model}; name one that holds Whisper weights, or a size as tiny.en")
    offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON")
    try:
        return WhisperModel(model, device="cpu", cpu_threads=threads, compute_type="int8", local_files_only=offline)
    except Exception as error:
        how = "HF_HUB_OFFLINE is set: unset it to fetch them, or " if offline else "check the connection, or "
        raise EncoderError(
            f"no Whisper weights {model!r}: {reason(error)}; {how}name a folder that holds them"
        ) from error
