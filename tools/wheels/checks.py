"""Whether a wheel is what it says it is.

Its tags against the symbols it needs (auditwheel), the limited API (abi3audit), its contents
(check-wheel-contents); and, here, for each compiled file: what it shows, what it loads, where it
looks for that, and, for macOS, from which system on it runs and whether it is signed.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pefile
from elftools.elf.elffile import ELFFile
from macholib.mach_o import LC_BUILD_VERSION, LC_CODE_SIGNATURE, LC_RPATH
from macholib.MachO import MachO
from macholib.SymbolTable import SymbolTable

# As in native/modules.map and native/package/libmish.map.in, where the last are names of versions.
ENTRIES = ("PyInit_", "RegisterCustomOps", "mish", "MISH_")

# What every system of the kind has, by the beginning of its name.
SYSTEM = {
    "linux": ("libc.", "libm.", "libpthread.", "libdl.", "ld-linux-", "libstdc++.", "libgcc_s."),
    "macos": ("/usr/lib/libSystem.B.dylib",),
    "win": ("KERNEL32.dll", "api-ms-win-crt-", "ntdll.dll", "python3.dll"),
}
# What Zig's linker shows in each file for macOS: names of its beginning, which no other asks for.
ITSELF = {"__dso_handle", "_mh_dylib_header"}
BESIDE = {"linux": "$ORIGIN/../lib", "macos": "@loader_path/../lib", "win": None}


class Compiled(NamedTuple):
    """What a loader finds in a compiled file."""

    shown: set[str]
    missing: set[str]
    loads: set[str]
    looks_in: set[str]
    refused: str = ""  # what would keep it from being loaded at all


def check(wheel: Path, platform: str) -> list[str]:
    """Exit if the wheel is not what it says it is; else say by what that was found."""
    passed = ["abi3audit", "check-wheel-contents"]
    _run("abi3audit", "--strict", str(wheel))
    _run("check-wheel-contents", str(wheel))
    if "linux" in platform:
        if f'"{platform}"' not in _run("auditwheel", "show", str(wheel)):
            raise SystemExit(f"{wheel.name}: auditwheel does not find that it runs on {platform}")
        passed.append("auditwheel")
    kind = next(each for each in SYSTEM if each in platform)
    with zipfile.ZipFile(wheel) as archive:
        compiled = [
            name
            for name in archive.namelist()
            if {".so", ".dylib", ".pyd", ".dll"} & set(Path(name).suffixes[-1:])
        ]
        if not compiled:
            raise SystemExit(f"{wheel.name} has no compiled file")
        for name in compiled:
            found = READERS[kind](archive.read(name), platform)
            _check_compiled(f"{wheel.name}: {name}", found, kind)
    return [*passed, "symbols and libraries"]


def _run(*command: str) -> str:
    """What a tool of this environment says; it fails if the tool does."""
    tool = Path(sys.executable).with_name(command[0])
    done = subprocess.run([tool, *command[1:]], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
    return " ".join(done.stdout.split())


def _check_compiled(name: str, found: Compiled, kind: str) -> None:
    if found.refused:
        raise SystemExit(f"{name} {found.refused}")
    strangers = sorted(each for each in found.shown if not each.startswith(ENTRIES))
    if strangers or not found.shown:
        raise SystemExit(f"{name} shows {', '.join(strangers) or 'nothing'}")
    # Zig's C++ library, which nobody gives to a file that does not have it in itself
    libcxx = sorted(each for each in found.missing if "St3__1" in each)
    if libcxx:
        raise SystemExit(f"{name} lacks {', '.join(libcxx)}: see tools/wheels/libcxx.cpp")
    ours = {each for each in found.loads if Path(each).name.startswith("libmish.")}
    strange = {each for each in found.loads - ours if not each.startswith(SYSTEM[kind])}
    if strange:
        raise SystemExit(f"{name} loads {', '.join(sorted(strange))}")
    beside = BESIDE[kind]
    if ours and beside and found.looks_in != {beside}:
        raise SystemExit(f"{name} looks for the library in {found.looks_in}, not in {beside}")


def _elf(content: bytes, _platform: str) -> Compiled:
    file = ELFFile(BytesIO(content))
    symbols = list(file.get_section_by_name(".dynsym").iter_symbols())
    missing = {each.name for each in symbols if each["st_shndx"] == "SHN_UNDEF"}
    tags = list(file.get_section_by_name(".dynamic").iter_tags())
    return Compiled(
        {each.name for each in symbols} - missing,
        missing,
        {tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED"},
        {tag.runpath for tag in tags if tag.entry.d_tag == "DT_RUNPATH"},
    )


def _mach_o(content: bytes, platform: str) -> Compiled:
    with TemporaryDirectory() as folder:
        path = Path(folder, "library")
        path.write_bytes(content)
        file = MachO(str(path))
        symbols = SymbolTable(file)
        (header,) = file.headers
        commands = {command.cmd: data for command, data, _ in header.commands}
        return Compiled(
            {_plain(name) for _, name in symbols.extdefsyms} - ITSELF,
            {_plain(name) for _, name in symbols.undefsyms},
            {name for _, _, name in header.walkRelocatables()},
            {
                text.rstrip(b"\0").decode()
                for command, _, text in header.commands
                if command.cmd == LC_RPATH
            },
            _refusal(commands, platform),
        )


def _refusal(commands: dict[int, Any], platform: str) -> str:
    """Why macOS would not load a file with these load commands."""
    asked = tuple(int(part) for part in platform.split("_")[1:3])
    least = commands[LC_BUILD_VERSION].minos
    if (least >> 16, least >> 8 & 0xFF) > asked:
        return f"runs from macOS {least >> 16}.{least >> 8 & 0xFF} on"
    if platform.endswith("arm64") and LC_CODE_SIGNATURE not in commands:
        return "is not signed, without which arm64 loads nothing"
    return ""


def _plain(name: bytes) -> str:
    return name.decode().removeprefix("_")


def _pe(content: bytes, _platform: str) -> Compiled:
    file = pefile.PE(data=content)
    imported = getattr(file, "DIRECTORY_ENTRY_IMPORT", [])
    return Compiled(
        {each.name.decode() for each in file.DIRECTORY_ENTRY_EXPORT.symbols},
        {one.name.decode() for each in imported for one in each.imports if one.name},
        {each.dll.decode() for each in imported},
        set(),
    )


READERS = {"linux": _elf, "macos": _mach_o, "win": _pe}
