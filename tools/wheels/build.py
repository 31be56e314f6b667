"""Build the wheels of Linux with glibc, for every Python from 3.10 on, on any machine.

    python tools/wheels/build.py [--into dist/wheels] [target ...]

It runs in an environment of tools/wheels/requirements.txt; `make wheels` makes one. Every wheel is
checked before it comes: tags against symbols by auditwheel, the limited API by abi3audit, its
contents by check-wheel-contents, and what its modules export here.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

from elftools.elf.elffile import ELFFile

ROOT = Path(__file__).parents[2]

# The target as Zig calls it, and the platform as wheels do.
TARGETS = {
    "x86_64-linux-gnu.2.17": "manylinux_2_17_x86_64",
    "aarch64-linux-gnu.2.17": "manylinux_2_17_aarch64",
}

# As in native/modules.map, and the name of a version in native/package/libmish.map.
ENTRIES = ("PyInit_", "Register", "mish", "MISH_")


def run(*command: str, **environment: str) -> None:
    """Run a tool of this environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "PATH": path, **environment})


def epoch() -> str:
    """The time of the last commit, which stands for the time of all files."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return given
    command = ["git", "log", "-1", "--format=%ct"]
    return subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


def build(target: str, into: Path) -> Path:
    """Build and repair one wheel; what it is called comes from its target."""
    machine = target.partition("-")[0]
    with tempfile.TemporaryDirectory() as folder:
        run(
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
            *("--config-settings", f"build-dir=build/wheels/{target}"),
            *("--config-settings", "install.strip=false"),  # the linker has done it
            *("--wheel-dir", folder, "."),
            CMAKE_TOOLCHAIN_FILE=str(ROOT / "tools" / "wheels" / "zig.cmake"),
            MISH_ZIG_PYTHON=sys.executable,
            MISH_ZIG_TARGET=target,
            SOURCE_DATE_EPOCH=epoch(),
            _PYTHON_HOST_PLATFORM=f"linux-{machine}",
        )
        (built,) = Path(folder).glob("*.whl")
        done = Path(folder) / "repaired"
        run(
            *("auditwheel", "repair", "--plat", "auto"),
            *("--exclude", "libstdc++.so.6"),  # PyTorch brings it into the process
            *("--wheel-dir", str(done), str(built)),
            SOURCE_DATE_EPOCH=epoch(),
        )
        (repaired,) = done.glob("*.whl")
        if TARGETS[target] not in repaired.name:
            raise SystemExit(f"{repaired.name} does not run on {TARGETS[target]}")
        return repaired.replace(into / repaired.name)


def check(wheel: Path) -> None:
    """Raise if the wheel is not what it says it is."""
    run("abi3audit", "--strict", str(wheel))
    run("check-wheel-contents", str(wheel))
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if ".so" in Path(name).suffixes:
                check_symbols(f"{wheel.name}: {name}", archive.read(name))


def check_symbols(name: str, library: bytes) -> None:
    """Raise if a library shows what it should not, or lacks what nobody gives it."""
    symbols = list(ELFFile(BytesIO(library)).get_section_by_name(".dynsym").iter_symbols())
    missing = {each.name for each in symbols if each["st_shndx"] == "SHN_UNDEF"}
    shown = {each.name for each in symbols} - missing
    strangers = sorted(each for each in shown if not each.startswith(ENTRIES))
    if strangers:
        raise SystemExit(f"{name} exports {', '.join(strangers)}")
    libcxx = sorted(each for each in missing if "St3__1" in each)
    if libcxx:
        raise SystemExit(f"{name} lacks {', '.join(libcxx)}: see tools/wheels/libcxx.cpp")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Build and check the wheels of Linux.")
    parser.add_argument("targets", nargs="*", metavar="target", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--into", type=Path, default=ROOT / "dist" / "wheels")
    options = parser.parse_args()
    unknown = set(options.targets) - set(TARGETS)
    if unknown:
        parser.error(
            f"no such target: {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}"
        )
    options.into.mkdir(parents=True, exist_ok=True)
    for target in options.targets or TARGETS:
        wheel = build(target, options.into.resolve())
        check(wheel)
        print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
