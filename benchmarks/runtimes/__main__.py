"""Run Mish in every form in every runtime: does it convert, how wrong is it, how fast.

Usage: python benchmarks/runtimes [FOLDER] [--only RUNTIME ...] [--models KIND ...]
       [--networks NAME ...] [--modes MODE ...] [--forms FORM ...] [--untimed]
       [--environments FOLDER] [--conversions FOLDER]
       (defaults: benchmarks/results, every runtime, "one" Mish, "opsets" and "networks",
       build/runtimes, build/conversions)

Each runtime gets a virtual environment, and each conversion a process there that a failure may
take down. What was converted is kept, so that after a call with --untimed another one does little
but time. FOLDER gets runtimes.json, where each row replaces the one of the same runtime, model,
mode and form that another call found, and runtimes.md. Needs torch and timm for the networks.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from advice import FORMS, advise
from judge import judge, points
from models import NETWORKS, OPSETS, SHAPE, forms, network, of_opset, quantized, without_mish
from page import page
from table import write_tables

from mish._measure import machine

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ADVICE = ROOT / "src" / "mish" / "_support" / "targets.json"
LIMIT = 1800  # seconds
ROUNDS = 5
Arrays = dict[str, np.ndarray]
Rows = Iterator[dict[str, Any]]
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


def modes_of(about: dict[str, Any]) -> list[str]:
    """The modes that whole networks run in, by what a runtime's module says."""
    return [*about["MODES"], *about.get("QUANTIZED", ())]


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
        said = ERROR.findall(done.stderr)
        return {"failed": (said or [f"exit status {done.returncode}"])[-1][:300]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


class Bench:
    """One runtime on models in all forms.

    Args:
        runtime: Its name.
        python: The interpreter of its environment.
        folder: Where models, inputs and outputs go.
        kept: Where conversions are kept.
        timed: Whether to time.
        networks: Names of the whole networks to run.
        modes: The modes to run them in, of those that the runtime has.
        whole: The forms to run them in.
    """

    def __init__(
        self,
        runtime: str,
        python: Path,
        folder: Path,
        kept: Path,
        timed: bool,
        networks: Sequence[str],
        modes: Sequence[str],
        whole: Sequence[str],
    ) -> None:
        self.runtime, self.about = runtime, constants(runtime)
        self._python, self._folder, self._kept = python, folder, kept
        self._networks, self._modes, self._whole = networks, modes, whole
        self._from_onnx = self.about.get("TAKES", "ONNX") == "ONNX"
        self._timed = timed and self.about.get("TIMED", True)

    def run(
        self, model: bytes, plain: onnx.ModelProto, inputs: Arrays, row: dict[str, Any]
    ) -> tuple[dict[str, Any], list[np.ndarray]]:
        """One model in one mode: the row, with ``laps`` if it was timed, and the outputs.

        Args:
            model: An ONNX file, or a program of PyTorch.
            plain: The same network for ONNX Runtime.
            inputs: What both are given.
            row: What is known of it.
        """
        key = hashlib.sha256(b" ".join((self.runtime.encode(), row["mode"].encode(), model)))
        (self._folder / "plain.onnx").write_bytes(plain.SerializeToString())
        (self._folder / "inputs.npz").unlink(missing_ok=True)
        np.savez(self._folder / "inputs.npz", **inputs)
        path = self._folder / f"{row['form']}.{'onnx' if self._from_onnx else 'pt2'}"
        path.write_bytes(model)
        job = {
            "runtime": self.runtime,
            "mode": row["mode"],
            "model": str(path),
            "plain": str(self._folder / "plain.onnx"),
            "inputs": str(self._folder / "inputs.npz"),
            "outputs": str(self._folder / "outputs.npz"),
            "folder": str(self._kept / key.hexdigest()),
            "rounds": ROUNDS if self._timed and row["model"] != "opset" else 0,
        }
        row = row | work(self._python, job)
        found = np.load(job["outputs"]) if "failed" not in row else {}
        return row, [found[name] for name in found]

    def one_mish(self) -> Rows:
        """Each form of one Mish in each mode."""
        x = points(int(np.prod(SHAPE)))
        normal = np.random.default_rng(0).standard_normal(SHAPE, np.float32)
        plain = forms()["softplus"]
        models = self._forms()
        for mode in self.about["MODES"]:
            for form, model in models.items():
                row = {"model": "one Mish", "mode": mode, "form": form}
                timed, self._timed = self._timed, False
                row, outputs = self.run(model, plain, {"x": x.reshape(SHAPE)}, row)
                self._timed = timed
                if outputs:
                    row |= judge(x, outputs[0].ravel()).as_dict()
                    if self._timed:
                        row |= self.run(model, plain, {"x": normal}, row)[0]
                yield row

    def _forms(self) -> dict[str, bytes]:
        """One Mish in every form that the runtime's converter may be given."""
        if self._from_onnx:
            return {form: model.SerializeToString() for form, model in forms().items()}
        import torch
        from programs import FORMS as IN_PYTORCH
        from programs import InForm, exported

        return {form: exported(InForm(form), torch.zeros(SHAPE)) for form in IN_PYTORCH}

    def opsets(self) -> Rows:
        """A small network at each version of ONNX's operators, in the first mode."""
        if not self._from_onnx:
            return
        mode = next(iter(self.about["MODES"]))
        plain, inputs, want = of_opset(17, "softplus")
        for opset in OPSETS:
            model, _, _ = of_opset(opset, "sigmoid")
            row = {"model": "opset", "mode": mode, "form": str(opset), "opset": opset}
            row, outputs = self.run(model.SerializeToString(), plain, inputs, row)
            right = bool(outputs) and np.allclose(outputs[0].ravel(), want.ravel(), 1e-3, 1e-4)
            yield row | {"right": right}

    def networks(self) -> Rows:
        """Whole networks in the forms, beside the plain ones in ONNX Runtime."""
        quantised = self.about.get("QUANTIZED", ())
        if "ONE_ALONE" in self.about:
            why = self.about["ONE_ALONE"]
            yield {"model": "networks", "mode": "all", "form": "all", "failed": why}
            return
        for name in self._networks:
            of = network(name, self._kept)
            for mode in filter(self._modes.__contains__, modes_of(self.about)):
                for form in self._whole:
                    if self._from_onnx:
                        whole = of.in_form(form)
                        whole = quantized(whole, of.inputs) if mode in quantised else whole
                        model = whole.SerializeToString()
                    else:
                        model = of.program(form)
                    row = {"model": name, "mode": mode, "form": form}
                    row, outputs = self.run(model, of.plain, of.inputs, row)
                    yield row | off(outputs, of.want)
        plain, inputs, want = without_mish()
        for mode in filter(self._modes.__contains__, quantised):
            row = {"model": "Conv, Relu, Concat, Conv", "mode": mode, "form": "none"}
            model = quantized(plain, inputs).SerializeToString()
            row, outputs = self.run(model, plain, inputs, row)
            yield row | off(outputs, want)


def off(outputs: list[np.ndarray], want: np.ndarray) -> dict[str, float]:
    """The largest difference of the first output, over the largest size; nothing if there is none.

    Args:
        outputs: What came.
        want: What should.
    """
    if not outputs:
        return {}
    return {"off": float(np.abs(outputs[0].ravel() - want.ravel()).max() / np.abs(want).max())}


def merged(old: list[dict[str, Any]], new: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows with one put in the place of that of the same model, mode and form.

    If the new one was not timed, the times of the old one stay.
    """

    def key(row: dict[str, Any]) -> tuple[Any, ...]:
        return row.get("model"), row.get("mode"), row.get("form")

    before = next((row for row in old if key(row) == key(new)), {})
    if "laps" in before and "failed" not in new:
        new = {"laps": before["laps"]} | new
    if not before:
        return [*old, new]
    return [new if row is before else row for row in old]


def write_advice(known: dict[str, Any]) -> None:
    """Write the data of the package: what each runtime should get, by each start."""
    advice: dict[str, dict[str, Any]] = json.loads((HERE / "documented.json").read_text())
    for runtime, found in sorted(known["runtimes"].items()):
        about = constants(runtime)
        told = advise(found["rows"], about)
        if told:
            start = "onnx" if about.get("TAKES", "ONNX") == "ONNX" else "torch"
            advice.setdefault(about.get("RUNTIME", runtime), {})[start] = told
    ADVICE.write_text(json.dumps(dict(sorted(advice.items())), indent=1) + "\n")


def main() -> None:
    """Measure what is asked for, and write the page of all that is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = {"one": Bench.one_mish, "opsets": Bench.opsets, "networks": Bench.networks}
    parser.add_argument("--only", nargs="*", choices=RUNTIMES, default=RUNTIMES)
    parser.add_argument("--models", nargs="+", choices=kinds, default=list(kinds))
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    modes = sorted({mode for runtime in RUNTIMES for mode in modes_of(constants(runtime))})
    parser.add_argument("--modes", nargs="+", choices=modes, default=modes, help="of networks")
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=FORMS, help="of networks")
    parser.add_argument("--untimed", action="store_true", help="convert and judge alone")
    parser.add_argument("--environments", type=Path, default=ROOT / "build" / "runtimes")
    parser.add_argument("--conversions", type=Path, default=ROOT / "build" / "conversions")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "benchmarks" / "results")
    options = parser.parse_args()
    data = options.folder / "runtimes.json"
    known = json.loads(data.read_text()) if data.exists() else {"runtimes": {}}
    options.conversions.mkdir(parents=True, exist_ok=True)
    for runtime in options.only:
        found = known["runtimes"].setdefault(runtime, {"rows": []})
        found["machine"] = machine.summary(machine.facts())
        try:
            python = environment(runtime, options.environments.resolve())
        except (OSError, subprocess.CalledProcessError) as error:
            found["rows"] = [{"failed": f"cannot be installed: {error}"}]
            continue
        with tempfile.TemporaryDirectory() as name:
            kept = options.conversions.resolve()
            which = options.networks, options.modes, options.forms
            bench = Bench(runtime, python, Path(name), kept, not options.untimed, *which)
            for kind in options.models:
                for row in kinds[kind](bench):
                    print(runtime, row, flush=True)
                    found["rows"] = merged(found["rows"], row)
                    data.write_text(json.dumps(known, indent=1) + "\n")
    data.write_text(json.dumps(known, indent=1) + "\n")
    (options.folder / "runtimes.md").write_text(page(known))
    write_advice(known)
    write_tables(ROOT / "docs" / "deploy.md", json.loads(ADVICE.read_text()))


if __name__ == "__main__":
    main()
