"""What a module is compiled with that differs between machines: headers, and Python's DLL.

NumPy's headers are those of its wheel for the target. Python's are those of the interpreter that
runs this, which keep to the limited API, with `pyconfig.h` in the place of its own. For Windows the
names of the limited API become an import library.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

from abi3info import DATAS, FUNCTIONS
from abi3info.models import PyVersion

OLDEST = PyVersion(3, 10)  # as in pyproject.toml


def fill(folder: Path, target: str, platforms: list[str]) -> None:
    """Put the headers for a target of Zig's into a new folder.

    Args:
        folder: What is there is removed.
        target: As Zig calls it.
        platforms: Whose wheel of NumPy fits, as pip calls them.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(sysconfig.get_paths()["include"], folder / "python")
    shutil.copy(Path(__file__).with_name("pyconfig.h"), folder / "python")
    _numpy(folder / "numpy", platforms)
    if "windows" in target:
        _import_library(folder / "python3.lib", target)


def _numpy(folder: Path, platforms: list[str]) -> None:
    from numpy import __version__ as version

    inside = "numpy/_core/include/"
    with tempfile.TemporaryDirectory() as download:
        options = [f"--platform={each}" for each in platforms]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *options]
        command += ["--only-binary=:all:", "--dest", download, f"numpy=={version}"]
        subprocess.run(command, check=True)
        (wheel,) = Path(download).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.startswith(inside)]
            archive.extractall(download, names)
        shutil.move(Path(download, inside), folder)


def _import_library(path: Path, target: str) -> None:
    functions = [each.name for each, is_in in FUNCTIONS.items() if is_in.added <= OLDEST]
    datas = [f"{each.name} DATA" for each, is_in in DATAS.items() if is_in.added <= OLDEST]
    names = path.with_suffix(".def")
    names.write_text("\n".join(["LIBRARY python3.dll", "EXPORTS", *functions, *datas]) + "\n")
    machine = {"x86_64": "i386:x86-64", "aarch64": "arm64"}[target.partition("-")[0]]
    command = [sys.executable, "-I", "-m", "ziglang", "dlltool", "-m", machine]
    subprocess.run([*command, "-d", str(names), "-l", str(path)], check=True)
