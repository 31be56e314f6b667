"""Which of the ways to train is taken: what ``save`` means."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mish.torch._kept.autograd import CODED, MARKED, RECORDED, SIDED
from mish.torch._ops import OPERATORS

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
    """Whether ``x`` is of a kind that PyTorch has Mish for."""
    return x.is_floating_point() and x.layout == torch.strided and not x.is_nested


def mish(x: Tensor, inplace: bool, save: str, eager: bool) -> Tensor:
    """Mish of ``x``, keeping what ``save`` says, which is not the input.

    Where it is ``eager``, autograd records. A transform or a compiler decides for itself.
    """
    mode = _MODES[save]
    if inplace and not (eager and not x.is_leaf and not x._is_view()):
        # Autograd writes to leaves and views by rules of its own.
        return x.copy_(mish(x.clone(), False, save, eager))
    if eager:
        return RECORDED(x, mode, inplace)  # type: ignore[no-any-return]
    if mode is MARKED:
        return OPERATORS.marked.default(x)  # type: ignore[no-any-return]
    if mode is SIDED:
        return OPERATORS.sided.default(x)  # type: ignore[no-any-return]
    return OPERATORS.coded.default(x, mode.bits)  # type: ignore[no-any-return]
