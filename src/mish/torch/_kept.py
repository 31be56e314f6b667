"""Which of the ways to train is taken: what ``save`` means."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mish.torch._kept_autograd import CODED, MARKED, SIDED, KeptFunction
from mish.torch._ops import OPERATORS as _ops
from mish.torch._tracing import PLAIN, is_eager

_RECORDED: Any = KeptFunction.apply  # type: ignore[attr-defined]

INPUT = "input"
_MODES: dict[str, Any] = {
    "output": MARKED,
    "output+bit": SIDED,
    **{f"{bits}bit": mode for bits, mode in CODED.items()},
}
SAVES = (INPUT, *_MODES)


def require_save(save: str) -> None:
    """Raise ValueError unless ``save`` is one of `SAVES`."""
    if save not in SAVES:
        raise ValueError(f"save must be one of {', '.join(map(repr, SAVES))}, not {save!r}")


def serves(x: Tensor) -> bool:
    """Whether there is anything to keep: autograd records, and PyTorch has Mish for ``x``.

    Where others look on, a transform or a compiler, it is not asked who records.
    """
    if not x.is_floating_point() or x.layout != torch.strided or x.is_nested:
        return False
    return not is_eager() or (x.requires_grad and torch.is_grad_enabled())


def mish(x: Tensor, save: str) -> Tensor:
    """Mish of ``x``, keeping what ``save`` says, which is not the input."""
    mode = _MODES[save]
    if type(x) in PLAIN and is_eager():
        return _RECORDED(x, mode, False)  # type: ignore[no-any-return]
    if mode is MARKED:
        return _ops.marked.default(x)  # type: ignore[no-any-return]
    if mode is SIDED:
        return _ops.sided.default(x)  # type: ignore[no-any-return]
    return _ops.coded.default(x, mode.bits)  # type: ignore[no-any-return]


def mish_inplace(x: Tensor, save: str) -> Tensor:
    """The same, written over ``x`` where autograd allows it."""
    if type(x) in PLAIN and is_eager() and not x.is_leaf and not x._is_view():
        return _RECORDED(x, _MODES[save], True)  # type: ignore[no-any-return]
    return x.copy_(mish(x.clone(), save))
