"""What the package's compiled files show to the process that loads them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import mish
from mish._numpy import native

LIBRARIES = sorted(Path(mish.__file__).parent.rglob("*.so"))
MODULES = [path for path in LIBRARIES if path.name != "libmish.so"]

# Entry points, the C interface, and the name of its version: nothing of the C++ library.
SHOWN = ("PyInit_", "RegisterCustomOps", "mish", "MISH_")


@pytest.mark.skipif(sys.platform != "linux", reason="the files are of another format")
@pytest.mark.parametrize("library", LIBRARIES, ids=lambda path: path.name)
def test_symbols(library):
    elffile = pytest.importorskip("elftools.elf.elffile")
    with library.open("rb") as file:
        symbols = elffile.ELFFile(file).get_section_by_name(".dynsym").iter_symbols()
        names = [each.name for each in symbols if each["st_shndx"] != "SHN_UNDEF"]
    assert names
    assert [name for name in names if not name.startswith(SHOWN)] == []


@pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="this Python has no limited API"
)
def test_limited_api():
    assert Path(native.__file__).suffixes == [".abi3", ".so"]


@pytest.mark.skipif(sys.platform != "linux", reason="symbols have versions in ELF alone")
def test_another_version_of_the_library_is_refused(tmp_path):
    compiler = shutil.which("gcc") or pytest.skip("gcc is not installed")
    other, versions = tmp_path / "libmish.so", tmp_path / "versions"
    versions.write_text("MISH_1 { global: mish; local: *; }; MISH_PRIVATE_0.0.1 { mish_select; };")
    source = "double mish(double x) { return x; } void mish_select(void) {}"
    options = ["-shared", "-fPIC", "-Wl,-soname,libmish.so", f"-Wl,--version-script={versions}"]
    subprocess.run(
        [compiler, *options, "-x", "c", "-", "-o", other], input=source, text=True, check=True
    )
    code = f"import ctypes; ctypes.CDLL({str(other)!r}); import mish"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"version `MISH_PRIVATE_{mish.__version__}' not found" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other loaders write paths in other ways")
@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_the_library_is_found_wherever_the_package_lies(module):
    elffile = pytest.importorskip("elftools.elf.elffile")
    with module.open("rb") as file:
        tags = list(elffile.ELFFile(file).get_section_by_name(".dynamic").iter_tags())
    assert "libmish.so" in [tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED"]
    assert [tag.runpath for tag in tags if tag.entry.d_tag == "DT_RUNPATH"] == ["$ORIGIN/../lib"]


def test_bits():
    smoke = Path(__file__).parents[1] / "tools" / "wheels" / "smoke.py"
    subprocess.run([sys.executable, smoke], check=True)
