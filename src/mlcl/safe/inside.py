"""Paths that a file names, held inside its folder."""

from pathlib import Path, PurePosixPath


def inside(root: Path, name: str) -> Path:
    """Return the file that a relative path names inside a folder.

    Args:
        root: The folder, resolved.
        name: What the file says; folders are separated by ``/``.

    Raises:
        ValueError: If the path is absolute, holds ``..``, leaves the folder by a link, or names no regular file.
    """
    shown = ascii(name[:80])
    if "\\" in name:
        raise ValueError(f"names {shown}; separate folders by / instead of \\")
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts:
        raise ValueError(f"names {shown}, outside of the folder; put the file inside and name it from there")
    try:
        file = (root / relative).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        raise ValueError(f"names {shown}, which does not exist in the folder") from None
    if not file.is_relative_to(root):
        raise ValueError(f"names {shown}, a link to outside of the folder; put the file itself inside")
    if not file.is_file():
        raise ValueError(f"names {shown}, which is no file")
    return file
