"""What the Triton kernels cost on a GPU, from their machine code; no GPU is needed.

Triton compiles for a given architecture anywhere, and its package brings NVIDIA's assembler and
disassembler along. Counted is what a thread executes whose block lies wholly within the array.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from mish._truth.formats import BYTES
from mish.cost import _cubin, _sass

CAPABILITY = 90  # of H100 and H200
_SIGNATURES = {"float16": "*fp16", "bfloat16": "*bf16", "float32": "*fp32", "float64": "*fp64"}
_ORDERS = {"mish": 0, "mish_d1": 1, "mish_d2": 2, "mish_d3": 3, "mish_grad": 1}
_ALIGNED = [["tt.divisibility", 16]]


class Device(NamedTuple):
    """A GPU: its name, multiprocessors, clock in Hz and memory bandwidth in bytes a second."""

    name: str
    multiprocessors: int
    clock: float
    bandwidth: float


# Multiprocessors and bandwidth are from NVIDIA's data sheets; the clock is assumed: the chips may
# run faster (1.98 GHz at most), and slower under load.
DEVICES = (Device("H100 SXM", 132, 1.7e9, 3.35e12), Device("H200 SXM", 132, 1.7e9, 4.8e12))

_LANES = 128  # instructions a multiprocessor issues in a cycle, times lanes of each
# Results a multiprocessor of capability 9.0 gives in a cycle: CUDA C++ Programming Guide,
# "Throughput of Native Arithmetic Instructions". Comparisons and integers share one pipe.
_ARITHMETIC = {"float16": 128, "bfloat16": 128, "float32": 128, "float64": 64}
_OTHERS = ((("select", "integer"), 64), (("convert",), 64), (("special",), 16))


@dataclass(frozen=True)
class GpuCount:
    """What a kernel executes for an element.

    Attributes:
        operation: as in `Count`.
        dtype: the format of its arrays.
        instructions: how many of each class, by the names of ``SASS_CLASSES``.
        bytes: what an element takes in the arrays: inputs and output.
        registers: of a thread.
        spilled: bytes of local memory a thread uses; anything but 0 is a defect.
    """

    operation: str
    dtype: str
    instructions: Mapping[str, float]
    bytes: int
    registers: int
    spilled: int

    @property
    def total(self) -> float:
        """All instructions."""
        return sum(self.instructions.values())


@functools.cache
def compiled(operation: str, dtype: str, capability: int = CAPABILITY) -> Any:
    """Compile a kernel as it is launched; returns Triton's compiled kernel with its ``asm``."""
    import torch

    from mish.torch._triton import launch, pointwise

    kernel, names = pointwise.unary, ["y", "x"]
    if operation == "mish_grad":
        kernel, names = pointwise.weighted, ["y", "weight", "x"]
    kind = getattr(torch, dtype)
    constants = {
        "function": launch.function_for(kind, _ORDERS[operation]),
        "block": launch.block_for(kind),
        "wide": False,
    }
    signature = dict.fromkeys(names, _SIGNATURES[dtype]) | {"size": "i32"}
    signature |= dict.fromkeys(constants, "constexpr")
    aligned = {(i,): _ALIGNED for i in range(len(names))}
    return compiled_for(capability, kernel, signature, constants, aligned, launch.options())


def compiled_for(
    capability: int,
    kernel: Any,
    signature: dict[str, str],
    constants: dict[str, Any],
    aligned: dict[tuple[int], Any],
    options: dict[str, Any],
) -> Any:
    """Compile a kernel for a compute capability, times ten; no device is needed.

    Args:
        capability: of the GPU.
        kernel: Triton's function.
        signature: the types of its arguments by name, in their order.
        constants: the values of those of type ``constexpr``.
        aligned: what is known of others, by place.
        options: how it is launched.
    """
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    source = ASTSource(kernel, signature, constants, aligned)
    return triton.compile(source, target=GPUTarget("cuda", capability, 32), options=options)


def count_gpu(operation: str, dtype: str, capability: int = CAPABILITY) -> GpuCount:
    """Count what a kernel executes for an element.

    Args:
        operation: ``"mish"``, ``"mish_d1"``, ``"mish_d2"``, ``"mish_d3"`` or ``"mish_grad"``.
        dtype: ``"float16"``, ``"bfloat16"``, ``"float32"`` or ``"float64"``.
        capability: the compute capability of the GPU, times ten.

    Raises:
        ModuleNotFoundError: if PyTorch or Triton is not installed.
        ValueError: if the machine code is not understood.
    """
    import torch

    from mish.torch._triton import launch

    kernel = compiled(operation, dtype, capability)
    threads = 32 * kernel.metadata.num_warps
    elements = launch.block_for(getattr(torch, dtype)) // threads
    binary = kernel.asm["cubin"]
    counted = _sass.count(_sass.fast_path(_sass.parse(_cubin.machine_code(binary))))
    registers, spilled = _cubin.resources(binary)
    arrays = 3 if operation == "mish_grad" else 2
    return GpuCount(
        operation,
        dtype,
        {name: counted[name] / elements for name in _sass.CLASSES},
        arrays * BYTES[dtype],
        registers,
        spilled,
    )


def predict_gpu(count: GpuCount, device: Device) -> tuple[float, float, str]:
    """The least time of an element, by memory and by arithmetic.

    Args:
        count: what the kernel executes.
        device: the GPU; each thread of it is assumed busy, and nothing to wait for anything.

    Returns:
        Seconds by the memory's bandwidth, seconds by instructions, and the resource that the
        instructions use most of: ``"issue"``, ``"arithmetic"`` or a class of instructions.
    """
    counts = count.instructions
    arithmetic = counts["fma"] + counts["multiply"] + counts["add"]
    cycles = {"issue": count.total / _LANES, "arithmetic": arithmetic / _ARITHMETIC[count.dtype]}
    for names, lanes in _OTHERS:
        cycles[" and ".join(names)] = sum(counts[name] for name in names) / lanes
    busiest = max(cycles, key=lambda name: cycles[name])
    by_instructions = cycles[busiest] / (device.multiprocessors * device.clock)
    return count.bytes / device.bandwidth, by_instructions, busiest
