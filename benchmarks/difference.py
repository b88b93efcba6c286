"""How far two executions of one model are apart: outputs, terms, gradients."""

from typing import Any

from torch import Tensor

from mlcl.data.batch import Batch
from mlcl.execution import Execution, executed
from mlcl.models.base import MultimodalModel, apply

_FLOOR = 1e-3


def largest_difference(model: MultimodalModel, padded: Batch, tight: Batch) -> float:
    """The largest difference of any entry of any tensor between plain and fast, without dropout.

    Relative to the tensor's largest entry; for gradients at least to a thousandth of the largest of all, since some,
    as that of a key's bias, are 0 by the mathematics and consist of rounding.
    """
    plain, fast = _results(model, padded, "plain"), _results(model, tight, "fast")
    largest = max(float(value.abs().max()) for value in plain["gradients"].values())
    worst = 0.0
    for kind, values in plain.items():
        for name, value in values.items():
            scale = max(float(value.abs().max()), _FLOOR * largest if kind == "gradients" else _FLOOR)
            worst = max(worst, float((fast[kind][name] - value).abs().max()) / scale)
    return worst


def _results(model: MultimodalModel, batch: Batch, execution: Execution) -> dict[str, dict[str, Tensor]]:
    was_training = model.training
    model.eval().zero_grad()
    dtype = next(model.parameters()).dtype
    inputs: dict[str, Any] = {k: v.to(dtype) if v.is_floating_point() else v for k, v in batch.inputs().items()}
    with executed(model, execution):
        output: Any = apply(model, Batch(**inputs))
        output.loss.backward()
    gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    model.train(was_training).zero_grad()
    return {
        "outputs": {"logits": output.logits.detach(), "embedding": output.embedding.detach()},
        "terms": {name: term.detach() for name, term in output.terms.items()},
        "gradients": gradients,
    }
