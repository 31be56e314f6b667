"""The ways to train a network with Mish that are compared: each changes a model in place."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from models import Normed
from torch import nn
from torch.utils.checkpoint import checkpoint

import mish.torch

PYTORCH, RELU, INPUT = "PyTorch", "ReLU", 'Mish(save="input")'
LEAN = "lean(model)"


def _as_it_is(model: nn.Module) -> None:
    pass


def _all(save: str) -> Callable[[nn.Module], object]:
    return functools.partial(mish.torch.lean, save=save)


def _mish_alone(save: str) -> Callable[[nn.Module], None]:
    """Mish by itself, behind PyTorch's normalisation."""

    def change(model: nn.Module) -> None:
        mish.torch.convert(model)
        for module in model.modules():
            if isinstance(module, mish.torch.Mish):
                module.save = save

    return change


def _checkpointed(model: nn.Module) -> None:
    """PyTorch's answer: compute activations anew, with the normalisation where both are one."""
    inside: set[nn.Module] = set()
    for module in list(model.modules()):
        is_one = isinstance(module, Normed | nn.Mish) or _of_timm(module)
        if is_one and module not in inside:
            inside.update(module.modules())
            forward: Any = functools.partial(checkpoint, module.forward, use_reentrant=False)
            module.forward = forward  # type: ignore[method-assign]


def _of_timm(module: nn.Module) -> bool:
    return isinstance(module, nn.BatchNorm2d) and isinstance(getattr(module, "act", None), nn.Mish)


WAYS: dict[str, Callable[[nn.Module], object]] = {
    RELU: _as_it_is,  # of a model that was made with it
    PYTORCH: _as_it_is,
    "checkpoint": _checkpointed,
    INPUT: mish.torch.convert,
    LEAN: mish.torch.lean,
    'lean(model, save="input")': _all("input"),
    'lean(model, save="output+bit")': _all("output+bit"),
    'Mish(save="output")': _mish_alone("output"),
    'Mish(save="4bit")': _mish_alone("4bit"),
    'Mish(save="1bit")': _mish_alone("1bit"),
}


def activation(way: str) -> Callable[[], nn.Module]:
    """What the model is made with."""
    return nn.ReLU if way == RELU else nn.Mish
