"""The kernels of `packed` compiled for an H100, without one."""

from __future__ import annotations

import pytest
import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from mish.cost import _cubin
from mish.torch._kept.tables import BORDERS, LEVELS
from mish.torch._triton import launch, packed

_POINTERS = {torch.float16: "*fp16", torch.bfloat16: "*bf16", torch.float32: "*fp32"}
_ARRAYS = {
    "mark": ("y", "x"),
    "marked_backward": ("dx", "dy", "y"),
    "sides": ("packed", "x"),
    "sided_backward": ("dx", "dy", "y", "packed"),
    "codes": ("packed", "x"),
    "coded_backward": ("dx", "dy", "packed"),
}


def constants_of(name, dtype):
    half = dtype.itemsize == 2
    return {
        "mark": {"function": launch.function_for(dtype, 0)},
        "marked_backward": {"half": half},
        "sided_backward": {"half": half},
        "codes": {"function": launch.function_for(dtype, 1), "borders": BORDERS[3], "bits": 3},
        "coded_backward": {"levels": LEVELS[3], "bits": 3},
    }.get(name, {}) | {"block": launch.block_for(dtype), "wide": False}


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        *((name, torch.float32) for name in _ARRAYS),
        ("mark", torch.bfloat16),
        ("marked_backward", torch.float16),
        ("sided_backward", torch.bfloat16),
    ],
)
def test_compiled(name, dtype):
    names, constants = _ARRAYS[name], constants_of(name, dtype)
    signature = {each: "*u8" if each == "packed" else _POINTERS[dtype] for each in names}
    signature |= {"size": "i32"} | dict.fromkeys(constants, "constexpr")
    aligned = {(i,): [["tt.divisibility", 16]] for i in range(len(names))}
    source = ASTSource(getattr(packed, name), signature, constants, aligned)
    target = GPUTarget("cuda", 90, 32)
    kernel = triton.compile(source, target=target, options=launch.options())
    registers, spilled = _cubin.resources(kernel.asm["cubin"])
    assert spilled == 0
    assert registers <= 100
