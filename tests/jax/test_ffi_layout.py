"""XLA's interface as we declare it, beside the header that comes with jaxlib."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import jax.ffi
import pytest

SOURCE = Path(__file__).with_name("ffi_layout.cpp")
OURS = Path(__file__).parents[2] / "src" / "mish" / "jax"


def test_the_declarations_are_those_of_jaxlib():
    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("no C++ compiler")
    command = [compiler, "-std=c++17", "-fsyntax-only", "-I", OURS, "-I", jax.ffi.include_dir()]
    shown = subprocess.run([*command, SOURCE], capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
