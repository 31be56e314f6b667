"""What the package's compiled files show to the process that loads them."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import pytest

import mish
from mish._numpy import native

LIBRARIES = sorted(Path(mish.__file__).parent.rglob("*.so"))

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
