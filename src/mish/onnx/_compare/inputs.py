"""Inputs for running a model: made up, or read from a file and checked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import onnx

from mish._support.files import read_arrays
from mish._support.given import misfit
from mish.onnx._compare.scales import scale
from mish.onnx._model.files import ModelError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, NodeArg  # type: ignore[import-untyped]

Arrays = dict[str, npt.NDArray[np.generic]]
Open = str | tuple[str, int]  # what an axis without a size is called, or where it is

_MOST = 1 << 28  # elements; more than any real input, and 2 GiB while they are made
_BATCH = 1
_OPEN_AXIS = 64  # enough for a convolutional network that halves its image five times
_STEP = 32  # leaves it so

_DTYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(bool)": np.bool_,
    **{
        f"tensor({kind}{bits})": np.dtype(f"{kind}{bits}").type
        for kind in ("int", "uint")
        for bits in (8, 16, 32, 64)
    },
}


def load(path: Path) -> Arrays:
    """Read the arrays of an .npz file.

    Raises:
        ModelError: If the file cannot be read, or is not an .npz file of plain arrays.
    """
    try:
        return read_arrays(path)
    except ValueError as error:
        raise ModelError(str(error)) from error


def generate(model: onnx.ModelProto, session: InferenceSession, seed: int = 0) -> Iterator[Arrays]:
    """Make up sets of inputs, each with one array for each name that a session needs.

    Floats are standard normal, integers and booleans 0 or 1, so that they are valid as indices
    wherever there are two of a thing. But where a model begins by shifting and scaling an input,
    that is of such numbers that they are standard normal afterwards.

    In the first set an axis of unknown size gets 1 if it is a first axis anywhere, as a batch is,
    and else 64. What makes different sizes out of different axes does not show there, so in the
    sets that follow, fewer and fewer axes have the size of another; a model need not take those.
    Axes of the same name get the same size in all of them.

    Args:
        model: The model of the session.
        session: The session.
        seed: Seed of the numbers.

    Raises:
        ModelError: If an input has a type or a shape that cannot be made up.
    """
    nodes = {node.name: node for node in session.get_inputs()}
    axes = {name: _axes(node, model) for name, node in nodes.items()}
    scales = {name: scale(model, name) for name in nodes}
    for index, sizes in enumerate(_sizes(list(axes.values()))):
        shapes = {
            name: [axis if isinstance(axis, int) else sizes[axis] for axis in each]
            for name, each in axes.items()
        }
        large = [name for name, shape in shapes.items() if _is_large(shape)]
        if large and index == 0:
            raise ModelError(
                f"the input {large[0]} of shape {shapes[large[0]]} is too large to be made up; "
                "give a smaller one"
            )
        if not large:
            rng = np.random.default_rng(seed)
            yield {
                name: _numbers(np.dtype(_dtype(node)), shapes[name], scales[name], rng)
                for name, node in nodes.items()
            }


def _sizes(shapes: list[list[int | Open]]) -> list[dict[Open, int]]:
    """Sizes for the open axes: the usual ones, then as different ones as can be, then less so."""
    first = {axes[0] for axes in shapes if axes}
    opened = dict.fromkeys(axis for axes in shapes for axis in axes if not isinstance(axis, int))
    batches = [axis for axis in opened if axis in first]
    others = [axis for axis in opened if axis not in first]
    usual = dict.fromkeys(batches, _BATCH) | dict.fromkeys(others, _OPEN_AXIS)
    batches_apart = {axis: _BATCH + 1 + i for i, axis in enumerate(batches)}
    others_apart = {axis: _OPEN_AXIS + _STEP * i for i, axis in enumerate(others)}
    found: list[dict[Open, int]] = [usual]
    for sizes in (batches_apart | others_apart, usual | batches_apart, usual | others_apart):
        if len({*sizes.values()}) > len({*usual.values()}) and sizes not in found:
            found.append(sizes)
    return found


def _axes(node: NodeArg, model: onnx.ModelProto) -> list[int | Open]:
    """The length of each axis of an input, or what its open axes are told apart by."""
    if not _has_shape(node, model):
        raise ModelError(
            f"the input {node.name} has no shape in the model, so none can be made up; "
            "give one, with --input FILE.npz or from Python"
        )
    return [(node.name, axis) if size is None else size for axis, size in enumerate(node.shape)]


def _has_shape(node: NodeArg, model: onnx.ModelProto) -> bool:
    """Whether the rank of an input is known; a session's list is empty if not, as for a scalar."""
    kinds = {value.name: value.type.tensor_type for value in model.graph.input}
    return node.name not in kinds or kinds[node.name].HasField("shape")


def _is_large(shape: list[int]) -> bool:
    return min(shape, default=1) < 0 or math.prod(shape) > _MOST


def _numbers(
    dtype: np.dtype[np.generic],
    shape: list[int],
    wanted: tuple[float, float] | None,
    rng: np.random.Generator,
) -> npt.NDArray[np.generic]:
    if dtype.kind != "f" and wanted is None:
        return rng.integers(0, 2, shape).astype(dtype)
    mean, spread = wanted or (0.0, 1.0)
    made = np.asarray(mean + spread * rng.standard_normal(shape))
    if dtype.kind in "iu":
        limits = np.iinfo(dtype.name)
        made = np.clip(np.rint(made), limits.min, limits.max)
    return made.astype(dtype)


def check(
    arrays: Mapping[str, npt.NDArray[np.generic]], model: onnx.ModelProto, session: InferenceSession
) -> None:
    """See that arrays are what a session takes: every input, no other, in its type and shape.

    Args:
        arrays: The arrays by name.
        model: The model of the session.
        session: The session.

    Raises:
        ModelError: If they are not.
    """
    nodes = {node.name: node for node in session.get_inputs()}
    wrong = misfit(sorted(nodes.keys() - arrays.keys()), sorted(arrays.keys() - nodes.keys()))
    if wrong:
        raise ModelError(f"{wrong}; the model takes {', '.join(nodes) or 'none'}")
    for name, array in arrays.items():
        node = nodes[name]
        fits = not _has_shape(node, model) or (
            len(array.shape) == len(node.shape)
            and all(
                isinstance(wanted, str | None) or wanted == got
                for wanted, got in zip(node.shape, array.shape, strict=True)
            )
        )
        if array.dtype != _dtype(node) or not fits:
            shape = ", ".join("any" if size is None else str(size) for size in node.shape)
            raise ModelError(
                f"the input {name} is {array.dtype} of shape {list(array.shape)}; "
                f"the model takes {node.type} of shape [{shape}]"
            )


def _dtype(node: NodeArg) -> type[np.generic]:
    if node.type not in _DTYPES:
        raise ModelError(f"the input {node.name} has the type {node.type}, which is not supported")
    return _DTYPES[node.type]
