"""The C interface as installed: the header, the library, and the examples that use them.

What its functions compute is tested in native/tests/c_interface.cpp.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mish
from mish._numpy import config

EXAMPLES = Path(__file__).parents[1] / "examples"
X = np.array([-5, -1.1924312, 0, 0.5, 3], np.float32)


def run(*command, **options):
    """What a command prints; fails with what it says if it does."""
    done = subprocess.run(
        [str(each) for each in command], check=False, capture_output=True, text=True, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def need(program):
    found = shutil.which(program)
    return found or pytest.skip(f"{program} is not installed")


def test_places_exist():
    assert (Path(mish.get_include()) / "mish.h").is_file()
    assert Path(mish.get_library()).is_file()


def test_a_missing_library_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(config, "_PACKAGE", tmp_path)
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path / "lib"))):
        mish.get_library()


@pytest.mark.skipif(sys.platform != "linux", reason="symbols have versions in ELF alone")
def test_the_library_shows_the_header_and_no_more():
    lines = run(need("nm"), "-D", "--defined-only", mish.get_library()).splitlines()
    shown = [line.split()[-1] for line in lines]
    header = (Path(mish.get_include()) / "mish.h").read_text(encoding="utf-8")
    declared = re.findall(r"^MISH_API [\w ]+?\*? ?(\w+)\(", header, re.MULTILINE)
    assert {name for name in shown if name.endswith("@@MISH_1")} == {
        f"{name}@@MISH_1" for name in declared
    }
    # The modules of this very version may use more.
    private = f"MISH_PRIVATE_{mish.__version__}"
    assert {name.rpartition("@@")[2] for name in shown} == {"MISH_1", private}
    assert len(declared) >= 19


@pytest.mark.parametrize(
    ("compiler", "standard", "suffix"),
    [("gcc", "c99", "c"), ("gcc", "c23", "c"), ("clang", "c99", "c"), ("g++", "c++11", "cpp")],
)
def test_compilers_take_the_header(compiler, standard, suffix, tmp_path):
    program = tmp_path / f"program.{suffix}"
    program.write_text("#include <mish.h>\nint main(void) { return mish_abi_version() != 1; }\n")
    if compiler == "gcc" and standard == "c23":
        standard = "c2x"  # older compilers know it by this name alone
    strict = (f"-std={standard}", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only")
    run(need(compiler), *strict, f"-I{mish.get_include()}", program)


def check_layer(printed):
    """What examples/c/layer.c prints has the bits of the ufuncs."""
    *rows, last = (line.split() for line in printed.splitlines())
    x, y, dx = np.array(rows, dtype=np.float32).T
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, mish.mish(x))
    np.testing.assert_array_equal(dx, mish.mish_grad(np.array([1, 1, 1, 1, 2], np.float32), x))
    assert float(last[0]) == mish.mish(1.0)
    assert float(last[1]) == mish.mish_d1(1.0)
    assert np.float32(last[2]) == mish.mish_grad(np.float32(2), np.float32(1))


def test_c_by_pkg_config(tmp_path):
    folder = Path(mish.get_library()).parent / "pkgconfig"
    environment = os.environ | {"PKG_CONFIG_PATH": str(folder)}
    flags = run(need("pkg-config"), "--cflags", "--libs", "mish >= 0.1", env=environment).split()
    strict = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
    run(need("gcc"), *strict, EXAMPLES / "c" / "layer.c", *flags, "-o", tmp_path / "layer")
    check_layer(run(tmp_path / "layer"))


def test_c_by_cmake(tmp_path):
    need("gcc")
    folder = Path(mish.get_library()).parent / "cmake" / "mish"
    cmake = need("cmake")
    run(cmake, "-S", EXAMPLES / "c", "-B", tmp_path, f"-Dmish_DIR={folder}")
    run(cmake, "--build", tmp_path)
    check_layer(run(tmp_path / "layer"))


def test_rust(tmp_path):
    cargo = need("cargo")
    built = EXAMPLES / "rust", tmp_path / "rust"
    shutil.copytree(*built)
    options = {"cwd": tmp_path / "rust", "env": os.environ | {"PYTHON": sys.executable}}
    y, slopes, one, refused = run(cargo, "run", "-q", "--offline", **options).splitlines()
    np.testing.assert_array_equal(np.float32(eval(y)), mish.mish(X))
    np.testing.assert_array_equal(np.float32(eval(slopes)), mish.mish_d1(X))
    assert float(one) == mish.mish(1.0)
    assert refused == "the order must be from 0 to 3"


def test_cython(tmp_path):
    pytest.importorskip("Cython", reason="`make test-more` has it")
    shutil.copytree(EXAMPLES / "cython", tmp_path / "cython")
    options = {"cwd": tmp_path / "cython"}
    run(sys.executable, "setup.py", "build_ext", "--inplace", **options)
    code = """
import numpy as np, mish, layers
x = np.linspace(-3, 3, 1001)
assert abs(layers.mean(x) - mish.mish(x).mean()) < 1e-15
x = np.linspace(-3, 3, 1001, dtype=np.float32)
y = x.copy()
layers.activate(y[::3])
assert (y[::3] == mish.mish(x[::3])).all() and (y[1::3] == x[1::3]).all()
layers.activate(y[:0])
"""
    run(sys.executable, "-c", code, **options)
