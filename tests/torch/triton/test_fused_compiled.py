"""The fused kernels compiled for an H100, without one, for shapes that networks have."""

from __future__ import annotations

import re

import pytest
import torch

from mish.cost import _cubin
from mish.torch._triton import channels, fused, group_norm, launch

KINDS = {torch.float16: "*fp16", torch.bfloat16: "*bf16", torch.float32: "*fp32"}
# (samples, channels, places): diffusion policies, Matcha-TTS, YOLOv4.
SHAPES = [(256, 512, 64), (16, 256, 400), (16, 64, 208 * 208)]


def _compile(kernel, kind, arrays, sizes, constants, options):
    triton = pytest.importorskip("triton")
    signature, aligned = {}, {}
    for i, name in enumerate(each.name for each in kernel.params):
        if name in constants:
            signature[name] = "constexpr"
        elif name in sizes:
            signature[name] = "i32"
        else:
            signature[name] = KINDS[kind] if name in arrays else "*fp32"
        if name not in constants and sizes.get(name, 0) % 16 == 0:
            aligned[(i,)] = [["tt.divisibility", 16]]
    source = triton.compiler.ASTSource(kernel, signature, constants, aligned)
    target = triton.backends.compiler.GPUTarget("cuda", 90, 32)
    return triton.compile(source, target=target, options=options)


def _assert_sound(compiled):
    found = set(re.findall(r"\S*\.(?:ftz|approx)\S*", compiled.asm["ptx"]))
    assert found <= {"rcp.approx.ftz.f32", "ex2.approx.ftz.f32"}
    _, spilled = _cubin.resources(compiled.asm["cubin"])
    assert spilled == 0
    code = _cubin.machine_code(compiled.asm["cubin"])
    assert re.search(r"LDG\S*128", code)
    assert re.search(r"STG\S*128", code)


@pytest.mark.parametrize("last", [False, True], ids=["first", "last"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES[:2], ids=str)
def test_group_norm(shape, kind, last):
    _, count, places = shape
    groups = 8
    blocks = fused._group_blocks(torch.empty(shape, dtype=kind, device="meta"), groups)
    options = {name: blocks.pop(name) for name in ("num_warps", "enable_fp_fusion")}
    sizes = {"channels": count, "places": places, "channels_of_group": count // groups}
    common = {"last": last, "has_weight": True, "has_bias": True, **blocks}
    for kernel, own in (
        (group_norm.forward, {"eps": 1e-5, "function": launch.function_for(kind, 0)}),
        (group_norm.backward, {"first": launch.function_for(kind, 1)}),
    ):
        arrays = ("y", "x", "dx", "dy", "weight", "bias")
        _assert_sound(_compile(kernel, kind, arrays, sizes, common | own, options))


@pytest.mark.parametrize("last", [False, True], ids=["first", "last"])
@pytest.mark.parametrize("kind", KINDS)
def test_affine(kind, last):
    samples, count, places = SHAPES[2]
    for kernel, order in ((channels.forward, 0), (channels.backward, 1)):
        columns = count if last else places
        rows = samples * places if last else samples * (1 if order else count)
        block_rows, block_columns = fused._tile(rows, columns)
        sizes = {"rows": rows, "columns": columns, "channels": count, "rows_of_part": 1}
        constants = {
            "first" if order else "function": launch.function_for(kind, order),
            "last": last,
            "has_scale": True,
            "block_rows": block_rows,
            "block_columns": block_columns,
            "wide": False,
        }
        options = fused._options(block_rows * block_columns)
        arrays = ("y", "x", "dx", "dy")
        _assert_sound(_compile(kernel, kind, arrays, sizes, constants, options))
