"""Second derivatives of PyTorch's own mish.

PyTorch's node of the autograd graph, MishBackward0, calls ``aten::mish_backward``, except when a
graph of the backward pass is wanted: then it computes with exp, log1p and tanh, whose derivatives
are lost in the tails and NaN above 88.7. No kernel that could be replaced is asked. So every such
node is given a hook, just before the engine starts, that puts our differentiable operator's result
in the place of PyTorch's. A node is visited only when a graph is wanted, so ordinary training pays
nothing.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from mish.torch import _private, _state
from mish.torch._ops import OPERATORS

_CREATE_GRAPH = 2  # its place among the arguments that follow the outputs


@functools.cache
def install() -> None:
    """Come between PyTorch and its engine; does nothing while `accelerate` does not hold."""
    if not _private.is_there("torch.autograd.graph:_engine_run_backward"):
        return
    engine = torch.autograd.graph._engine_run_backward

    @functools.wraps(engine)
    def run_backward(outputs: Any, *args: Any, **kwargs: Any) -> Any:
        if not (_state.accelerated and args[_CREATE_GRAPH]):
            return engine(outputs, *args, **kwargs)
        with _hooks(outputs):
            return engine(outputs, *args, **kwargs)

    for module in (torch.autograd.graph, torch.autograd):
        vars(module)["_engine_run_backward"] = run_backward


@contextlib.contextmanager
def _hooks(outputs: Iterable[Any]) -> Iterator[None]:
    handles = [
        node.register_hook(functools.partial(_replace, node))
        for node in _nodes(outputs)
        if node.name() == "MishBackward0"
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _nodes(outputs: Iterable[Any]) -> Iterable[Any]:
    """Every node that the engine can reach from tensors or gradient edges."""
    waiting = [
        getattr(output, "grad_fn", None) or getattr(output, "node", None) for output in outputs
    ]
    found: set[Any] = set()
    while waiting:
        node = waiting.pop()
        if node is None or node in found:
            continue
        found.add(node)
        waiting += [following for following, _ in node.next_functions]
    return found


def _replace(
    node: Any, by_x: tuple[Tensor | None, ...], by_y: tuple[Tensor | None, ...]
) -> tuple[Tensor, ...] | None:
    (dy,) = by_y
    if dy is None:
        return None
    try:
        x = node._saved_self
    except RuntimeError:  # checkpointing gives a tensor once only, and PyTorch has had it
        return None
    if not (x.is_cpu or x.is_cuda):
        return None
    return (OPERATORS.backward.default(dy, x),)
