"""The native tests, compiled without optimisation under AddressSanitizer and UBSan.

`make sanitize` runs them optimised, under ThreadSanitizer too, and with more random calls.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NATIVE_TESTS = Path(__file__).parents[1] / "native" / "tests"
COMPILER = os.environ.get("CXX", "g++")
SANITIZE = "address,undefined"


def require_sanitizers(folder: Path) -> None:
    for tool in ("make", COMPILER):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    program = folder / "empty.cpp"
    program.write_text("int main() {}\n")
    command = [COMPILER, f"-fsanitize={SANITIZE}", str(program), "-o", str(folder / "empty")]
    linked = subprocess.run(command, check=False, capture_output=True, text=True)
    if linked.returncode:
        pytest.skip(f"{COMPILER} has no runtime for -fsanitize={SANITIZE}: {linked.stderr}")


@pytest.mark.slow
def test_native_tests_pass_under_sanitizers(tmp_path):
    require_sanitizers(tmp_path)
    variables = [f"CXX={COMPILER}", f"SANITIZE={SANITIZE}", "OPTIMIZE=-O0", f"BUILD={tmp_path}"]
    command = ["make", "-C", str(NATIVE_TESTS), f"-j{os.cpu_count()}", *variables]
    # A make around this one must not hand down its own flags.
    environment = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "20000 random calls are right" in done.stdout
