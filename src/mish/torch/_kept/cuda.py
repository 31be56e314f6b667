"""The operators of `_kept_ops` on CUDA devices: Triton kernels where they run, else operations."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from torch import Tensor

from mish.torch._cuda import kernels_for
from mish.torch._kept import formula
from mish.torch._kept.ops import require_bits, require_same_shape
from mish.torch._ops import LIBRARY


def _kernels(*tensors: Tensor) -> ModuleType | None:
    if kernels_for(tensors[0]) is None:
        return None
    from mish.torch._triton import kept

    alike = len({(each.dtype, each.device) for each in tensors}) == 1
    return kept if alike and tensors[0].dtype in kept.DTYPES else None


def _marked(x: Tensor) -> Tensor:
    return _call("marked", (x,))


def _marked_inplace(x: Tensor) -> None:
    kernels = _kernels(x)
    if kernels is None:
        x.copy_(formula.marked(x))
    else:
        kernels.marked_inplace(x)


def _marked_backward(dy: Tensor, y: Tensor) -> Tensor:
    require_same_shape(dy, y)
    return _call("marked_backward", (dy, y))


def _sides(x: Tensor) -> Tensor:
    return _call("sides", (x,))


def _sided_backward(dy: Tensor, y: Tensor, sides: Tensor) -> Tensor:
    require_same_shape(dy, y)
    return _call("sided_backward", (dy, y), sides)


def _codes(x: Tensor, bits: int) -> Tensor:
    require_bits(bits)
    return _call("codes", (x,), bits)


def _coded_backward(dy: Tensor, codes: Tensor, bits: int) -> Tensor:
    require_bits(bits)
    return _call("coded_backward", (dy,), codes, bits)


def _call(name: str, tensors: tuple[Tensor, ...], *rest: Any) -> Tensor:
    """The kernel of this name for tensors of one dtype, or the operations."""
    y: Tensor = getattr(_kernels(*tensors) or formula, name)(*tensors, *rest)
    return y


def _register() -> None:
    for name, function in (
        ("marked", _marked),
        ("marked_", _marked_inplace),
        ("marked_backward", _marked_backward),
        ("sides", _sides),
        ("sided_backward", _sided_backward),
        ("codes", _codes),
        ("coded_backward", _coded_backward),
    ):
        LIBRARY.impl(name, function, "CUDA")


_register()
