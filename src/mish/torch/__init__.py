"""Mish for PyTorch: fast on the CPU, compiled everywhere, and right to any order.

>>> import torch, mish.torch
>>> mish.torch.accelerate()  # F.mish and nn.Mish are ours from here on

Needs the extra ``torch``.
"""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("torch") is None:
    raise ModuleNotFoundError("mish.torch needs PyTorch: pip install 'mish[torch]'", name="torch")

from mish.torch import _cuda, _distributed, functional  # noqa: F401  (the first two register)
from mish.torch._accelerate import accelerate
from mish.torch._convert import convert
from mish.torch._functions import derivative, mish
from mish.torch._fused_modules import BatchNormMish, GroupNormMish
from mish.torch._module import Mish
from mish.torch._stand_in import stand_in

__all__ = [
    "BatchNormMish",
    "GroupNormMish",
    "Mish",
    "accelerate",
    "convert",
    "derivative",
    "functional",
    "mish",
    "stand_in",
]
