"""Mish for PyTorch: fast on the CPU, compiled everywhere, and right to any order.

>>> import torch, mish.torch
>>> acceleration = mish.torch.accelerate()  # F.mish and nn.Mish are ours from here on

Needs the extra ``torch``.
"""

from __future__ import annotations

from importlib.util import find_spec

from mish._support.extras import needs

with needs("torch", "mish.torch"):
    from mish.torch import _private  # noqa: F401  (looks whether PyTorch is one that serves)

if find_spec("mish.torch._native") is None:
    raise ImportError(
        "mish.torch has no kernels here: this wheel is for a platform where they cannot be built "
        "beforehand (docs/releasing.md); install mish from its source (not on Windows), or use "
        "mish.formula on tensors",
        name="mish.torch._native",
    )

from mish.torch import _cuda, _distributed, functional, init  # noqa: F401  (some register)
from mish.torch._accelerate.switch import accelerate
from mish.torch._convert.convert import convert
from mish.torch._convert.stand_in import stand_in
from mish.torch._export.convert_for_export import convert_for_export
from mish.torch._functions import derivative, mish
from mish.torch._fused import sync  # noqa: F401  (wraps)
from mish.torch._fused.modules import BatchNormMish, GroupNormMish
from mish.torch._kept import cuda  # noqa: F401  (some register)
from mish.torch._lean.account import kept_bytes
from mish.torch._lean.lean import lean
from mish.torch._module import Mish

__all__ = [
    "BatchNormMish",
    "GroupNormMish",
    "Mish",
    "accelerate",
    "convert",
    "convert_for_export",
    "derivative",
    "functional",
    "init",
    "kept_bytes",
    "lean",
    "mish",
    "stand_in",
]
