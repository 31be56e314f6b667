"""Try the library of a wheel where there is no Python to try the whole of it.

    python tools/wheels/try_library.py WHEEL TARGET [RUNNER ...]

A native test, which knows the bits of all results, is compiled for the target, linked with the
library that is in the wheel, and run by the command RUNNER: wine, qemu, a loader, or nothing.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Exit with the status of the test."""
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    wheel, target, *runner = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.startswith("mish/lib/libmish.")]
            libraries = [Path(archive.extract(name, folder)).rename(
                Path(folder, Path(name).name)) for name in names]  # fmt: skip
        program = Path(folder, "hashes.exe")
        compiler = [sys.executable, "-I", "-m", "ziglang", "c++", "-target", target]
        options = ["-std=c++17", f"-I{ROOT / 'native'}", "-Wl,-rpath,$ORIGIN"]
        options.append("-ffp-contract=off")  # for the inputs, which the test computes
        options += ["-O3", "-g0", "-s"]  # as in zig.cmake, whose build has left the C++ library
        if "windows" not in target:
            options.append("-fPIC")
        if "musl" in target:
            options.append("-dynamic")
        source = ROOT / "native" / "tests" / "hashes.cpp"
        command = [*compiler, *options, str(source), *map(str, libraries), "-o", str(program)]
        subprocess.run(command, check=True)
        done = subprocess.run([*runner, str(program)], cwd=folder, check=False)
    print(f"{Path(wheel).name}: {'the bits are right' if done.returncode == 0 else 'FAILED'}")
    sys.exit(done.returncode != 0)


if __name__ == "__main__":
    main()
