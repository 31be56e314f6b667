"""Whether wheels come out with the same bytes from another folder.

    python tools/wheels/reproduce.py WHEEL ...

The files that git knows are copied to a new folder, and each wheel is built there once more.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from build import ROOT, TARGETS, epoch


def main() -> None:
    """Exit with 1 and say so if one does not."""
    wheels = [Path(each) for each in sys.argv[1:]]
    if not wheels:
        sys.exit(__doc__)
    by_platform = {platform: target for target, (platform, _) in TARGETS.items()}
    targets = [by_platform[wheel.stem.rpartition("-")[2]] for wheel in wheels]
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
    others = []
    with tempfile.TemporaryDirectory(prefix="another-place-") as folder:
        for name in filter(None, names.stdout.decode().split("\0")):
            copy = Path(folder, "mish", name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy)
        builder = Path(folder, "mish", "tools", "wheels", "build.py")
        for wheel, target in zip(wheels, targets, strict=True):
            made = Path(folder, "made", wheel.name)
            subprocess.run(
                [sys.executable, builder, "--into", made.parent, target],
                check=True,
                stdout=subprocess.DEVNULL,
                env=os.environ | {"SOURCE_DATE_EPOCH": epoch()},
            )
            same = made.read_bytes() == wheel.read_bytes()
            print(
                f"{wheel.name}: {'the same' if same else 'OTHER'} bytes from another folder",
                flush=True,
            )
            if not same:
                others.append(wheel.name)
    sys.exit(bool(others))


if __name__ == "__main__":
    main()
