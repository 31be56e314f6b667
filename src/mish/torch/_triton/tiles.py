"""A matrix in tiles: how it is cut, where a tile lies, what of it is in the matrix.

Columns lie side by side in memory. What is known when a kernel is compiled costs nothing when it
runs: a tile that lies wholly within the matrix has no mask, and where the number of columns is a
multiple of ``step`` so many columns share one comparison.

A mask is a tuple of one block, or an empty one where there is nothing to check: before Triton 3.7
no function could return None.
"""

from __future__ import annotations

from dataclasses import dataclass

import triton
import triton.language as tl


@dataclass(frozen=True)
class Tiling:
    """How a matrix is cut into tiles; kernels are compiled for one.

    It is no tuple: before Triton 3.7 a tuple loses its names on the way to a function's function.

    Attributes:
        block_rows: rows of a tile, a power of two.
        block_columns: columns of a tile, a power of two.
        rows: how many tiles follow each other downwards, or 0 if a kernel is not to know.
        columns: how many follow each other sideways, or 0.
        check_rows: whether the last tile may go beyond the last row.
        step: a power of two that divides the number of columns and ``block_columns``, or 0 if the
            last tile does not go beyond the last column.
    """

    block_rows: int
    block_columns: int
    rows: int
    columns: int
    check_rows: bool
    step: int


@triton.constexpr_function
def shape_of(tiling):
    """Of a tile."""
    return [tiling.block_rows, tiling.block_columns]


@triton.constexpr_function
def checks(tiling, row, column):
    """Whether a tile may go beyond the last row, and the step if beyond the last column, or 0."""
    return (
        tiling.check_rows and row == tiling.rows - 1,
        tiling.step if column == tiling.columns - 1 else 0,
    )


@triton.constexpr_function
def _factor_of_columns(tiling):
    return tiling.step or min(tiling.block_columns, 16)


@triton.jit
def divisible(columns, tiling: tl.constexpr):
    """The number of columns, told in a way that shows what divides it, so that rows are aligned."""
    factor: tl.constexpr = _factor_of_columns(tiling)
    return columns // factor * factor


@triton.jit
def offsets(stride, tiling: tl.constexpr):
    """Where the elements of the first tile lie; rows are ``stride`` apart."""
    i = tl.arange(0, tiling.block_rows)
    j = tl.arange(0, tiling.block_columns)
    return i[:, None] * stride + j[None, :]


@triton.jit
def step_to(stride, tiling: tl.constexpr, tile: tl.constexpr):
    """How far another tile is from the first."""
    return tile[0] * tiling.block_rows * stride + tile[1] * tiling.block_columns


@triton.jit
def inside(rows, columns, tiling: tl.constexpr, tile: tl.constexpr):
    """The mask of a tile's elements that are in a matrix of so many rows and columns."""
    checked: tl.constexpr = checks(tiling, tile[0], tile[1])
    step: tl.constexpr = checked[1]
    i = tile[0] * tiling.block_rows + tl.arange(0, tiling.block_rows)
    j = tile[1] * tiling.block_columns + tl.arange(0, tiling.block_columns)
    return within(i, j, rows, columns, checked[0], step)


@triton.jit
def within(i, j, rows, columns, check_rows: tl.constexpr, step: tl.constexpr):
    """The mask of those of rows i and columns j that are in a matrix.

    Args:
        i: rows.
        j: columns.
        rows: how many the matrix has.
        columns: how many it has, a multiple of ``step``.
        check_rows: whether some of i may be too large.
        step: a power of two, or 0 if none of j is too large.
    """
    if check_rows:
        if step:
            return ((i < rows)[:, None] & (j // step < columns // step)[None, :],)
        else:
            return ((i < rows)[:, None],)
    elif step:
        return ((j // step < columns // step)[None, :],)
    else:
        return ()


@triton.jit
def load(pointer, mask):
    """Load in the arithmetic of the format, float32 for 16 bits; 0 where the mask is not set."""
    if len(mask) == 0:  # noqa: SIM108 - only a statement leaves the other branch out
        x = tl.load(pointer)
    else:
        x = tl.load(pointer, mask=mask[0], other=0.0)
    return x.to(tl.float32) if x.dtype.primitive_bitwidth == 16 else x


@triton.jit
def store(pointer, value, mask):
    """Round to the format of the array, and store where the mask is set."""
    if len(mask) == 0:
        tl.store(pointer, value.to(pointer.dtype.element_ty))
    else:
        tl.store(pointer, value.to(pointer.dtype.element_ty), mask=mask[0])


@triton.jit
def cleared(value, mask):
    """The value, 0 where the mask is not set."""
    if len(mask) == 0:
        return value
    else:
        return tl.where(mask[0], value, 0.0)
