"""The corpus an experiment names: a file, or the embedded planted corpus."""

from pathlib import Path

from mlcl.config import DataConfig
from mlcl.data.corpus import Corpus
from mlcl.data.formats import read_corpus
from mlcl.data.synthetic import PlantedSettings, planted_corpus
from mlcl.errors import DataError
from mlcl.recipe import where_to_get

PLANTED = "planted"


def open_corpus(config: DataConfig, recipe: str) -> Corpus:
    """Read the corpus.

    Raises:
        DataError: If the file is missing or not readable as a corpus.
    """
    if config.file == PLANTED:
        return planted_corpus(PlantedSettings(task="regression" if config.task == "auto" else config.task))
    path = Path(config.file)
    if not path.exists():
        raise DataError(f"no such file. {where_to_get(recipe)}. Then pass --data FILE", path=path)
    return read_corpus(path)
