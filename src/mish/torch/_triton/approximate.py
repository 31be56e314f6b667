"""The approximate instructions of NVIDIA's GPUs.

One instruction each, where an exact one would be five to ten. PTX bounds their errors; their bits
may differ between generations of devices. So whoever calls these either corrects the result by what
is left over, or rounds to 16 bits in the end.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def reciprocal(x):
    """1/x for normal x, relative error below 2**-22 (float32) or 2**-19 (float64)."""
    if x.dtype == tl.float32:
        return tl.inline_asm_elementwise(
            "rcp.approx.ftz.f32 $0, $1;", "=f,f", [x], tl.float32, is_pure=True, pack=1
        )
    else:
        return tl.inline_asm_elementwise(
            "rcp.approx.ftz.f64 $0, $1;", "=d,d", [x], tl.float64, is_pure=True, pack=1
        )


@triton.jit
def exp2(x):
    """2**x in float32, relative error below 2**-21; 0 where that would be a subnormal number."""
    return tl.inline_asm_elementwise(
        "ex2.approx.ftz.f32 $0, $1;", "=f,f", [x], tl.float32, is_pure=True, pack=1
    )


@triton.jit
def log2(x):
    """The logarithm of a normal float32, error below 2**-22 absolute next to 1, else relative."""
    return tl.inline_asm_elementwise(
        "lg2.approx.ftz.f32 $0, $1;", "=f,f", [x], tl.float32, is_pure=True, pack=1
    )
