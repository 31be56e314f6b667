"""PyTorch's tensors: the operators, and autograd through them."""

from __future__ import annotations

import numpy as np
from backend import Backend

BOUND = {"float16": 0.51, "bfloat16": 0.51, "float32": 1.0, "float64": 2.0}


def tensor(x):
    """A tensor on an array's memory, with its strides."""
    import torch

    if x.dtype.name != "bfloat16":
        return torch.from_numpy(x)
    return torch.from_numpy(x.view(np.int16)).view(torch.bfloat16)


def array(y, dtype):
    import torch

    return y.numpy() if dtype.name != "bfloat16" else y.view(torch.int16).numpy().view(dtype)


def operator(x, order):
    import mish.torch

    y = mish.torch.derivative(tensor(x), order) if order else mish.torch.mish(tensor(x))
    return array(y, x.dtype)


def autograd(x, order):
    import torch

    import mish.torch

    point = tensor(x).requires_grad_()
    y = mish.torch.mish(point)
    for _ in range(order):
        (y,) = torch.autograd.grad(y, point, torch.ones_like(y), create_graph=True)
    return array(y.detach(), x.dtype)


BACKENDS = [
    Backend("torch", ("torch",), tuple(BOUND), (0, 1, 2, 3), operator, BOUND),
    Backend("torch autograd", ("torch",), tuple(BOUND), (1, 2, 3), autograd, BOUND),
]
