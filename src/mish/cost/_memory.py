"""What a layer with Mish keeps for the backward pass.

A map is a tensor of the layer's size. It is kept by whoever computes a gradient from it: a
normalisation keeps its input; Mish its input, or its output, or bits; and the next layer its own
input, which is Mish's output, if it is a convolution, a linear layer or a matrix product. What two
keep is one memory. `tests/cost/test_memory.py` compares the account with what PyTorch keeps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

ELEMENTS = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}  # bytes


@dataclass(frozen=True)
class Kept:
    """What is kept of one layer: maps of its size, and bits for each of its numbers besides.

    Attributes:
        way: what computes Mish.
        norm: whether a normalisation stands before it.
        next_keeps: whether the layer after it keeps its input.
        maps: whole maps.
        bits: for each number, besides.
    """

    way: str
    norm: bool
    next_keeps: bool
    maps: int
    bits: int = 0

    def bytes(self, numbers: int, element: int) -> int:
        """Of a layer of so many numbers, of so many bytes each."""
        return self.maps * numbers * element + math.ceil(numbers / 8) * self.bits


def ways(norm: bool, next_keeps: bool) -> list[Kept]:
    """Everything that can be done about one kind of layer, PyTorch's own first."""
    after = int(next_keeps)  # the output, for the next layer
    before = int(norm)  # the input of the normalisation

    def kept(way: str, maps: int, bits: int = 0) -> Kept:
        return Kept(way, norm, next_keeps, maps, bits)

    found = [
        kept("nn.Mish", before + 1 + after),
        kept("nn.ReLU", before + 1),  # it keeps its output
        kept("Mish, output", before + 1),
        kept("Mish, output+bit", before + 1, 1),
        *(kept(f"Mish, {bits}bit", before + after, bits) for bits in (4, 2, 1)),
    ]
    if norm:
        found += [
            kept("NormMish, input", 1 + after),
            kept("NormMish, output", 1),
            kept("NormMish, output+bit", 1, 1),
        ]
    return found


def account() -> list[Kept]:
    """Each way for each kind of layer."""
    kinds = [(norm, next_keeps) for next_keeps in (True, False) for norm in (False, True)]
    return [each for kind in kinds for each in ways(*kind)]


def numbers(shape: str) -> int:
    """How many numbers a tensor has, whose shape is written as 16x64x208x208.

    Raises:
        ValueError: if it is not written so.
    """
    sizes = shape.lower().replace("×", "x").split("x")
    if not all(size.isascii() and size.isdigit() and int(size) for size in sizes):
        raise ValueError(f"a shape is written as 16x64x208x208, and {shape!r} is not")
    return math.prod(map(int, sizes))
