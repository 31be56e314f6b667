"""The forms of Mish in PyTorch's operators, for programs that run elsewhere.

Names and formulas are those of `mish.onnx`. This file needs PyTorch alone: `benchmarks/runtimes`
reads it where this package is not installed.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    """The form of that name of `mish.onnx`, x / (1 − (−2/(e − (−2)))/e) with e = exp(x).

    That is x / (1 + 2/n) with n = e(e + 2). Where e overflows, 2/n is 0; where 2/n does, the result
    is −0. The −2 is a tensor because PyTorch makes a number over a tensor a reciprocal, to which
    Core ML's converter adds 1e-4, and a product, which ONNX Runtime's quantiser takes.
    """
    e = torch.exp(x)
    return x / (1 - x.new_full((), -2.0) / (e - -2) / e)


def logistic(x: Tensor) -> Tensor:
    """With one Sigmoid, s: x·t/(2 − t) with t = s(2 − s). Nothing overflows or cancels.

    It is as right as the runtime's own Sigmoid is left of zero.
    """
    s = torch.sigmoid(x)
    t = s * (2 - s)
    return x * (t / (2 - t))


def softplus(x: Tensor) -> Tensor:
    """As most write it, x·tanh(softplus(x))."""
    return x * torch.tanh(F.softplus(x))


def op(x: Tensor) -> Tensor:
    """PyTorch's operator."""
    return F.mish(x)


FORMS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": sigmoid,
    "logistic": logistic,
    "op": op,
    "softplus": softplus,
}


def in_form(form: str, x: Tensor) -> Tensor:
    """Mish in a form; in float32 between two casts where the dtype of ``x`` has 16 bits."""
    if form == "op" or x.dtype.itemsize >= 4:
        return FORMS[form](x)
    return FORMS[form](x.to(torch.float32)).to(x.dtype)
