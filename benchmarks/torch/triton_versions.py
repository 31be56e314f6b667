"""Compile every Triton kernel under each Triton from 3.5 on; no GPU is needed.

Usage: python benchmarks/torch/triton_versions.py FOLDER
       (`make test-triton` does it, in build/triton)

Each Triton is installed into a folder of its own, and compiles for sm_80, sm_90 and sm_100 in
processes that see it first. Machine code is held to `mish.cost._rules`. What was compiled stays in
the folder, so that a run that was broken off goes on; remove it when kernels have changed. At the
end docs/gpu.md gets the table, and a kernel that does not compile or breaks a rule is an error.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

PAGE = Path(__file__).resolve().parents[2] / "docs" / "gpu.md"
BEGIN, END = "<!-- made by `make test-triton`: begin -->\n", "<!-- end -->\n"
# The versions of PyTorch that ask for each, by their packages' metadata.
VERSIONS = {
    "3.5.1": "2.9",
    "3.6.0": "2.10, 2.11",
    "3.7.0": "2.12",
    "3.7.1": "2.13",
    "3.8.0": "none; the tests' own",
}
CAPABILITIES = (80, 90, 100)
SHOWN = 90  # the capability whose instructions are in the table
LARGE = (2, 64, 208 * 208)  # of groups that are read again for each pass


class Case(NamedTuple):
    """A kernel to compile: without a shape, a pointwise one."""

    operation: str
    dtype: str
    capability: int
    shape: tuple[int, int, int] | None = None
    last: bool = False

    def __str__(self) -> str:
        parts = [self.operation, self.dtype, f"sm_{self.capability}"]
        if self.shape:
            parts += ["x".join(map(str, self.shape)), "last" if self.last else "first"]
        return " ".join(parts)


def cases() -> list[Case]:
    from mish.cost import FORMATS, FUSED, OPERATIONS, layers_for

    found = [Case(o, d, c) for o in OPERATIONS for d in FORMATS for c in CAPABILITIES]
    for operation in FUSED:
        shapes = [(layers_for(operation)[0].shape, FORMATS)]
        if operation.startswith("group_norm"):
            shapes.append((LARGE, ("float32",)))
        found += [
            Case(operation, dtype, capability, shape, last)
            for shape, dtypes in shapes
            for dtype in dtypes
            for last in (False, True)
            for capability in CAPABILITIES
        ]
    return found


def examine(case: Case) -> dict[str, Any]:
    """Compile one kernel: what is wrong with it, and the instructions of pointwise ones."""
    from mish.cost import _fused, _gpu, _rules

    try:
        if case.shape is None:
            kernel = _gpu.compiled(case.operation, case.dtype, case.capability)
        else:
            layer = _fused.Layer(case.shape, case.last)
            compiled = _fused.compiled(case.operation, case.dtype, layer, None, case.capability)
            kernel = compiled.kernel
        wrong = _rules.violations(kernel, calls=case.shape is not None)
        total = None
        if case.shape is None:
            total = _gpu.count_gpu(case.operation, case.dtype, case.capability).total
    except Exception as error:  # of whatever kind: this is what is asked
        last = str(error).strip().splitlines()[-1:]
        return {"wrong": [f"{type(error).__name__}: {' '.join(last)}"], "instructions": None}
    return {"wrong": wrong, "instructions": total}


def work(record: Path) -> None:
    """Compile all that is not in a record yet, under the Triton that is first on the path."""
    done = _read(record)
    waiting = [case for case in cases() if str(case) not in done]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        for case, found in zip(waiting, pool.map(examine, waiting), strict=True):
            with record.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"case": str(case)} | found) + "\n")


def _read(record: Path) -> dict[str, Any]:
    if not record.exists():
        return {}
    lines = map(json.loads, record.read_text(encoding="utf-8").splitlines())
    return {line["case"]: line for line in lines}


def install(version: str, folder: Path) -> None:
    if (folder / "triton").exists():
        return
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*command, "--target", str(folder), f"triton=={version}"], check=True)


def compile_under(version: str, folder: Path) -> dict[str, Any]:
    """All kernels under one version."""
    packages = folder / version
    install(version, packages)
    record = folder / f"{version}.jsonl"
    paths = {"PYTHONPATH": str(packages), "TRITON_CACHE_DIR": str(folder / f"cache-{version}")}
    command = [sys.executable, __file__, str(folder), "--record", str(record)]
    subprocess.run(command, check=True, env=os.environ | paths)
    return _read(record)


def table(found: dict[str, dict[str, Any]]) -> list[str]:
    from mish.cost import FORMATS

    names = [f"sm_{capability}" for capability in CAPABILITIES]
    kinds = [(way, dtype) for way in ("mish", "mish_grad") for dtype in FORMATS]
    words = {"mish": "forward", "mish_grad": "backward"}
    heads = ["Triton", "of PyTorch", *names, *(f"{words[way]}, {dtype}" for way, dtype in kinds)]
    lines = [f"| {' | '.join(heads)} |", "|---|---" + "|---:" * (len(heads) - 2) + "|"]
    for version, kernels in found.items():
        cells = [version, VERSIONS[version]]
        for name in names:
            each = [kernel for case, kernel in kernels.items() if name in case.split()]
            cells.append(f"{sum(not kernel['wrong'] for kernel in each)} of {len(each)}")
        for way, dtype in kinds:
            count = kernels[str(Case(way, dtype, SHOWN))]["instructions"]
            cells.append("" if count is None else f"{count:.1f}")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def put(text: str, lines: list[str]) -> str:
    """A page with these lines between its two marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE} lacks the marks of the table: {BEGIN.strip()} and {END.strip()}")
    return before + BEGIN + "\n".join(lines) + "\n" + END + after


def main(say: Callable[[str], object] = print) -> None:
    parser = argparse.ArgumentParser(description="Compile all kernels under every Triton.")
    parser.add_argument("folder", type=Path, help="where the versions and what they made are kept")
    parser.add_argument("--record", type=Path, help=argparse.SUPPRESS)  # in a process of work()
    options = parser.parse_args()
    if options.record:
        work(options.record)
        return
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    found = {version: compile_under(version, folder) for version in VERSIONS}
    PAGE.write_text(put(PAGE.read_text(encoding="utf-8"), table(found)), encoding="utf-8")
    wrong = [
        f"Triton {version}, {case}: {', '.join(kernel['wrong'])}"
        for version, kernels in found.items()
        for case, kernel in kernels.items()
        if kernel["wrong"]
    ]
    for line in wrong:
        say(line)
    if wrong:
        raise SystemExit(f"{len(wrong)} kernels do not compile or break the rules")


if __name__ == "__main__":
    main()
