"""Instructions an element of each kernel, from its machine code."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import capstone  # type: ignore[import-untyped]

from mish._numpy import native
from mish._truth.formats import BYTES
from mish.cost._binary import disassemble, place
from mish.cost._classes import CLASSES, Kind, classify
from mish.cost._follow import Path

FORMATS = ("float16", "bfloat16", "float32", "float64")
OPERATIONS = ("mish", "mish_d1", "mish_d2", "mish_d3", "mish_grad")

_ELEMENTS = 512  # a whole number of every kernel's blocks


@dataclass(frozen=True)
class Count:
    """What a kernel's main loop executes for one element while no lane is a rare case.

    Attributes:
        operation: ``"mish"``, ``"mish_d1"``, ``"mish_d2"``, ``"mish_d3"`` or ``"mish_grad"``.
        dtype: the format of its arrays.
        isa: the instruction set that it was compiled for.
        instructions: how many of each class, by the names of ``CLASSES``.
        loads: instructions that read memory, also those that compute on what they read.
        stores: instructions that write memory.
        vector: instructions that need a vector unit.
        flops: floating-point operations, lane by lane; a fused multiply-add is two.
        bytes: what an element takes in the arrays: inputs and output.
    """

    operation: str
    dtype: str
    isa: str
    instructions: Mapping[str, float]
    loads: float
    stores: float
    vector: float
    flops: float
    bytes: int

    @property
    def total(self) -> float:
        """All instructions."""
        return sum(self.instructions.values())

    @property
    def intensity(self) -> float:
        """Floating-point operations a byte of the arrays."""
        return self.flops / self.bytes

    @property
    def looked_up(self) -> bool:
        """Whether most calls do not run this kernel but read its results from a table.

        They are the calls of 16-bit formats where AVX-512 does not compute: see native/lookup.h.
        """
        return self.dtype in ("float16", "bfloat16") and self.isa != "avx512"


def isas() -> list[str]:
    """Name the instruction sets that the module has kernels for."""
    return list(dict.fromkeys(isa for isa, _, _ in native.kernel_addresses()))


def element_size(dtype: str) -> int:
    """Give the bytes of an element."""
    return BYTES[dtype]


@functools.lru_cache(maxsize=64)
def count(operation: str, dtype: str, isa: str) -> Count:
    """Count the instructions of a kernel.

    The main loop's share is the difference between two lengths, so what is done once a call, and
    for the leftovers of an array, is not in it.

    Raises:
        Unreadable: the machine code cannot be read on this system.
        ValueError: there is no such kernel.
    """
    path = _kernel(operation, dtype, isa)
    once, twice = (Counter(path.trace(n)) for n in (_ELEMENTS, 2 * _ELEMENTS))
    width = max(BYTES[dtype], 4)
    share = {
        index: (times - once.get(index, 0)) / _ELEMENTS
        for index, times in twice.items()
        if times > once.get(index, 0)
    }
    kinds: dict[int, Kind] = {index: classify(path.code[index], width) for index in share}
    classes = dict.fromkeys(CLASSES, 0.0)
    for index, times in share.items():
        classes[kinds[index].name] += times

    def total(of: str) -> float:
        return float(sum(times * getattr(kinds[index], of) for index, times in share.items()))

    flops = sum(
        times * kinds[index].lanes * (2 if kinds[index].name == "fma" else 1)
        for index, times in share.items()
    )
    arrays = 3 if operation == "mish_grad" else 2
    return Count(
        operation=operation,
        dtype=dtype,
        isa=isa,
        instructions=classes,
        loads=total("loads"),
        stores=total("stores"),
        vector=total("vector"),
        flops=flops,
        bytes=arrays * BYTES[dtype],
    )


def block(operation: str, dtype: str, isa: str) -> tuple[list[capstone.CsInsn], float]:
    """Give the instructions of one turn of the main loop in order, and for how many elements.

    Raises:
        Unreadable, ValueError: as ``count``.
    """
    path = _kernel(operation, dtype, isa)
    trace = path.trace(4 * _ELEMENTS)
    times = Counter(trace)
    more = Counter(path.trace(5 * _ELEMENTS))
    # the place that is passed least often among those that the length of the arrays decides on
    marker = min(
        (index for index in times if more[index] > times[index]), key=lambda index: times[index]
    )
    turns = [i for i, index in enumerate(trace) if index == marker]
    first, second = turns[len(turns) // 2 - 1 : len(turns) // 2 + 1]
    elements = _ELEMENTS / (more[marker] - times[marker])
    return [path.code[index] for index in trace[first:second]], elements


@functools.lru_cache(maxsize=64)
def _kernel(operation: str, dtype: str, isa: str) -> Path:
    if operation not in OPERATIONS or dtype not in FORMATS or isa not in isas():
        raise ValueError(
            f"there is no kernel {operation} in {dtype} for {isa}; operations: "
            f"{', '.join(OPERATIONS)}; dtypes: {', '.join(FORMATS)}; for: {', '.join(isas())}"
        )
    which = (isa, OPERATIONS.index(operation), FORMATS.index(dtype))
    start = place(native.kernel_addresses()[which])
    arrays = 3 if operation == "mish_grad" else 2
    return Path(start, disassemble, [BYTES[dtype]] * arrays)
