"""Cycles an element, predicted: the busiest of a few resources sets the pace.

The model knows how many instructions of a kind a core can start in a cycle, and nothing of how
long one takes or of what waits for what. So it is a bound from below. Where llvm-mca is installed
(part of LLVM), its simulation of the same loop is given beside it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import NamedTuple

from mish.cost._count import Count, block


class Core(NamedTuple):
    """What a core starts in one cycle."""

    name: str
    llvm: str  # what llvm-mca calls it
    issue: int  # instructions in all
    vector: int  # of them on vectors
    multiply: int  # multiplications and fused multiply-adds
    shuffle: int
    loads: int
    stores: int


# From the vendors' optimisation guides: AMD's for family 19h, Intel's for Ice Lake server; the last
# two of Intel differ by the 512-bit ports, of which there are two.
CORES = {
    "zen3": Core("AMD Zen 3", "znver3", 6, 4, 2, 2, 2, 1),
    "icelake": Core("Intel Ice Lake", "icelake-server", 5, 3, 2, 1, 2, 1),
    "icelake-512": Core("Intel Ice Lake, 512-bit", "icelake-server", 5, 2, 2, 1, 2, 1),
}


def core_for(cpu: str, isa: str) -> Core:
    """Choose the core that is nearest to a processor, by its name, and runs an instruction set."""
    if isa == "avx512":
        return CORES["icelake-512"]
    return CORES["zen3" if "amd" in cpu.lower() else "icelake"]


def predict(count: Count, core: Core) -> tuple[float, str]:
    """Predict cycles an element, and name the resource that sets them."""
    by = count.instructions
    needs = {
        "issue": count.total / core.issue,
        "vector units": count.vector / core.vector,
        "multipliers": (by["fma"] + by["multiply"]) / core.multiply,
        "shuffle units": by["shuffle"] / core.shuffle,
        "loads": count.loads / core.loads,
        "stores": count.stores / core.stores,
    }
    busiest = max(needs, key=lambda name: needs[name])
    return needs[busiest], busiest


def simulate(count: Count, core: Core) -> float | None:
    """Simulate one turn of the main loop with llvm-mca: cycles an element; None without it."""
    program = shutil.which("llvm-mca")
    if program is None:
        return None
    code, elements = block(count.operation, count.dtype, count.isa)
    lines = [
        f"{each.mnemonic} {each.op_str}"
        for each in code
        if not each.mnemonic.startswith(("j", "prefetch"))
    ]
    text = ".intel_syntax noprefix\n" + "\n".join(lines) + "\n"
    done = subprocess.run(
        [program, f"-mcpu={core.llvm}", "-mtriple=x86_64", "-iterations=100"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"Total Cycles:\s+(\d+)", done.stdout)
    return int(found.group(1)) / 100 / elements if found else None
