#!/usr/bin/env bash
# Measure Mish on this machine's GPU, without network: run.sh FOLDER [--dry-run]
#
# Needs a Python of the wheels' version with PyTorch, NumPy, pytest and hypothesis; PYTHON names it.
# Everything else is beside this file and is unpacked into a new folder, which goes at the end. Nothing
# is written elsewhere but FOLDER. It ends within 9 minutes.
set -euo pipefail
limit=530 # seconds in all

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-python3}
results=${1:?usage: run.sh FOLDER [--dry-run]}
shift
mkdir -p "$results"
results=$(cd "$results" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/packages"

# Whatever the machine has set for its own packages and caches is not ours.
unset PYTHONPATH PYTHONHOME TRITON_INTERPRET
export PYTHONPATH="$work/packages" PYTHONUNBUFFERED=1 PYTHONFAULTHANDLER=1
export TRITON_CACHE_DIR="$work/triton" TORCHINDUCTOR_CACHE_DIR="$work/inductor"
export XDG_CACHE_HOME="$work/cache" MPLCONFIGDIR="$work/matplotlib"

# A wheel of pure data and modules is an archive of the packages' folder; no pip is needed.
"$python" - "$here/wheels" "$work/packages" <<'PYTHON' || exit 2
import importlib, pathlib, sys, zipfile
wheels, packages = map(pathlib.Path, sys.argv[1:])
wanted = {w.name.split("-")[2] for w in wheels.glob("mish-*.whl")}
here = f"cp{sys.version_info[0]}{sys.version_info[1]}"
if wanted != {here}:
    sys.exit(f"the wheels are for {wanted}, and {sys.executable} is {here}: set PYTHON")
for wheel in wheels.glob("*.whl"):
    zipfile.ZipFile(wheel).extractall(packages)
importlib.invalidate_caches()
for needed in ("torch", "numpy", "pytest", "hypothesis", "mish"):
    try:
        __import__(needed)
    except Exception as error:
        sys.exit(f"{sys.executable} cannot import {needed}: {type(error).__name__}: {error}")
PYTHON

cd "$here"
"$python" benchmarks/gpu "$results" --seconds $((limit - SECONDS)) "$@"
