"""Which tiling of a matrix costs the fewest instructions, and how many warps share a tile.

Few threads with many elements each are best: what a thread does once, for sums over threads above
all, is then shared by more elements. Registers are the limit, and elements beyond the edges of the
matrix are computed for nothing.
"""

from __future__ import annotations

import functools
from dataclasses import replace

from mish.torch._triton.tiles import Tiling

_LANES = 32
_WARPS = (1, 2, 4, 8)
# 4-byte registers of a thread that may hold elements. It has 255 in all, and Mish takes some 30.
_REGISTERS = 112
# About what kernels execute, in instructions: for an element, for a thread, and for each channel
# that a thread has elements of, forward and backward, where sums over threads belong to each.
_ELEMENT, _THREAD, _CHANNEL = 30, 150, (6, 24)
_NARROWEST = 64  # bytes side by side, so that the memory reads nothing in vain


def _cover(count: int) -> int:
    """The power of two that is not less."""
    return 1 << (count - 1).bit_length()


def _step(columns: int, block: int) -> int:
    """See `Tiling`."""
    return 0 if columns % block == 0 else min(16, block, columns & -columns)


def _tiling(rows: int, columns: int, block_rows: int, block_columns: int) -> Tiling:
    return Tiling(
        block_rows,
        block_columns,
        -(-rows // block_rows),
        -(-columns // block_columns),
        rows % block_rows != 0,
        _step(columns, block_columns),
    )


def for_any_number(tiling: Tiling) -> Tiling:
    """Without the numbers of tiles, so that a kernel is not compiled for each."""
    return replace(tiling, rows=0, columns=0)


@functools.lru_cache(4096)
def in_registers(
    rows: int, columns: int, size: int, last: bool, backward: bool
) -> tuple[Tiling, int] | None:
    """The tiling, and the warps, of a program that keeps a whole matrix.

    Args:
        rows: of the matrix.
        columns: of the matrix, side by side in memory.
        size: bytes of an element in memory; in registers it has 4 or 8.
        last: whether columns are channels; else rows are.
        backward: whether two numbers for each element are kept, or one.

    Returns:
        None if the matrix is too large.
    """
    vector = min(16 // size, columns & -columns)
    most = _REGISTERS // (max(size, 4) // 4 * (2 if backward else 1))
    narrowest = min(_cover(columns), max(vector, _NARROWEST // size))
    best = None
    for warps in _WARPS:
        tile = _LANES * warps * vector
        block_columns = narrowest
        while block_columns <= min(_cover(columns), tile):
            block_rows = min(tile // block_columns, _cover(rows))
            tiling = _tiling(rows, columns, block_rows, block_columns)
            each = tiling.rows * tiling.columns * vector
            channels = tiling.columns * vector if last else tiling.rows
            work = _LANES * warps * (each * _ELEMENT + channels * _CHANNEL[backward] + _THREAD)
            if each <= most and (best is None or work < best[0]):
                best = work, tiling, warps
            block_columns *= 2
    return None if best is None else best[1:]


@functools.lru_cache(4096)
def one_by_one(
    rows: int, columns: int, size: int, elements: int, widest: int | None = None
) -> tuple[Tiling, int]:
    """The tiling, and the warps, of programs that go through a matrix of any size.

    Args:
        rows: of the matrix.
        columns: of the matrix, side by side in memory.
        size: bytes of an element in memory.
        elements: how many of a tile a thread has.
        widest: columns of a tile at most; a power of two.
    """
    most = _LANES * 4 * elements
    widest = min(_cover(columns), widest or most, most)
    block_columns = min(_cover(columns), _NARROWEST // size)
    best = None
    while block_columns <= widest:
        block_rows = min(most // block_columns, _cover(rows))
        tiling = _tiling(rows, columns, block_rows, block_columns)
        work = tiling.rows * tiling.columns * max(block_rows * block_columns, most // 2)
        if best is None or work <= best[0]:
            best = work, tiling
        block_columns *= 2
    assert best is not None
    tiling = best[1]
    tile = tiling.block_rows * tiling.block_columns
    return tiling, max(1, tile // (_LANES * elements))
