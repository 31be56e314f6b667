"""What the machine code of every Triton kernel must and must not have."""

from __future__ import annotations

import re
from typing import Any

from mish.cost import _cubin, _sass

APPROXIMATE = frozenset({"rcp.approx.ftz.f32", "rcp.approx.ftz.f64", "ex2.approx.ftz.f32"})
"""The only instructions whose results are not those of IEEE 754, or that flush to zero."""


def violations(kernel: Any, calls: bool = False) -> list[str]:
    """What is wrong with a kernel that Triton has compiled; nothing, if it is as it should be.

    There are accesses of 16 bytes, reading and writing; no local memory, no number rounded towards
    zero, no approximation but the known ones, and no call.

    Args:
        kernel: with its ``asm``.
        calls: whether it may call functions of NVIDIA's assembler: exact divisions and roots, and
            on sm_80 sums over threads.
    """
    ptx, binary = kernel.asm["ptx"], kernel.asm["cubin"]
    code = _cubin.machine_code(binary)
    opcodes = {each.opcode for each in _sass.parse(code).instructions}
    found = []
    _, local = _cubin.resources(binary)
    if local:
        found.append(f"{local} bytes of local memory")
    for access in ("LDG", "STG"):
        if not any(re.match(rf"{access}\b.*\.128", each) for each in opcodes):
            found.append(f"no {access} of 16 bytes")
    found += sorted(each for each in opcodes if re.match(r"LDL|STL", each))
    if not calls:
        found += sorted(each for each in opcodes if re.match(r"CALL|RET", each) or ".FTZ" in each)
    found += sorted(set(re.findall(r"\S*\.(?:ftz|approx)\S*", ptx)) - APPROXIMATE)
    found += sorted(set(re.findall(r"cvt\.rz\.\S*f\d+\.f\d+", ptx)))
    return found
