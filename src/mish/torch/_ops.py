"""The operators mish::* and their kernels below autograd.

``mish::mish(x)``, ``mish::mish_(x)``, ``mish::derivative(x, order)`` and ``mish::backward(dy, x)``,
which is dy·mish′(x). On the CPU they run native code, on CUDA devices what `_cuda` registers, on
others the operations of `mish.formula`. Three more are unknown to autograd: ``mish::_derivative``
for orders 0 to 3, on the CPU alone, and ``mish::_forward`` and ``mish::_forward_``, on the CPU and
on CUDA devices, which are Mish without the cost of autograd's kernels in Python.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import mish
from mish import formula
from mish.torch import _native, _private

# Kept for the life of the process: when a library goes, its registrations go.
LIBRARY: Any = torch.library.Library("mish", "DEF")  # type: ignore[no-untyped-call]

_POINTWISE = (torch.Tag.pointwise, torch.Tag.pt2_compliant_tag)
_NATIVE_ORDERS = 4


def in_wide_arithmetic(order: int, x: Tensor, namespace: Any = torch) -> Tensor:
    """`formula.derivative`, computed in float32 where the dtype of ``x`` has 16 bits."""
    if not x.is_floating_point():
        raise NotImplementedError(
            f"mish is not implemented for x of dtype {x.dtype}; convert x to a floating-point dtype"
        )
    wide = x.to(torch.float32) if x.dtype.itemsize < 4 else x
    y: Tensor = formula.derivative(wide, order, namespace)
    return y.to(x.dtype)


def mish_formula(x: Tensor, namespace: Any = torch) -> Tensor:
    """``mish::mish`` as operations for a compiler or another device."""
    return in_wide_arithmetic(0, x, namespace)


def derivative_formula(x: Tensor, order: int, namespace: Any = torch) -> Tensor:
    """``mish::derivative`` as operations for a compiler or another device."""
    return in_wide_arithmetic(order, x, namespace)


def backward_formula(dy: Tensor, x: Tensor, namespace: Any = torch) -> Tensor:
    """``mish::backward`` as operations for a compiler or another device; rounded once."""
    wide = torch.promote_types(x.dtype, torch.float32)
    return (dy.to(wide) * in_wide_arithmetic(1, x.to(wide), namespace)).to(x.dtype)


def _derivative_cpu(x: Tensor, order: int) -> Tensor:
    if order < 0:
        raise ValueError(f"order must be 0 or more, not {order}")
    if order < _NATIVE_ORDERS:
        y: Tensor = torch.ops.mish._derivative.default(x, order)
        return y
    if not x.is_floating_point():
        return in_wide_arithmetic(order, x)
    # NumPy has no bfloat16 of its own; float64 holds every 16-bit number.
    wide = x.detach() if x.dtype.itemsize >= 4 else x.detach().to(torch.float64)
    found = np.asarray(mish.derivative(wide.numpy(), order))  # of a 0-d array it is a scalar
    return torch.empty_like(x).copy_(torch.from_numpy(found))


def _inplace_formula(x: Tensor) -> None:
    x.copy_(mish_formula(x))


def _theirs(x: Tensor) -> Tensor:
    return F.mish(x)


def _theirs_inplace(x: Tensor) -> None:
    F.mish(x, inplace=True)


def _like(x: Tensor, *_: object) -> Tensor:
    return torch.empty_like(x)


def _like_second(dy: Tensor, x: Tensor) -> Tensor:
    if dy.shape != x.shape:
        raise ValueError(f"dy must have the shape of x, {tuple(x.shape)}, not {tuple(dy.shape)}")
    return torch.empty_like(x)


def _libtorch() -> str:
    suffix = ".dylib" if sys.platform == "darwin" else ".so"
    return str(Path(torch.__file__).parent / "lib" / f"libtorch_cpu{suffix}")


def inherit_from_mish(name: str, inplace: str) -> None:
    """What an operator and its in-place variant share with PyTorch's mish."""

    def negative(x: Tensor) -> None:
        x.copy_(getattr(OPERATORS, name).default(x.resolve_neg()))

    # PyTorch resolves a view whose negative bit is set, but not for what returns nothing.
    LIBRARY.impl(inplace, negative, "Negative")
    # What PyTorch's own mish does with tensors that lie in memory in another way, errors included.
    for key in ("SparseCPU", "SparseCsrCPU", "MkldnnCPU", "QuantizedCPU", "NestedTensorCPU"):
        LIBRARY.impl(name, _theirs, key)
        LIBRARY.impl(inplace, _theirs_inplace, key)


def _register() -> None:
    for schema in (
        "mish(Tensor x) -> Tensor",
        "derivative(Tensor x, int order) -> Tensor",
        "backward(Tensor dy, Tensor x) -> Tensor",
        "_derivative(Tensor x, int order) -> Tensor",
        "_forward(Tensor x) -> Tensor",
    ):
        LIBRARY.define(schema, tags=_POINTWISE)
    for name in ("mish_", "_forward_"):
        LIBRARY.define(f"{name}(Tensor(a!) x) -> ()", tags=torch.Tag.pt2_compliant_tag)

    try:
        _native.register_operators(_libtorch())
    except ImportError as error:
        raise ImportError(f"{error}; {_private.known_to_work()}") from error
    LIBRARY.impl("derivative", _derivative_cpu, "CPU")

    for name, function in (
        ("mish", mish_formula),
        ("derivative", derivative_formula),
        ("backward", backward_formula),
        ("mish_", _inplace_formula),
    ):
        LIBRARY.impl(name, function, "CompositeExplicitAutograd")
    for name, like in (
        ("mish", _like),
        ("derivative", _like),
        ("_derivative", _like),
        ("_forward", _like),
        ("backward", _like_second),
    ):
        LIBRARY.impl(name, like, "Meta")
    LIBRARY.impl("mish_", lambda x: None, "Meta")

    inherit_from_mish("mish", "mish_")
    inherit_from_mish("_forward", "_forward_")


_register()

# torch.ops.mish, for those who need the operators to be there.
OPERATORS = torch.ops.mish
