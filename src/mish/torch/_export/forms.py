"""The forms of Mish in PyTorch's operators, for programs that run elsewhere.

Names and formulas are those of `mish.onnx`. Each also writes Mish of a scale k, which is
mish(kx)/k = x·tanh(softplus(kx)): where x stands by itself and kx in the exponential.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from mish._support.half import lines
from mish.torch._scaled import is_exact, scaled


def _number(x: Tensor, value: float) -> Tensor:
    """A number as a tensor with as many axes as ``x`` has.

    PyTorch computes with one of its own in float32, and makes one over a tensor a reciprocal, to
    which Core ML's converter adds 1e-4, and a product, which ONNX Runtime's quantiser takes. A
    tensor without axes in front of a division or a difference between two convolutions changes
    places with the other operand in LiteRT's converter, litert-torch 0.10.
    """
    return x.new_full((1,) * x.dim(), value)


def _times(x: Tensor, scale: float) -> Tensor:
    return x if scale == 1 else x * scale


def sigmoid(x: Tensor, scale: float = 1.0) -> Tensor:
    """The form of that name of `mish.onnx`, x / (1 − (−2/(e − (−2)))/e) with e = exp(x).

    That is x / (1 + 2/n) with n = e(e + 2). Where e overflows, 2/n is 0; where 2/n does, the result
    is −0.
    """
    e = torch.exp(_times(x, scale))
    return x / (1 - _number(x, -2.0) / (e - -2) / e)


def logistic(x: Tensor, scale: float = 1.0) -> Tensor:
    """With one Sigmoid, s: x·t/(2 − t) with t = s(2 − s). Nothing overflows or cancels.

    It is as right as the runtime's own Sigmoid is left of zero.
    """
    s = torch.sigmoid(_times(x, scale))
    t = s * (2 - s)
    return x * (t / (2 - t))


def softplus(x: Tensor, scale: float = 1.0) -> Tensor:
    """As most write it, x·tanh(softplus(x))."""
    return x * torch.tanh(F.softplus(_times(x, scale)))


def op(x: Tensor, scale: float = 1.0) -> Tensor:
    """PyTorch's operator."""
    return F.mish(x) if scale == 1 else scaled(F.mish, x, scale)


_OPERATORS: dict[str, Callable[..., Tensor]] = {
    "Abs": torch.abs,
    "Add": torch.add,
    "Clip": torch.clamp,
    "Div": torch.div,
    "Exp": torch.exp,
    "Greater": torch.gt,
    "Less": torch.lt,
    "Max": torch.maximum,
    "Mul": torch.mul,
    "Neg": torch.neg,
    "Pow": torch.pow,
    "Round": torch.round,
    "Sub": torch.sub,
    "Where": torch.where,
}


def float16(x: Tensor, scale: float = 1.0) -> Tensor:
    """Within 1 ulp of float16 where every operator rounds to that; long.

    `mish._support.half` derives it. The limits of a clip stay numbers, as converters want them.
    """
    values = {"x": x}
    for line in lines(scale):
        number = float if line.op == "Clip" else functools.partial(_number, x)
        operands = (
            values[each] if isinstance(each, str) else number(each) for each in line.operands
        )
        values[line.name] = _OPERATORS[line.op](*operands)
    return values[line.name]


FORMS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "sigmoid": sigmoid,
    "logistic": logistic,
    "op": op,
    "softplus": softplus,
    "float16": float16,
}


def in_form(form: str, x: Tensor, scale: float = 1.0) -> Tensor:
    """Mish in a form; in float32 between two casts where the dtype of ``x`` has 16 bits.

    The operator needs none, nor does the form ``float16`` in its own dtype, unless the product with
    the scale is rounded there.

    Args:
        form: its name.
        x: the argument.
        scale: k, where Mish of a scale is meant, mish(kx)/k.
    """
    own = form == "float16" and x.dtype == torch.float16 and is_exact(scale)
    if form == "op" or own or x.dtype.itemsize >= 4:
        return FORMS[form](x, scale)
    return FORMS[form](x.to(torch.float32), scale).to(x.dtype)
