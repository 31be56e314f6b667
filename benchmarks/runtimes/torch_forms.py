"""The forms in PyTorch's operators, for converters that start there."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import mish, softplus


def _sigmoid(x: Tensor) -> Tensor:
    e = torch.exp(x)
    return x / (1 - -2 / (e - -2) / e)


def _one_sigmoid(x: Tensor) -> Tensor:
    s = torch.sigmoid(x)
    t = s * (2 - s)
    return x * (t / (2 - t))


def _log(x: Tensor) -> Tensor:
    return x * torch.tanh(torch.log(1 + torch.exp(x)))


def _softplus(x: Tensor) -> Tensor:
    return x * torch.tanh(softplus(x))


FORMS = {
    "op": mish,
    "softplus": _softplus,
    "sigmoid": _sigmoid,
    "one Sigmoid": _one_sigmoid,
    "log": _log,
}


class Network(torch.nn.Module):
    """One Mish in a form."""

    def __init__(self, form: str) -> None:
        super().__init__()
        if form not in FORMS:
            raise NotImplementedError(f"there is no {form} in PyTorch's operators")
        self.function = FORMS[form]

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)
