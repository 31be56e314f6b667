"""PyTorch: eager, compiled by Inductor, and mish.torch."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from mish._measure.peers import Contender, Task, Unsupported


def set_threads(n: int) -> None:
    import mish

    torch.set_num_threads(n)
    mish.set_num_threads(n)


def eager(task: Task) -> Contender:
    """Of the forward pass alone there is a form with a given result."""
    x, dy = _tensor(task.x), _tensor(task.dy)
    if task.op == "forward" and task.result == "given":
        out = torch.empty(len(x), dtype=x.dtype)
        return Contender(lambda: torch.ops.aten.mish.out(x, out=out), _array, "given")
    if task.op == "forward":
        return Contender(lambda: torch.ops.aten.mish(x), _array)
    if task.op == "backward":
        return Contender(lambda: torch.ops.aten.mish_backward(dy, x), _array)
    return _double_backward(x, torch.nn.functional.mish)


def compiled(task: Task) -> Contender:
    """Inductor makes of aten's backward what it makes of F.mish's."""
    if task.op == "d2":
        raise Unsupported("torch.compile has no double backward")
    function = torch.nn.functional.mish if task.op == "forward" else _aten_backward
    return _compiled(function, task)


def mish_torch(task: Task) -> Contender:
    """The operations with their autograd, as users call them."""
    import mish.torch as ours

    x, dy = _tensor(task.x), _tensor(task.dy)
    if task.op == "forward":
        return Contender(lambda: ours.mish(x), _array)
    if task.op == "d2":
        return Contender(lambda: ours.derivative(x, 2), _array)
    leaf = x.clone().requires_grad_()
    y = ours.mish(leaf)
    return Contender(lambda: torch.autograd.grad(y, leaf, dy, retain_graph=True)[0], _array)


def mish_torch_compiled(task: Task) -> Contender:
    """Forward only: the compiled backward pass cannot be called by itself."""
    if task.op != "forward":
        raise Unsupported(f"{task.op} of the compiled operation cannot be timed by itself")
    import mish.torch

    return _compiled(mish.torch.mish, task)


def _compiled(function: Callable[..., Any], task: Task) -> Contender:
    x, dy = _tensor(task.x), _tensor(task.dy)
    arguments = (dy, x) if task.op == "backward" else (x,)
    made = _inductor(function)

    def call() -> Any:
        with torch.no_grad():
            return made(*arguments)

    return Contender(call, _array)


def _double_backward(x: torch.Tensor, function: Callable[[Any], Any]) -> Contender:
    """The second derivative alone, on a graph that the first one left."""
    leaf = x.clone().requires_grad_()
    ones = torch.ones_like(leaf)
    (first,) = torch.autograd.grad(function(leaf), leaf, ones, create_graph=True)

    def call() -> Any:
        return torch.autograd.grad(first, leaf, ones, retain_graph=True)[0]

    return Contender(call, _array)


def _aten_backward(dy: Any, x: Any) -> Any:
    return torch.ops.aten.mish_backward(dy, x)


@functools.cache
def _inductor(function: Callable[..., Any]) -> Callable[..., Any]:
    return torch.compile(function, dynamic=True)


def _tensor(array: npt.NDArray[Any]) -> torch.Tensor:
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def _array(tensor: torch.Tensor) -> npt.NDArray[Any]:
    tensor = tensor.detach()
    if tensor.dtype == torch.bfloat16:
        import ml_dtypes

        return tensor.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return tensor.numpy()
