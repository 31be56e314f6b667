"""Finds the places of a quantised model that are Mish but for the quantisation inside them."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike

import numpy as np
import onnx
from onnx import helper

from mish.onnx._find.constants import Uniform, constant_of, uniform
from mish.onnx._find.search import find
from mish.onnx._find.site import Site
from mish.onnx._model.files import as_model, legible
from mish.onnx._model.scopes import Scope, all_nodes, scopes

_DOMAINS = ("", "ai.onnx", "com.microsoft")
_LAYERS = {"Conv", "ConvTranspose", "Gemm", "MatMul"}

# What ONNX Runtime's operators on quantised tensors compute, and where their inputs are that no
# scale and zero point follow, and those that they do.
_QUANTIZED: dict[str, tuple[str, tuple[int, ...], tuple[int, ...]]] = {
    "QLinearAdd": ("Add", (), (0, 3)),
    "QLinearLeakyRelu": ("LeakyRelu", (), (0,)),
    "QLinearMul": ("Mul", (), (0, 3)),
    "QLinearSigmoid": ("Sigmoid", (), (0,)),
    "QLinearWhere": ("Where", (0,), (1, 4)),
    "QuantizeLinear": ("Identity", (0,), ()),
    "DequantizeLinear": ("Identity", (), (0,)),
}


def find_quantized(model: onnx.ModelProto | str | PathLike[str]) -> list[Site]:
    """List the places that would be Mish if nothing between their parts were quantised.

    Rounding to a few bits makes them another function, so :func:`mish.onnx.find` does not list
    them and :func:`mish.onnx.optimize` leaves them. Mish between two quantised layers, with no
    quantisation inside, is none of them.

    Args:
        model: A model, or the path of one. Weights kept in other files are not read.

    Returns:
        The places, in the order of :func:`mish.onnx.find`.

    Raises:
        ModelError: If the path holds no readable ONNX model, or the model's types contradict
            each other.
    """
    model = as_model(model)
    with legible():
        return quantized_inside(model, find(model)) if is_quantized(model) else []


def can_be_quantized(model: onnx.ModelProto) -> bool:
    """Whether a model has what models are quantised for, and is not quantised yet."""
    bodies = (model.graph, *model.functions)
    layers = any(node.op_type in _LAYERS for body in bodies for node in all_nodes(body))
    return layers and not is_quantized(model)


def is_quantized(model: onnx.ModelProto) -> bool:
    """Whether some node of a model rounds a tensor to the numbers of a quantised type."""
    return any(
        node.domain in _DOMAINS and node.op_type in _QUANTIZED
        for body in (model.graph, *model.functions)
        for node in all_nodes(body)
    )


def quantized_inside(model: onnx.ModelProto, found: Iterable[Site]) -> list[Site]:
    """What :func:`find_quantized` lists of a model in which ``found`` are the sites of Mish.

    They are those that are found once every tensor stands for the real numbers that it means:
    then quantising changes nothing, and an operator on quantised tensors is its namesake.
    """
    if not is_quantized(model):
        return []
    real = onnx.ModelProto()
    real.CopyFrom(model)
    for body in (real.graph, *real.functions):
        for scope in scopes(body, overridable=real.ir_version >= 4):
            _dequantize(scope)
    known = {(site.graph, site.output) for site in found}
    return [site for site in find(real) if (site.graph, site.output) not in known]


def _dequantize(scope: Scope) -> None:
    """Let the nodes of a scope work on real numbers, and forget the types that they had."""
    for node in scope.body.node:
        if node.domain not in _DOMAINS or node.op_type not in _QUANTIZED:
            continue
        op, plain, quantized = _QUANTIZED[node.op_type]
        inputs = [*node.input, "", ""]
        real = [_real(scope, *inputs[place : place + 3]) for place in quantized]
        operands = [*(inputs[place] for place in plain), *(each for each in real if each)]
        if len(operands) < len(plain) + len(quantized):
            continue
        if op == "Identity":
            del node.attribute[:]
        del node.input[:]
        node.input.extend(operands)
        node.op_type, node.domain = op, ""
    del scope.body.value_info[:]
    if isinstance(scope.body, onnx.GraphProto):
        for value in scope.body.output:
            value.ClearField("type")


def _real(scope: Scope, name: str, scale: str, zero: str) -> str | None:
    """The name of a quantised value as real numbers: its own, or a new one if it is constant.

    None if it is a constant whose number is not told, or in a function, which cannot hold more.
    """
    quantized, step, offset = (_number(scope, each) for each in (name, scale, zero))
    if quantized is None:
        return name
    untold = step is None or (bool(zero) and offset is None)
    if untold or isinstance(scope.body, onnx.FunctionProto):
        return None
    number = float(np.float32(quantized - (offset or 0)) * np.float32(step))
    fresh = f"{name} as {number}"
    if fresh not in scope.fixed:
        scope.fixed[fresh] = helper.make_tensor(fresh, onnx.TensorProto.FLOAT, [], [number])
        scope.body.initializer.append(scope.fixed[fresh])
    return fresh


def _number(scope: Scope, name: str) -> float | None:
    found = constant_at(scope, name)
    return None if found is None else float(found.value)


def constant_at(scope: Scope, name: str) -> Uniform | None:
    """The one number that a constant of this name holds, or None if it is no such constant."""
    owner = scope.owner(name) if name else None
    if owner is None:
        return None
    if name in owner.fixed:
        return uniform(owner.fixed[name])
    return constant_of(owner.makers[name][1]) if name in owner.makers else None
