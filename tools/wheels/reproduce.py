"""Whether a wheel comes out with the same bytes from another folder.

    python tools/wheels/reproduce.py WHEEL TARGET

The files that git knows are copied to a new folder, and the wheel of the target is built there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from build import ROOT, epoch


def main() -> None:
    """Exit with 1 and say so if it does not."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    wheel, target = Path(sys.argv[1]), sys.argv[2]
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
    with tempfile.TemporaryDirectory(prefix="another-place-") as folder:
        for name in filter(None, names.stdout.decode().split("\0")):
            copy = Path(folder, "mish", name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy)
        made = Path(folder, "made")
        builder = Path(folder, "mish", "tools", "wheels", "build.py")
        subprocess.run(
            [sys.executable, builder, "--into", made, target],
            check=True,
            env=os.environ | {"SOURCE_DATE_EPOCH": epoch()},
        )
        if (made / wheel.name).read_bytes() != wheel.read_bytes():
            sys.exit(f"{wheel.name}: built in {folder}, it has other bytes")
    print(f"{wheel.name}: the same bytes from another folder")


if __name__ == "__main__":
    main()
