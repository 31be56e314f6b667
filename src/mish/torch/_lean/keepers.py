"""What operations do with their input in training: keep it, pass it on, write over it.

An operation keeps its input where its gradient is computed from it. What is not named here is taken
not to keep it. `tests/torch/test_keepers.py` compares every name with what PyTorch saves.
"""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.fx import Node

KEEPS = {
    *(f"conv{d}d" for d in (1, 2, 3)),
    *(f"conv_transpose{d}d" for d in (1, 2, 3)),
    *(f"max_pool{d}d" for d in (1, 2, 3)),
    *(f"avg_pool{d}d" for d in (1, 2, 3)),
    *("linear", "bilinear", "matmul", "mm", "bmm", "einsum", "addmm", "baddbmm"),
    *("batch_norm", "instance_norm", "group_norm", "layer_norm", "rms_norm"),
    *(
        "gelu",
        "silu",
        "mish",
        "elu",
        "celu",
        "selu",
        "softplus",
        "leaky_relu",
        "prelu",
        "hardswish",
    ),
    *("scaled_dot_product_attention", "square", "sin", "cos", "log", "abs"),
}
# The result is the same memory, seen in another way; of the last two lines it may be.
PASSES = {
    *("view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "expand", "expand_as"),
    *("transpose", "permute", "movedim", "swapaxes", "swapdims", "t", "T", "mT"),
    *("chunk", "split", "unbind", "narrow", "select", "getitem", "view_as", "getattr", "detach"),
    *("contiguous", "reshape_as", "to", "type", "type_as"),
    *("float", "double", "half", "bfloat16"),
}
_PRODUCTS = {"mul", "multiply", "div", "truediv", "divide"}  # keep each factor for the other

_KEEPING_MODULES: tuple[type[nn.Module], ...] = (
    *(nn.modules.conv._ConvNd, nn.Linear, nn.Bilinear, nn.MultiheadAttention),
    *(nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm),
    *(nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d),
    *(nn.GELU, nn.SiLU, nn.Mish, nn.ELU, nn.CELU, nn.SELU, nn.Softplus, nn.LeakyReLU, nn.PReLU),
    *(nn.Hardswish, nn.RNNBase),
)
_PASSING_MODULES = (nn.Identity, nn.Flatten, nn.Unflatten)


def module_keeps(module: nn.Module) -> bool:
    """Whether a module of PyTorch keeps its input."""
    return isinstance(module, _KEEPING_MODULES)


def module_passes(module: nn.Module) -> bool:
    """Whether the output of a module is its input, seen in another way."""
    if isinstance(module, nn.modules.dropout._DropoutNd):
        return module.p == 0
    return isinstance(module, _PASSING_MODULES)


def operation(node: Node) -> str:
    """The name of what a node calls, without ``_`` for what works in place."""
    target: Any = node.target
    name = str(target if node.op == "call_method" else getattr(target, "__name__", target))
    return name.removesuffix("_")


def keeps(node: Node, value: Node) -> bool:
    """Whether the operation of a node keeps ``value``, one of its arguments."""
    name = operation(node)
    if name in _PRODUCTS:
        return any(isinstance(each, Node) and each is not value for each in node.args[:2])
    return name in KEEPS


def writes_over(node: Node, value: Node) -> bool:
    """Whether the operation of a node changes ``value``, its first argument."""
    if not node.args or node.args[0] is not value:
        return node.kwargs.get("out") is value
    target: Any = node.target
    name = str(target if node.op == "call_method" else getattr(target, "__name__", ""))
    augmented = getattr(target, "__module__", "") == "_operator" and name in _AUGMENTED
    in_place = name.endswith("_") and not name.endswith("__")
    return augmented or in_place or bool(node.kwargs.get("inplace")) or name == "setitem"


_AUGMENTED = {
    f"i{name}" for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
}
