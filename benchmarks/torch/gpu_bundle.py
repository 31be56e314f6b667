"""Put all that a machine with a GPU and without network needs to measure Mish into one folder.

Usage: python3.12 gpu_bundle.py FOLDER    (`make gpu-bundle` does it, in dist/gpu-bundle)

The folder holds wheels for the Python that runs this (mish, built here, and what its tests need),
the tests of the kernels, benchmarks/gpu, and run.sh, which explains itself. On the machine:

    bash gpu-bundle/run.sh RESULTS
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GPU = ROOT / "benchmarks" / "gpu"
FILES = ("pyproject.toml", "tests/conftest.py", "tests/torch/conftest.py")
FOLDERS = ("tests/torch/triton", "benchmarks/gpu")
MOST = 40 << 20  # bytes
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")


def build(folder: Path) -> int:
    """Fill a new folder; returns its size in bytes."""
    wheels = folder / "wheels"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", str(wheels), str(ROOT)], check=True)
    wanted = ["-r", str(GPU / "requirements.txt"), "--no-deps", "--only-binary=:all:"]
    platforms = [option for name in PLATFORMS for option in ("--platform", name)]
    subprocess.run([*pip, "download", *wanted, *platforms, "-d", str(wheels)], check=True)
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "benchmarks" / "gpu" / "run.sh").rename(folder / "run.sh")
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the bundle that a bare machine runs.")
    parser.add_argument("folder", type=Path, help="is made anew")
    folder: Path = parser.parse_args().folder
    new = folder.with_name(folder.name + ".new")
    for old in (new, folder):
        if old.exists():
            shutil.rmtree(old)
    new.mkdir(parents=True)
    size = build(new)
    if size > MOST:
        raise SystemExit(f"{new} has {size / 2**20:.1f} MiB, and at most {MOST >> 20} may travel")
    new.rename(folder)
    print(f"{folder}: {size / 2**20:.1f} MiB; run it with `bash {folder.name}/run.sh RESULTS`")


if __name__ == "__main__":
    main()
