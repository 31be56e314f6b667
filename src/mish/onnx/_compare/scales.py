"""What numbers an input of a model is made for, as far as its graph tells.

A model that takes images of 0 to 255 begins by shifting and scaling them, or with a
normalisation that knows their mean and variance. Standard normal numbers would all be next to
zero behind that, and the comparison of two models would see one point of each Mish.
"""

from __future__ import annotations

import math

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.external_data_helper import uses_external_data

from mish.onnx._prove.operators import attributes, is_standard

_MOST = 1 << 16  # elements of a constant that is looked at
# what leaves the numbers alone, if not their order
_CARRIES = {"Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"}


def scale(model: onnx.ModelProto, name: str) -> tuple[float, float] | None:
    """The mean and the spread of an input behind whose first steps the numbers are standard normal.

    Args:
        model: The model.
        name: The input's name.

    Returns:
        None if the model does not begin by shifting or scaling that input.
    """
    constants = _constants(model.graph)
    factor, shift = 1.0, 0.0
    told = False
    while True:
        readers = [node for node in model.graph.node if name in node.input]
        if len(readers) != 1 or len(readers[0].output) < 1:
            break
        node = readers[0]
        step = _step(node, name, constants)
        if step is not None:
            factor, shift = step[0] * factor, step[0] * shift + step[1]
            told = True
        elif not (node.op_type in _CARRIES and node.domain in ("", "ai.onnx")):
            break
        name = node.output[0]
    if not told or factor == 0 or not math.isfinite(factor) or not math.isfinite(shift / factor):
        return None
    return -shift / factor, 1 / abs(factor)


def _step(
    node: onnx.NodeProto, name: str, constants: dict[str, onnx.TensorProto]
) -> tuple[float, float] | None:
    """The factor and the shift, on average, of a node that changes a value by such."""
    if is_standard(node, "BatchNormalization") and len(node.input) == 5 and name == node.input[0]:
        mean, variance = (_mean(constants, each) for each in node.input[3:])
        if mean is None or variance is None:
            return None
        factor = 1 / math.sqrt(max(variance, 0) + attributes(node).get("epsilon", 1e-5))
        return factor, -mean * factor
    if node.domain not in ("", "ai.onnx") or len(node.input) != 2:
        return None
    first = node.input[0] == name
    number = _mean(constants, node.input[1 if first else 0])
    if number is None:
        return None
    if node.op_type == "Add":
        return 1.0, number
    if node.op_type == "Sub":
        return (1.0, -number) if first else (-1.0, number)
    if node.op_type == "Mul":
        return number, 0.0
    if node.op_type == "Div" and first and number:
        return 1 / number, 0.0
    return None


def _constants(graph: onnx.GraphProto) -> dict[str, onnx.TensorProto]:
    found = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if is_standard(node, "Constant"):
            tensors = [each.t for each in node.attribute if each.name == "value"]
            found |= dict(zip(node.output, tensors, strict=False))
    return found


def _mean(constants: dict[str, onnx.TensorProto], name: str) -> float | None:
    """The mean of a constant's numbers, if they are here and not too many."""
    tensor = constants.get(name)
    if tensor is None or uses_external_data(tensor) or not 0 < math.prod(tensor.dims) <= _MOST:
        return None
    try:
        return float(np.mean(numpy_helper.to_array(tensor).astype(np.float64)))
    except (ValueError, TypeError):  # its data do not fill it, or are no numbers
        return None
