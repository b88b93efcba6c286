"""A small network in TensorFlow Lite's format, run by LiteRT on one processor."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcl.errors import DataError, UsageError

_LARGEST = 1024  # pixels; a network that takes more is no face model


class LiteModel:
    """A network with one picture as its input.

    Args:
        content: The file's bytes.
        name: Of the file, for errors.

    Raises:
        UsageError: If LiteRT is not installed.
        DataError: If the bytes are no such network.
    """

    def __init__(self, content: bytes, name: str) -> None:
        self.name = name
        interpreter = _interpreter()
        if content[4:8] != b"TFL3":
            raise DataError("is no TensorFlow Lite model; get it again by `mlcl features fetch face`", path=name)
        try:
            self._net = interpreter(model_content=content, num_threads=1)
            self._net.allocate_tensors()
            inputs, outputs = self._net.get_input_details(), self._net.get_output_details()
        except (ValueError, RuntimeError) as error:
            raise DataError(
                f"cannot be opened: {' '.join(str(error).split())[:200]}; get it again", path=name
            ) from None
        if len(inputs) != 1 or inputs[0]["dtype"] != np.float32 or not outputs:
            raise DataError(
                "takes or gives something else than one picture and numbers; is it a face model?", path=name
            )
        shape = tuple(int(side) for side in inputs[0]["shape"])
        if len(shape) != 4 or shape[0] != 1 or shape[3] != 3 or not 1 <= shape[1] == shape[2] <= _LARGEST:
            raise DataError(f"takes an input of shape {shape}, not one square picture; is it a face model?", path=name)
        self.size = shape[1]
        self._input = inputs[0]["index"]
        self._outputs = [output["index"] for output in outputs]
        self.output_sizes = [int(np.prod(output["shape"])) for output in outputs]

    def __call__(self, image: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """The outputs for one picture, (side, side, 3), the largest first."""
        self._net.set_tensor(self._input, image[None])
        self._net.invoke()
        outputs = [self._net.get_tensor(index) for index in self._outputs]
        return sorted(outputs, key=lambda output: -output.size)


def _interpreter() -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise UsageError("faces need LiteRT, which is not installed: pip install 'mlcl[clips]'") from error
    return Interpreter
