"""The fused kernels compiled for an H100, without one, for shapes that networks have."""

from __future__ import annotations

import re

import pytest

triton = pytest.importorskip("triton")

from mish.cost import FUSED, _cubin, _fused, _gpu, _sass, count_fused, layers_for  # noqa: E402
from mish.torch._triton import fused  # noqa: E402

# Instructions an element without Mish, at most: what is spent now and 5 %.
OVERHEAD = {
    "group_norm": {"float16": 8.2, "bfloat16": 8.8, "float32": 6.8},
    "group_norm_grad": {"float16": 19.8, "bfloat16": 21.5, "float32": 14.7},
    "affine": {"float16": 6.6, "bfloat16": 7.1, "float32": 6.3},
    "affine_grad": {"float16": 15.6, "bfloat16": 16.7, "float32": 12.0},
}
CASES = [(o, d, layer) for o in FUSED for d in OVERHEAD[o] for layer in layers_for(o)]


@triton.jit
def _identity(x):
    return x


@pytest.fixture(params=CASES, ids=lambda case: " ".join(map(str, case)))
def case(request):
    return request.param


def test_machine_code(case):
    kernel = _fused.compiled(*case).kernel
    approximate = set(re.findall(r"\S*\.(?:ftz|approx)\S*", kernel.asm["ptx"]))
    assert approximate <= {"rcp.approx.ftz.f32", "ex2.approx.ftz.f32"}
    code = _cubin.machine_code(kernel.asm["cubin"])
    once, each = _sass.once_and_each(_sass.parse(code))
    opcodes = [instruction.opcode for instruction in once + each]
    wide = [opcode for opcode in opcodes if re.match(r"(LDG|STG)\S*128", opcode)]
    assert {opcode[:3] for opcode in wide} == {"LDG", "STG"}
    # Integers are divided by way of floating point; in a program once at most, in loops never.
    divisions = sum(opcode.startswith("F2I") for opcode in opcodes)
    assert divisions <= (1 if case[0] == "affine" and not case[2].last else 0)


def test_counts(case):
    operation, dtype, _ = case
    found = count_fused(*case)
    overhead = count_fused(*case, function=_identity).total
    assert found.spilled == 0
    assert overhead <= OVERHEAD[operation][dtype]
    alone = _gpu.count_gpu("mish_d1" if operation.endswith("_grad") else "mish", dtype)
    # Lanes beyond the edges compute Mish as well.
    assert found.total < overhead + 1.13 * alone.total
    vector = {"float16": 8, "bfloat16": 8, "float32": 4}[dtype]
    assert found.instructions["store"] >= 1 / vector
    assert 1 / vector <= found.instructions["load"] < 1.3
    assert found.bytes == (3 if operation.endswith("_grad") else 2) * (16 // vector)


@pytest.mark.parametrize("dtype", OVERHEAD["group_norm"])
def test_normalisation_is_faster_than_five_passes(dtype):
    """By the model, against the memory traffic of the pair alone, as if it had no arithmetic."""
    size = {"float16": 2, "bfloat16": 2, "float32": 4}[dtype]
    for layer in layers_for("group_norm"):
        counted = count_fused("group_norm", dtype, layer)
        for device in _gpu.DEVICES:
            memory, instructions, _ = _gpu.predict_gpu(counted, device)
            assert 5 * size / device.bandwidth > 2.4 * max(memory, instructions)


def test_a_group_too_large_for_registers():
    layer = _fused.Layer((2, 8, 208 * 208))
    kernel = _fused.compiled("group_norm", "float32", layer, _identity).kernel
    assert _cubin.resources(kernel.asm["cubin"])[1] == 0
    code = _cubin.machine_code(kernel.asm["cubin"])
    assert re.search(r"LDG\S*128", code)
    assert "F2I" not in code


@pytest.mark.parametrize(("places", "bits"), [(72, "128"), (676, "64")])
@pytest.mark.parametrize("operation", ["group_norm", "affine"])
def test_accesses_are_as_wide_as_rows_allow(operation, places, bits):
    layer = _fused.Layer((16, 256, places))
    kernel = _fused.compiled(operation, "float16", layer, _identity).kernel
    for access in ("LDG", "STG"):
        assert re.search(rf"{access}\.E\.{bits}", kernel.asm["sass"])


@pytest.mark.parametrize("last", [False, True], ids=["first", "last"])
@pytest.mark.parametrize("operation", FUSED)
def test_indices_of_64_bits(monkeypatch, operation, last):
    monkeypatch.setattr(fused, "_NARROW", 0)
    compiled = _fused.compiled.__wrapped__  # not from the cache, nor into it
    kernel = compiled(operation, "float32", _fused.Layer((3, 16, 40), last, 2), _identity).kernel
    assert re.search(r"extsi .* i32 to i64", kernel.asm["ttir"])


LOOP = """\
Function:sum
--:-:0:-:8\tLDC R1, c[0x0][0x28];
--:-:-:-:b\t@P4 BRA LBB2;
LBB0:
--:-:-:-:5\tLDG.E.128 R4, desc[UR4][R8.64];
--:-:-:-:5\t@P1 BRA LBB1;
--:-:-:-:5\tMUFU.RCP R4, R4;
LBB1:
--:-:-:-:5\tSTG.E.128 desc[UR4][R8.64], R4;
--:-:-:-:5\t@P0 BRA LBB0;
LBB2:
--:-:-:-:5\tFADD R4, R4, R4;
LBB3:
--:-:-:-:5\t@P0 BRA LBB3;
--:-:-:-:5\tEXIT;
LBB4:
--:-:-:-:5\tBRA LBB4;
"""


def test_the_reader_tells_what_is_done_once():
    once, each = _sass.once_and_each(_sass.parse(LOOP))
    assert [i.opcode for i in once] == ["LDC", "BRA", "FADD", "BRA", "EXIT"]
    assert [i.opcode for i in each] == ["LDG.E.128", "BRA", "STG.E.128", "BRA"]


def test_the_reader_without_a_loop():
    once, each = _sass.once_and_each(_sass.parse(LOOP.replace("@P0 BRA LBB0", "NOP")))
    assert "STG.E.128" not in [i.opcode for i in once]  # the branch around it is shorter
    assert each == []


def test_the_reader_refuses_several_loops():
    text = LOOP.replace("@P0 BRA LBB3", "STG.E R4, R4;\n--:-:-:-:5\t@P0 BRA LBB3")
    with pytest.raises(ValueError, match="several loops"):
        _sass.once_and_each(_sass.parse(text))
