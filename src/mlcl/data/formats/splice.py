"""Split a verified pickle into its program and the contents of its arrays, which stay where they are in the file."""

import pickle
from mmap import mmap

from mlcl.data.formats.opcodes import Program


def splice(data: bytes | mmap, program: Program) -> tuple[bytes, list[memoryview]]:
    """Take large contents of arrays out of a pickle.

    Args:
        data: The whole pickle, perhaps a file in which only what is looked at takes memory.
        program: What `verify` found in it.

    Returns:
        A pickle that asks for contents by persistent id, from 0, and the contents, each a view of `data`.
    """
    view = memoryview(data)
    contents = sorted((position, *span) for position, span in program.contents.items())
    asked = {
        position: (end, pickle.BININT + number.to_bytes(4, "little") + pickle.BINPERSID)
        for number, (position, _, end) in enumerate(contents)
    }
    frames = {position: (position + 9, b"") for position in program.frames}  # they count what is taken out
    pieces: list[bytes | memoryview] = []
    start = 0
    for position, (end, instead) in sorted((asked | frames).items()):
        pieces += (view[start:position], instead)
        start = end
    pieces.append(view[start:])
    return b"".join(pieces), [view[first:end] for _, first, end in contents]
