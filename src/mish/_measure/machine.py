"""What a figure depends on: the machine, the versions, the commit."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import mish
from mish._support.cpus import allowed_cpus

_CPUINFO = Path("/proc/cpuinfo")


def facts(packages: Iterable[str] = ()) -> dict[str, Any]:
    """Gather what a results file must say; the values are ready for JSON.

    Args:
        packages: distributions whose versions to give beside those of mish, NumPy and Python.

    Returns:
        ``cpu``, ``cores`` that this process may use, ``caches`` (bytes by level, of one core),
        ``memory`` (bytes), ``isa`` in use, ``system``, ``commit`` (None outside a checkout;
        ``+`` at its end means uncommitted changes), ``load`` (processes that want to run, over
        the last minute) and ``versions``. No host name.
    """
    found = {"python": platform.python_version()}
    found |= {name: release for name in ("mish", "numpy", *packages) if (release := _version(name))}
    return {
        "cpu": cpu(),
        "cores": allowed_cpus(),
        "caches": caches(),
        "memory": _memory(),
        "isa": mish.show_config(as_dict=True)["isa"],
        "system": f"{platform.system()} {platform.machine()}",
        "commit": commit(),
        "load": os.getloadavg()[0],
        "versions": found,
    }


def summary(found: dict[str, Any]) -> str:
    """Put the facts on one line of text."""
    caches_text = ", ".join(f"{name} {size >> 10} KiB" for name, size in found["caches"].items())
    versions = ", ".join(f"{name} {release}" for name, release in found["versions"].items())
    return (
        f"{found['cpu']}, instruction set in use {found['isa']}, {found['cores']} cores"
        f"{f' ({caches_text})' if caches_text else ''}, {found['system']}; "
        f"commit {found['commit'] or 'unknown'}; load at the start {found['load']:.1f}; {versions}."
    )


def slug() -> str:
    """Name this machine for a file: the processor's model and the instruction set in use."""
    isa = mish.show_config(as_dict=True)["isa"]
    words = re.sub(r"\((r|tm)\)|processor|cpu|@.*", " ", cpu().lower()).replace("zen ", "zen")
    named = "-".join(re.findall(r"[a-z0-9]+", words))
    return f"{named}-{isa}"


def cpu() -> str:
    """The processor's model name, or else its architecture.

    Virtual machines hide the model; where AMD's family and model number tell the generation, it is
    added.
    """
    text = _CPUINFO.read_text(encoding="utf-8") if _CPUINFO.exists() else ""
    fields = dict(re.findall(r"^(.+?)\s*:\s*(.*)$", text.partition("\n\n")[0], re.MULTILINE))
    name = fields.get("model name", "") or platform.processor() or platform.machine()
    generation = _ZEN.get((fields.get("cpu family", ""), int(fields.get("model", "0")) >> 4))
    if fields.get("vendor_id") == "AuthenticAMD" and generation and name == "AMD EPYC":
        name = f"{name} ({generation})"
    return name


# Server processors by family and the upper half of the model number.
_ZEN = {
    ("23", 0x0): "Zen",
    ("23", 0x3): "Zen 2",
    ("25", 0x0): "Zen 3",
    ("25", 0x1): "Zen 4",
    ("25", 0xA): "Zen 4c",
    ("26", 0x0): "Zen 5",
    ("26", 0x1): "Zen 5c",
}


def caches() -> dict[str, int]:
    """Sizes in bytes of the data caches that the first core sees, by level; empty if unknown."""
    found = {}
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            kind, level, size = (
                (folder / name).read_text(encoding="utf-8").strip()
                for name in ("type", "level", "size")
            )
        except OSError:
            continue
        if kind != "Instruction":
            found[f"L{level}"] = int(size.removesuffix("K")) << 10
    return found


def commit() -> str | None:
    """The commit that the running package was made from, with ``+`` where sources were changed.

    An installed package has none, unless the working directory is a checkout with the same Python
    files.
    """
    here = Path(mish.__file__).parent
    for source in (here, Path.cwd() / "src" / "mish"):
        try:
            if _git(source, "ls-files", "__init__.py") and _same(source, here):
                root = Path(_git(source, "rev-parse", "--show-toplevel"))
                changed = _git(root, "status", "--porcelain", "--", *_SOURCES)
                return _git(root, "rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
        except (OSError, subprocess.CalledProcessError):
            continue
    return None


_SOURCES = ("src", "native", "CMakeLists.txt", "pyproject.toml")


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _same(folder: Path, other: Path) -> bool:
    """Whether two folders hold the same Python files."""

    def contents(top: Path) -> dict[Path, bytes]:
        return {path.relative_to(top): path.read_bytes() for path in top.rglob("*.py")}

    return folder == other or contents(folder) == contents(other)


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
