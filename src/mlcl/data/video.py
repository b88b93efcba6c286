"""Which video an item was cut from, as its id says."""

import re

_CUT = re.compile(r"(?P<video>.+?)(?:\$_\$\d+|\[\d+\]|_(?:utt|clip)?\d+)", re.DOTALL)


def video_of(identifier: str) -> str:
    """Return the video of an item's id: what stands before a last ``$_$3``, ``[3]``, ``_3``, ``_utt3`` or ``_clip3``.

    An id without such an end is its own video. Only one end is taken off, because the names of videos may hold ``_``
    and digits themselves.

    Examples:
        >>> [video_of(name) for name in ("--qhfsa_x[3]", "aqgy4$_$0001", "03bSnISJMiM_11", "dia7_utt2", "1024")]
        ['--qhfsa_x', 'aqgy4', '03bSnISJMiM', 'dia7', '1024']
    """
    found = _CUT.fullmatch(identifier)
    return found["video"] if found else identifier
