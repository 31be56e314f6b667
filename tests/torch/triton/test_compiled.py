"""The kernels compiled for an H100, without one: what the machine code must and must not have."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from mish.cost import FORMATS, OPERATIONS, _cubin, _gpu, _rules, _sass

# Instructions an element, at most: what is spent now and 3 %.
BUDGET = {
    "float16": (12.6, 21.5, 44.3, 56.8, 23.8),
    "bfloat16": (15.6, 19.1, 44.8, 57.3, 22),
    "float32": (45.2, 73.1, 113.3, 168.1, 74.7),
    "float64": (70.3, 114.3, 180.7, 255.2, 115.4),
}
# Those of the unit that gives an eighth as many results as the others.
SPECIAL = {"float16": (2, 2, 3, 3, 2), "bfloat16": (2, 2, 3, 3, 2)}


@pytest.fixture(params=[(o, f) for f in FORMATS for o in OPERATIONS], ids="-".join)
def kernel(request):
    return _gpu.compiled(*request.param)


def test_machine_code(kernel):
    assert _rules.violations(kernel) == []
    code = _sass.parse(_cubin.machine_code(kernel.asm["cubin"]))
    assert not any(each.opcode.startswith("BAR") for each in code.instructions)


@pytest.mark.parametrize(
    ("asm", "old", "new", "wrong"),
    [
        ("ptx", "fma.rn.f32", "fma.rn.ftz.f32", "fma.rn.ftz.f32"),
        ("ptx", "mul.rn.f32", "div.approx.f32", "div.approx.f32"),
        ("sass", "LDG.E.128", "LDG.E.64", "no LDG of 16 bytes"),
        ("sass", "FMUL", "CALL.REL", "CALL.REL"),
        ("sass", "FMUL", "STL", "STL"),
    ],
)
def test_the_rules_see_what_is_wrong(monkeypatch, asm, old, new, wrong):
    kernel = _gpu.compiled("mish", "float32")
    texts = dict(kernel.asm) | {"sass": _cubin.machine_code(kernel.asm["cubin"])}
    texts[asm] = texts[asm].replace(old, new)
    monkeypatch.setattr(_cubin, "machine_code", lambda binary: texts["sass"])
    assert wrong in _rules.violations(SimpleNamespace(asm=texts))


def test_products_and_sums_stay_apart(kernel):
    """Contracting a product and a sum would change bits, and leave fewer of each."""
    opcodes = [
        each.opcode for each in _sass.parse(_cubin.machine_code(kernel.asm["cubin"])).instructions
    ]
    for machine, portable in (("[FD]MUL", "mul"), ("[FD]ADD", "(?:add|sub)")):
        found = sum(bool(re.match(machine, each)) for each in opcodes)
        written = re.findall(rf"\b{portable}((?:\.\w+)*)\.f(?:32|64)\b", kernel.asm["ptx"])
        assert set(written) == {".rn"}
        assert found >= len(written)


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_counts(operation, dtype):
    found = _gpu.count_gpu(operation, dtype)
    assert found.spilled == 0
    assert found.registers <= 80
    assert found.total <= BUDGET[dtype][OPERATIONS.index(operation)]
    assert found.total > 10
    vectors = {"float16": 8, "bfloat16": 8, "float32": 4, "float64": 2}
    inputs = 2 if operation == "mish_grad" else 1
    assert found.instructions["load"] == inputs / vectors[dtype]
    assert found.instructions["store"] == 1 / vectors[dtype]
    assert (
        found.instructions["special"] == SPECIAL.get(dtype, (1,) * 5)[OPERATIONS.index(operation)]
    )


@pytest.mark.parametrize("device", _gpu.DEVICES, ids=lambda device: device.name)
def test_forward_and_backward_are_bound_by_memory(device):
    """By its data sheet; no device was asked."""
    for operation in ("mish", "mish_grad"):
        for dtype in ("float16", "bfloat16", "float32"):
            memory, instructions, _ = _gpu.predict_gpu(_gpu.count_gpu(operation, dtype), device)
            assert instructions < 1.02 * memory


TEXT = """\
Function:unary
--:-:0:-:8\tLDC R1, c[0x0][0x28];
01:-:-:-:b\t@P4 BRA LBB0;
--:0:5:-:4\t@!P3 LDG.E R4, desc[UR4][R8.64];
--:-:-:-:5\tSTG.E desc[UR4][R8.64], R4;
--:-:-:-:5\tEXIT;
LBB0:
--:-:-:-:5\tLDG.E.128 R4, desc[UR4][R8.64];
--:-:-:-:5\tFFMA R4, R4, R5, 1;
--:-:-:-:5\t@P0 EXIT;
--:-:-:-:5\tSTG.E.128 desc[UR4][R8.64], R4;
--:-:-:-:5\tBRA LBB1;
--:-:-:-:5\tFMUL R4, R4, R4;
LBB1:
--:-:-:-:5\tEXIT;
LBB2:
--:-:-:-:5\tBRA LBB2;
"""


def test_the_reader_finds_the_path_of_whole_blocks():
    path = _sass.fast_path(_sass.parse(TEXT))
    opcodes = [each.opcode for each in path]
    assert opcodes == ["LDC", "BRA", "LDG.E.128", "FFMA", "EXIT", "STG.E.128", "BRA", "EXIT"]
    assert _sass.count(path) == {"load": 1, "store": 1, "fma": 1, "other": 5}


def test_the_reader_knows_addresses():
    text = "        /*0010*/              @!P0 BRA 0x30 ;\n        /*0020*/   STG.E [R2], R4 ;\n"
    text += "                    /* 0x000 */\n        /*0030*/                   EXIT ;\n"
    assert [each.opcode for each in _sass.fast_path(_sass.parse(text))] == ["BRA", "EXIT"]


def test_the_reader_refuses_what_it_cannot_follow():
    with pytest.raises(ValueError, match="16 bytes"):
        _sass.fast_path(_sass.parse(TEXT.replace(".128", "")))
    with pytest.raises(ValueError, match="loops"):
        _sass.fast_path(_sass.parse("LBB0:\n--:-:-:-:5\tNOP;\n--:-:-:-:5\tBRA LBB0;\n"))
