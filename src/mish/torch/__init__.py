"""Mish for PyTorch: fast on the CPU, compiled everywhere, and right to any order.

>>> import torch, mish.torch
>>> mish.torch.accelerate()  # F.mish and nn.Mish are ours from here on
"""

from __future__ import annotations

from mish.torch import _distributed  # noqa: F401  (it registers)
from mish.torch._accelerate import accelerate
from mish.torch._convert import convert
from mish.torch._functions import derivative, mish
from mish.torch._module import Mish

__all__ = ["Mish", "accelerate", "convert", "derivative", "mish"]
