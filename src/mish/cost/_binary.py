"""The machine code of a kernel, read from the library that Python has loaded.

Symbols are not needed: the module of the ufuncs tells where each kernel begins, and the table that
serves exceptions (.eh_frame) where it ends. Both are in every build, stripped or not.
"""

from __future__ import annotations

import ctypes
import functools
from pathlib import Path
from typing import Any, NamedTuple

import capstone  # type: ignore[import-untyped]
from elftools.elf.elffile import ELFFile

from mish._numpy.config import get_library

_ENTRY = "mish"  # one of the symbols that it exports


class Library(NamedTuple):
    """The library's code, and what of it lies where."""

    code: bytes
    start: int  # the address of the first byte of code, in the file's numbering
    base: int  # what the loader added to those addresses
    functions: dict[int, int]  # sizes by first address


class Unreadable(Exception):
    """The library's machine code cannot be read on this system."""


@functools.cache
def library() -> Library:
    """Read the library's file.

    Raises:
        Unreadable: it is not an ELF file for x86-64.
    """
    path = Path(get_library())
    with path.open("rb") as file:
        if file.read(4) != b"\x7fELF":
            raise Unreadable(f"{path.name} is not an ELF file: mish cost reads those of Linux")
        elf = ELFFile(file)
        if elf.get_machine_arch() != "x64":
            raise Unreadable(f"mish cost reads x86-64, not {elf.get_machine_arch()}")
        text: Any = elf.get_section_by_name(".text")
        symbols: Any = elf.get_section_by_name(".dynsym")
        (entry,) = symbols.get_symbol_by_name(_ENTRY)
        loaded = ctypes.cast(getattr(ctypes.CDLL(str(path)), _ENTRY), ctypes.c_void_p).value
        headers: list[Any] = [
            getattr(item, "header", {}) for item in elf.get_dwarf_info().EH_CFI_entries()
        ]
        functions = {
            header["initial_location"]: header["address_range"]
            for header in headers
            if "initial_location" in header
        }
        return Library(text.data(), text["sh_addr"], (loaded or 0) - entry["st_value"], functions)


def place(address: int) -> int:
    """Turn an address in memory into the file's numbering.

    Raises:
        Unreadable: see ``library``.
    """
    return address - library().base


def disassemble(address: int) -> list[capstone.CsInsn]:
    """Give the instructions of the function around an address of the file; none if there is none.

    Raises:
        Unreadable: see ``library``.
    """
    found = library()
    start = max((each for each in found.functions if each <= address), default=None)
    if start is None or address >= start + found.functions[start] or start < found.start:
        return []
    offset = start - found.start
    decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    decoder.detail = True
    return list(decoder.disasm(found.code[offset : offset + found.functions[start]], start))
