"""What the kernels of layers fused with Mish cost on a GPU, from their machine code, without one.

They are compiled as they are launched for a tensor. A thread executes some instructions once and
some for each tile of a loop; those of all threads are counted, over the elements of the tensor. So
what threads do beyond the edges of a matrix counts as well, and so do sums over threads. Waiting at
barriers does not.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

from mish._truth.formats import BYTES
from mish.cost import _cubin, _sass
from mish.cost._gpu import _ALIGNED, _SIGNATURES, CAPABILITY, GpuCount, compiled_for

FUSED = ("group_norm", "group_norm_grad", "affine", "affine_grad")
"""Group normalisation and Mish, and mish(x·scale + shift) by channel; forward and backward."""

_STATISTICS = {"mean", "rstd", "dweight", "dbias", "dscale", "dshift"}
_INTEGERS = {"places", "rows", "columns", "rows_of_part", "columns_of_part"}


class Layer(NamedTuple):
    """A tensor that such a layer works on.

    Attributes:
        shape: samples, channels and places.
        last: whether channels come last in memory.
        groups: of channels, for group normalisation.
    """

    shape: tuple[int, int, int]
    last: bool = False
    groups: int = 8

    def __str__(self) -> str:
        return "x".join(map(str, self.shape)) + (" last" if self.last else "")


# Of diffusion policies and Matcha-TTS, and of YOLOv4.
_SHAPES = {
    "group_norm": ((256, 512, 64), (64, 256, 400)),
    "affine": ((16, 64, 208 * 208), (16, 256, 52 * 52)),
}


def layers_for(operation: str) -> list[Layer]:
    """Tensors that networks have, in both layouts."""
    shapes = _SHAPES[operation.removesuffix("_grad")]
    return [Layer(shape, last) for shape in shapes for last in (False, True)]


class Compiled(NamedTuple):
    """A compiled kernel with its ``asm``, how many programs it has, and how many tiles in all."""

    kernel: Any
    programs: int
    tiles: int


@functools.cache
def compiled(
    operation: str, dtype: str, layer: Layer, function: Any = None, capability: int = CAPABILITY
) -> Compiled:
    """Compile a kernel as it is launched for a tensor.

    Args:
        operation: one of `FUSED`.
        dtype: ``"float16"``, ``"bfloat16"``, ``"float32"`` or ``"float64"``.
        layer: the tensor.
        function: a device function in the place of Mish or of its derivative.
        capability: the compute capability of the GPU, times ten.
    """
    import torch

    from mish.torch._triton import fused

    backward = operation.endswith("_grad")
    x = torch.empty(layer.shape, dtype=getattr(torch, dtype), device="meta")
    if operation.startswith("affine"):
        kernel, grid, arguments = fused.affine_launch(x, layer.last, backward)
        arguments |= {"has_scale": True}
    else:
        kernel, grid, arguments = fused.group_norm_launch(x, layer.groups, layer.last, backward)
        arguments |= {"has_weight": True, "has_bias": True, "eps": 1e-5}
    if function is not None:
        arguments["first" if backward else "function"] = function
    options = {name: arguments.pop(name) for name in ("num_warps", "enable_fp_fusion")}
    signature, aligned = {}, {}
    sums = _SIGNATURES["float64" if dtype == "float64" else "float32"]
    for i, name in enumerate(kernel.arg_names):
        if name in _INTEGERS:
            signature[name] = "i32"
        elif name in arguments or name == "eps":
            signature[name] = "constexpr"
        else:
            signature[name] = sums if name in _STATISTICS else _SIGNATURES[dtype]
        if signature[name] != "constexpr" and arguments.get(name, 0) % 16 == 0:
            aligned[(i,)] = _ALIGNED
    constants = {name: arguments[name] for name, kind in signature.items() if kind == "constexpr"}
    tiling = arguments["tiling"]
    programs = math.prod(grid)
    tiles = programs
    if "rows" in arguments:
        down = -(-arguments["rows"] // tiling.block_rows)
        across = -(-arguments["columns"] // tiling.block_columns)
        tiles = down * across * (layer.shape[1] if backward and not layer.last else 1)
    return Compiled(
        compiled_for(capability, kernel, signature, constants, aligned, options), programs, tiles
    )


def count_fused(
    operation: str, dtype: str, layer: Layer, function: Any = None, capability: int = CAPABILITY
) -> GpuCount:
    """Count what all threads of a kernel execute, over the elements; arguments as in `compiled`.

    Bytes are those of the tensors of the layer's shape: without weights, statistics and sums.

    Raises:
        ModuleNotFoundError: if PyTorch or Triton is not installed.
        ValueError: if groups are too large for registers, or the machine code is not understood.
    """
    kernel, programs, tiles = compiled(operation, dtype, layer, function, capability)
    binary = kernel.asm["cubin"]
    code = _sass.parse(_cubin.machine_code(binary))
    once, each = map(_sass.count, _sass.once_and_each(code))
    threads = 32 * kernel.metadata.num_warps / math.prod(layer.shape)
    registers, spilled = _cubin.resources(binary)
    return GpuCount(
        f"{operation} {layer}",
        dtype,
        {name: threads * (programs * once[name] + tiles * each[name]) for name in _sass.CLASSES},
        (3 if operation.endswith("_grad") else 2) * BYTES[dtype],
        registers,
        spilled,
    )
