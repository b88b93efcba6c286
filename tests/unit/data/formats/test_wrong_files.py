"""Files that are no data set: each is named in one line, with the next step."""

import os
import time
from pathlib import Path

import pytest

from mlcl.data.formats import read_corpus
from mlcl.errors import DataError
from mlcl.safe.signatures import identify, identify_text
from mlcl.safe.unpickler import load_pickle
from writers import mag_data, write_mag, write_pickle
from wrong_files import WRONG


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_named_with_the_next_step(tmp_path: Path, name: str) -> None:
    write, parts = WRONG[name]
    write(tmp_path / name)
    started = time.process_time()
    with pytest.raises(DataError) as caught:
        read_corpus(tmp_path / name)
    message = str(caught.value)
    assert [part for part in parts if part not in message] == [], message
    assert message.startswith(f"{tmp_path / name}: ")
    assert "\n" not in message
    assert len(message) < 1000
    assert time.process_time() - started < 2


@pytest.mark.parametrize("protocol", range(6))
def test_no_pickle_is_taken_for_anything_else(tmp_path: Path, protocol: int) -> None:
    """Control: the first bytes of real pickles, whole and cut off, have no other kind's signature."""
    values = (mag_data(), {"train": [1]}, [], {}, (), [[]], None, 1, -1, 1.5, "text", b"bytes", (1, 2), [None], True)
    for value in values:
        content = write_pickle(tmp_path / "data.pkl", value, protocol=protocol).read_bytes()
        assert identify(content[:512]) is None
        assert identify_text(content[:512]) is None
    write_mag(tmp_path / "data.pkl", protocol=protocol)
    assert read_corpus(tmp_path / "data.pkl").layout == "mag"


def test_a_damaged_text_pickle_is_not_called_text(tmp_path: Path) -> None:
    content = write_pickle(tmp_path / "data.pkl", {"train": ["a"]}, protocol=0).read_bytes()
    (tmp_path / "data.pkl").write_bytes(content[:-5])
    with pytest.raises(DataError, match="damaged or cut off"):
        load_pickle(tmp_path / "data.pkl")


def test_a_pipe_does_not_wait_for_ever(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="not a regular file"):
        read_corpus(tmp_path / "pipe.csv")


def test_a_folder_with_many_entries_is_looked_at_in_part(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number:02}.pkl").touch()
    with pytest.raises(DataError) as caught:
        read_corpus(tmp_path)
    assert str(caught.value).count(".pkl") == 5


def test_a_dangerous_global_gets_no_recipe_for_opening_it(tmp_path: Path) -> None:
    (tmp_path / "data.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(DataError, match=r"global os\.system.*Nothing in it was executed\. Get the file again"):
        load_pickle(tmp_path / "data.pkl")
    (tmp_path / "data.pkl").write_bytes(b"cbuiltins\nsetattr\n.")
    with pytest.raises(DataError, match=r"global builtins\.setattr.*Get the file again"):
        load_pickle(tmp_path / "data.pkl")
