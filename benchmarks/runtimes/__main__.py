"""Run Mish in every form in every runtime: does it convert, how wrong is it, how fast.

Usage: python benchmarks/runtimes [--only RUNTIME ...] [--quick] [--environments FOLDER] [FOLDER]
       (defaults: every runtime, build/runtimes, benchmarks/results)

Each runtime gets a virtual environment, and each conversion a process there that a failure may
take down. FOLDER gets runtimes.json, which keeps what other calls found of other runtimes, and
runtimes.md. Needs torch and timm for the networks.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from advice import advise
from judge import judge, points
from models import SHAPE, forms, in_form, networks
from page import page

import mish.onnx
from mish.bench import machine

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ADVICE = ROOT / "src" / "mish" / "onnx" / "targets.json"
LIMIT = 600  # seconds
ROUNDS = 9
ERROR = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception|Failure)\b.*", re.MULTILINE)
RUNTIMES = sorted(path.stem for path in (HERE / "of").glob("[a-z]*.py"))


def constants(runtime: str) -> dict[str, Any]:
    """What a runtime's module says of itself, read without the runtime."""
    tree = ast.parse((HERE / "of" / f"{runtime}.py").read_text(encoding="utf-8"))
    return {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


def environment(runtime: str, folder: Path) -> Path:
    """The interpreter of a runtime's environment, which is made if it is missing."""
    python = folder / runtime / "bin" / "python"
    if not python.exists():
        pins = (HERE / "requirements" / f"{runtime}.txt", HERE / "requirements" / "all.txt")
        wanted = constants(runtime).get("PYTHON")
        interpreter = f"python{wanted}" if wanted else sys.executable
        subprocess.run([interpreter, "-m", "venv", folder / runtime], check=True)
        command = [str(python), "-m", "pip", "install", "--quiet"]
        for each in pins:
            command += ["--requirement", str(each)]
        subprocess.run(command, check=True)
    return python


def work(python: Path, job: dict[str, Any]) -> dict[str, Any]:
    """Do a job in a process of its own; what went wrong is under ``failed``."""
    try:
        done = subprocess.run(
            [python, HERE / "worker.py", json.dumps(job)],
            check=False,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"not done after {LIMIT} s"}
    if done.returncode:
        said = re.findall(
            r"^(?:\w+\.)*\w*(?:Error|Exception|Failure)\b.*", done.stderr, re.MULTILINE
        )
        return {"failed": (said or [f"exit status {done.returncode}"])[-1][:300]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def job_for(runtime: str, mode: str, folder: Path, model: str, inputs: str) -> dict[str, Any]:
    """A job for ``worker.py`` on files of a folder; nothing is timed."""
    return {
        "runtime": runtime,
        "mode": mode,
        "model": str(folder / model),
        "plain": str(folder / "plain.onnx"),
        "inputs": str(folder / inputs),
        "outputs": str(folder / "outputs.npz"),
        "folder": tempfile.mkdtemp(dir=folder),
        "rounds": 0,
    }


def one_mish(runtime: str, python: Path, folder: Path) -> list[dict[str, Any]]:
    """Each form of one Mish in each mode of a runtime."""
    x = points(int(np.prod(SHAPE)))
    np.savez(folder / "hard.npz", x=x.reshape(SHAPE))
    normal = np.random.default_rng(0).standard_normal(SHAPE, np.float32)
    np.savez(folder / "normal.npz", x=normal)
    models = forms()
    onnx.save(models["softplus"], folder / "plain.onnx")
    rows = []
    for mode in constants(runtime)["MODES"]:
        for form, model in models.items():
            onnx.save(model, folder / f"{form}.onnx")
            job = job_for(runtime, mode, folder, f"{form}.onnx", "hard.npz")
            row = {"model": "one Mish", "mode": mode, "form": form} | work(python, job)
            if "failed" not in row:
                y = np.load(folder / "outputs.npz")["arr_0"].ravel()
                row |= judge(x, y).as_dict()
                if constants(runtime).get("TIMED", True):
                    timed = {"inputs": str(folder / "normal.npz"), "rounds": ROUNDS}
                    row |= work(python, job | timed)
            print(runtime, row, flush=True)
            rows.append(row)
    return rows


def whole(runtime: str, python: Path, folder: Path) -> list[dict[str, Any]]:
    """Whole networks in each form of the package, beside the plain one in ONNX Runtime."""
    rows: list[dict[str, Any]] = []
    if "ONNX" not in constants(runtime).get("TAKES", "ONNX"):
        return rows
    for name, (network, inputs) in networks().items():
        np.savez(folder / "inputs.npz", **inputs)
        onnx.save(network, folder / "plain.onnx")
        for form in mish.onnx.FORMS:
            onnx.save(in_form(network, form), folder / "model.onnx")
            for mode in constants(runtime)["MODES"]:
                job = job_for(runtime, mode, folder, "model.onnx", "inputs.npz")
                found = work(python, job | {"rounds": 5})
                row = {"model": name, "mode": mode, "form": form} | found
                print(runtime, row, flush=True)
                rows.append(row)
    return rows


def write_advice(known: dict[str, Any]) -> None:
    """Write the data of the package: the form for each runtime that takes ONNX models."""
    advice = {}
    for runtime, found in sorted(known["runtimes"].items()):
        told = advise(runtime, found["rows"])
        if told and constants(runtime).get("TAKES", "ONNX") == "ONNX":
            advice[runtime] = told
    ADVICE.write_text(json.dumps(advice, indent=1) + "\n")


def main() -> None:
    """Measure what is asked for, and write the page of all that is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=RUNTIMES, default=RUNTIMES)
    parser.add_argument("--environments", type=Path, default=ROOT / "build" / "runtimes")
    parser.add_argument("--quick", action="store_true", help="leave the networks out")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "benchmarks" / "results")
    options = parser.parse_args()
    data = options.folder / "runtimes.json"
    known = json.loads(data.read_text()) if data.exists() else {"runtimes": {}}
    for runtime in options.only:
        try:
            python = environment(runtime, options.environments.resolve())
        except (OSError, subprocess.CalledProcessError) as error:
            found: list[dict[str, Any]] = [{"failed": f"cannot be installed: {error}"}]
        else:
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                found = one_mish(runtime, python, folder)
                if not options.quick:
                    found += whole(runtime, python, folder)
        known["runtimes"][runtime] = {"machine": machine.summary(machine.facts()), "rows": found}
        data.write_text(json.dumps(known, indent=1) + "\n")
        (options.folder / "runtimes.md").write_text(page(known))
        write_advice(known)


if __name__ == "__main__":
    main()
