"""Counts from the module's own machine code, and their agreement with callgrind's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

import mish
from mish import cost
from mish.cost import _binary, _count, _model

pytestmark = pytest.mark.skipif(
    "avx2" not in cost.isas(), reason="the counts are read from x86-64 code"
)
ISAS = [isa for isa in ("avx2", "avx512") if isa in cost.isas()]


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("dtype", cost.FORMATS)
@pytest.mark.parametrize("operation", cost.OPERATIONS)
def test_every_kernel_is_followed(operation, dtype, isa):
    found = cost.count(operation, dtype, isa)
    lanes = {"avx2": 32, "avx512": 64}[isa] // max(_count.element_size(dtype), 4)
    arrays = 3 if operation == "mish_grad" else 2
    assert found.bytes == arrays * _count.element_size(dtype)
    assert found.total == pytest.approx(sum(found.instructions.values()))
    assert 2 < found.total < 60
    # one array read and one written, a vector at a time; no division on the fast path
    assert found.loads >= (arrays - 1) / lanes and found.stores >= 1 / lanes
    assert found.instructions["divide"] == 0
    assert found.instructions["fma"] * lanes == pytest.approx(
        round(found.instructions["fma"] * lanes), abs=0.3
    )
    cycles, _ = cost.predict(found, cost.CORES["zen3"])
    assert found.total / 6 <= cycles < found.total


def test_avx512_float32_is_as_the_performance_page_says():
    found = cost.count("mish", "float32", "avx512")
    assert found.vector * 16 == pytest.approx(26, abs=1)


def test_backward_is_one_multiplication_more():
    slope, backward = (cost.count(name, "float32", "avx2") for name in ("mish_d1", "mish_grad"))
    assert backward.flops - slope.flops == 1


def test_one_turn_is_whole():
    code, elements = _count.block("mish", "float32", "avx2")
    found = cost.count("mish", "float32", "avx2")
    assert len(code) / elements == pytest.approx(found.total)


@pytest.mark.skipif(shutil.which("llvm-mca") is None, reason="llvm-mca is not installed")
def test_simulation_is_no_faster_than_issue_allows():
    found = cost.count("mish", "float32", "avx2")
    cycles = cost.simulate(found, cost.CORES["zen3"])
    assert found.total / 8 < cycles < 10 * found.total


def test_without_llvm_mca(monkeypatch):
    monkeypatch.setattr(_model.shutil, "which", lambda name: None)
    assert cost.simulate(cost.count("mish", "float32", "avx2"), cost.CORES["zen3"]) is None


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
@pytest.mark.slow
def test_callgrind_counts_the_same(tmp_path):
    """Two runs under callgrind, which differ by 60 calls on numbers of the core range."""
    n, calls = 1 << 16, 60
    # OpenBLAS' threads would spin for as long as they like
    steady = {"MISH_ISA": "avx2", "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}

    def instructions(repeat):
        program = (
            "import numpy as np, mish; mish.set_num_threads(1);"
            f"x = np.linspace(-5, 5, {n}, dtype=np.float32); y = np.empty_like(x)\n"
            f"for _ in range({repeat}): mish.mish(x, out=y)"
        )
        options = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={tmp_path / 'out'}"]
        done = subprocess.run(
            [*options, sys.executable, "-c", program],
            env=os.environ | steady,
            capture_output=True,
            text=True,
            check=True,
        )
        return int(re.search(r"Collected : (\d+)", done.stderr)[1])

    counted = (instructions(1 + calls) - instructions(1)) / (calls * n)
    assert cost.count("mish", "float32", "avx2").total == pytest.approx(counted, rel=0.05)


def test_a_stripped_library_is_read(tmp_path):
    if shutil.which("strip") is None:
        pytest.skip("strip is not installed")
    target = tmp_path / "stripped.so"
    subprocess.run(["strip", "-o", target, mish.get_library()], check=True)
    whole = _binary.library()
    with target.open("rb") as file:
        from elftools.elf.elffile import ELFFile

        elf = ELFFile(file)
        assert elf.get_section_by_name(".symtab") is None
        headers = [getattr(item, "header", {}) for item in elf.get_dwarf_info().EH_CFI_entries()]
        starts = {each["initial_location"] for each in headers if "initial_location" in each}
    assert starts == set(whole.functions)


def test_another_kind_of_file_is_refused(tmp_path, monkeypatch):
    other = tmp_path / "library.so"
    other.write_bytes(b"MZ, not ELF")
    monkeypatch.setattr(_binary, "get_library", lambda: str(other))
    _binary.library.cache_clear()
    try:
        with pytest.raises(cost.Unreadable, match=r"library.so is not an ELF file"):
            _binary.library()
    finally:
        _binary.library.cache_clear()


@pytest.mark.parametrize(
    "kernel", [("swish", "float32", "avx2"), ("mish", "int8", "avx2"), ("mish", "float32", "vax")]
)
def test_no_such_kernel(kernel):
    with pytest.raises(ValueError, match="there is no kernel"):
        cost.count(*kernel)
