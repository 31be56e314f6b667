"""What NVIDIA's tools, which the Triton package brings along, tell of a compiled kernel."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path


def machine_code(binary: bytes) -> str:
    """The kernels as ``cuobjdump -sass`` prints them."""
    return _told("-sass", binary)


def resources(binary: bytes) -> tuple[int, int]:
    """Registers and bytes of local memory of a thread."""
    told = _told("-res-usage", binary)
    found = re.search(r"REG:(\d+) STACK:(\d+) .*?LOCAL:(\d+)", told)
    if found is None:
        raise ValueError(f"cuobjdump -res-usage gave no registers: {told.strip()}")
    return int(found[1]), int(found[2]) + int(found[3])


def _told(option: str, binary: bytes) -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kernel.cubin"
        file.write_bytes(binary)
        return cuobjdump(option, str(file), folder=folder)


def cuobjdump(*arguments: str, folder: str) -> str:
    """What the tool prints when it is run in a folder."""
    import triton

    tool = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "cuobjdump"
    command = [str(tool), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
