"""Files and folders are regular, whole, or not there."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mlcl.errors import DataError
from mlcl.files import (
    new_file,
    new_folder,
    open_regular,
    read_bytes,
    replace_file,
    replace_files,
    sha256,
    write_bytes,
)  # fmt: skip

OLD = b"old"


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _holes(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)


IRREGULAR: dict[str, tuple[Callable[[Path], object], str]] = {
    "pipe": (_pipe, "not a regular file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
    "folder": (lambda path: path.mkdir(), "Is a directory"),
    "nothing": (lambda path: None, "No such file"),
    "holes": (_holes, "says that it has 1099511627776 bytes and holds"),
}


@pytest.mark.parametrize("name", IRREGULAR)
@pytest.mark.parametrize("read", [open_regular, sha256, lambda path: read_bytes(path, 9)])
def test_only_regular_files_are_opened_and_the_error_names_them(
    tmp_path: Path, name: str, read: Callable[[Path], object]
) -> None:
    make, message = IRREGULAR[name]
    make(tmp_path / "x")
    with pytest.raises(OSError, match=message) as caught:
        read(tmp_path / "x")
    assert caught.value.filename == str(tmp_path / "x")


def test_a_large_file_that_is_really_there_is_opened(tmp_path: Path) -> None:
    """A file system may store a page of zeros in no room; one written page in 64 is enough."""
    with (tmp_path / "x").open("wb") as file:
        for start in range(0, 2**30 + 2**22, 2**22):
            file.seek(start)
            file.write(b"x" * 2**17)
        file.truncate(2**30 + 2**22)
    open_regular(tmp_path / "x").close()


def test_bytes_up_to_the_limit_are_read(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    assert read_bytes(tmp_path / "x", 5) == b"12345"
    with pytest.raises(OSError, match="has more than 4 bytes"):
        read_bytes(tmp_path / "x", 4)


def test_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert sha256(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def _break(place: Path) -> None:
    (place / "b" if place.is_dir() else place).write_bytes(b"half")
    raise OSError(28, "No space left on device")


def test_an_interrupted_replacement_leaves_the_old_file_and_names_it(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(OLD)
    with pytest.raises(OSError, match="No space left") as caught, replace_file(file) as temporary:
        _break(temporary)
    assert caught.value.filename == str(file)
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == {"a": OLD}


def test_a_temporary_file_that_cannot_be_made_is_called_by_the_wanted_name(tmp_path: Path) -> None:
    (tmp_path / ".a.tmp").mkdir()
    with pytest.raises(OSError, match="directory") as caught:
        write_bytes(tmp_path / "a", b"x")
    assert caught.value.filename == str(tmp_path / "a")


def test_new_places_hold_nothing_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left"), new_folder(tmp_path / "folder") as folder:
        _break(folder)
    with pytest.raises(OSError, match="No space left"), new_file(tmp_path / "file") as stream:
        _break(Path(stream.name))
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_never_overwritten_by_something_new(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(OLD)
    for make in (new_file, new_folder):
        with pytest.raises(DataError, match="exists already"), make(tmp_path / "x"):
            pass
    with pytest.raises(DataError, match="exists already"), new_file(tmp_path / "y"):
        (tmp_path / "y").write_bytes(OLD)  # as another process may, meanwhile
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == {"x": OLD, "y": OLD}


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    place = tmp_path / "folder"
    for part in ("a", "sub/c"):
        (place / part).parent.mkdir(parents=True, exist_ok=True)
        (place / part).write_bytes(OLD)
    with pytest.raises(OSError, match="No space left"), replace_files(place) as temporary:
        _break(temporary)
    assert sorted(str(entry.relative_to(place)) for entry in place.rglob("*")) == ["a", "sub", "sub/c"]
    with replace_files(place) as temporary:
        (temporary / "sub").mkdir()
        (temporary / "sub/d").write_bytes(b"new")
        (temporary / "b").write_bytes(b"new")
    found = {str(e.relative_to(place)): e.read_bytes() for e in place.rglob("*") if e.is_file()}
    assert found == {"a": OLD, "b": b"new", "sub/d": b"new"}
    with new_folder(place, replace=True) as temporary:
        (temporary / "e").write_bytes(b"new")
    assert [entry.name for entry in place.iterdir()] == ["e"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]
