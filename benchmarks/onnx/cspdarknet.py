"""Optimize a CSPDarknet-53 with Mish and report what the whole model gains.

Usage: python benchmarks/onnx/cspdarknet.py [RESULT.md]
       (default: benchmarks/results/cspdarknet53.md)

Needs torch and timm besides mish with its extras `cli` and `onnx`. The model is timm's, with
random weights, for one image of 3x416x416, exported into a temporary folder with Mish as
Softplus, Tanh and Mul. `mish optimize` then works on it as anyone would call it, with one thread
and, where the process may use more cores, with as many; both models are profiled afterwards on one
thread. The cores should be idle.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch
from zoo import timm

from mish._support.cpus import allowed_cpus
from mish.bench import machine

SEED = 0
SHAPE = (1, 3, 416, 416)
PROFILED_RUNS = 10
OPERATORS_SHOWN = 10
BEFORE_AFTER = ("", "before", "after")
PACKAGES = ("mish", "onnxruntime", "onnx", "numpy", "torch", "timm")

Nodes = set[tuple[str, str]]


def build() -> torch.nn.Module:
    """Make CSPDarknet-53 with random weights whose activations have ordinary sizes.

    By default most values inside the random network would be zero or nearly so: timm starts the
    last scale of each residual block at 0, and with untrained normalisation statistics values
    shrink from layer to layer. So the scales start at 1, and one batch of noise sets the
    statistics.
    """
    torch.manual_seed(SEED)
    model: torch.nn.Module = timm().create_model(
        "cspdarknet53", act_layer="mish", zero_init_last=False
    )
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        model.train()(torch.randn(2, *SHAPE[1:]))
    return model.eval()


def export(model: torch.nn.Module, path: Path) -> None:
    """Write `model` as ONNX; the TorchScript exporter spells nn.Mish as Softplus, Tanh, Mul."""
    torch.onnx.export(
        model,
        (torch.zeros(SHAPE),),
        path,
        dynamo=False,
        opset_version=17,
        input_names=["images"],
        output_names=["logits"],
    )


def optimize(source: Path, target: Path, threads: int) -> dict[str, Any]:
    """Run `mish optimize` and return what it reports."""
    command = [sys.executable, "-m", "mish", "optimize", str(source), "-o", str(target)]
    command += ["--threads", str(threads), "--json"]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        raise SystemExit(f"error: mish optimize left with status {run.returncode}")
    report: dict[str, Any] = json.loads(run.stdout)
    return report


def nodes(path: Path) -> Nodes:
    """Name and operator of each node of an ONNX file."""
    graph = onnx.load(path).graph
    return {(node.name, node.op_type) for node in graph.node if node.op_type != "Constant"}


@dataclass(frozen=True)
class Profile:
    """Where the time of a model goes, in milliseconds a run."""

    run: float
    mish: float
    operators: Counter[str]


def profile(models: Sequence[tuple[Path, Nodes]]) -> list[Profile]:
    """Run models in ONNX Runtime's profiler on one thread, in turns.

    Turns let whatever else the machine does fall on all models alike.

    Args:
        models: for each, the ONNX file and which of its nodes compute Mish.
    """
    images = np.random.default_rng(SEED).standard_normal(SHAPE, dtype=np.float32)
    with tempfile.TemporaryDirectory() as folder:
        sessions = []
        for path, _ in models:
            options = ort.SessionOptions()
            options.intra_op_num_threads = 1
            options.enable_profiling = True
            options.profile_file_prefix = str(Path(folder) / path.stem)
            sessions.append(ort.InferenceSession(path, options, ["CPUExecutionProvider"]))
        for _ in range(PROFILED_RUNS):
            for session in sessions:
                session.run(None, {"images": images})
        return [
            summary(json.loads(Path(session.end_profiling()).read_text(encoding="utf-8")), mish)
            for session, (_, mish) in zip(sessions, models, strict=True)
        ]


def summary(events: list[dict[str, Any]], mish: Nodes) -> Profile:
    """Add up a profile's events; their durations are in microseconds."""
    operators: Counter[str] = Counter()
    in_mish = 0.0
    for event in events:
        if event["cat"] == "Node" and event["name"].endswith("_kernel_time"):
            operator = event["args"]["op_name"]
            time = event["dur"] / 1000 / PROFILED_RUNS
            operators[operator] += time
            if (event["name"].removesuffix("_kernel_time"), operator) in mish:
                in_mish += time
    runs = [event["dur"] / 1000 for event in events if event["name"] == "model_run"]
    return Profile(median(runs), in_mish, operators)


def this_machine() -> str:
    """The processor's name and how many of its cores this process may use."""
    cores = f"{allowed_cpus()} of {os.cpu_count()} cores"
    return f"{machine.cpu()}, {cores}, {platform.system()} {platform.machine()}"


def report(
    facts: Sequence[dict[str, Any]], sizes: tuple[int, int], before: Profile, after: Profile
) -> str:
    """The result as Markdown.

    Args:
        facts: what `mish optimize` reported, for each number of threads.
        sizes: number of nodes that compute Mish, before and after.
        before: profile of the exported model.
        after: profile of the optimized one.
    """
    rows = [
        ("nodes that compute Mish", *map(str, sizes)),
        ("time of a run", f"{before.run:.0f} ms", f"{after.run:.0f} ms"),
        ("in Mish", f"{before.mish:.0f} ms", f"{after.mish:.0f} ms"),
        ("share of Mish", *(f"{one.mish / one.run:.0%}" for one in (before, after))),
    ]
    costs = [
        (kind, *(f"{one.operators[kind]:.1f} ms" for one in (before, after)))
        for kind, _ in (before.operators + after.operators).most_common(OPERATORS_SHOWN)
    ]
    timings = [
        (
            str(one["threads"]),
            *(f"{one[when] * 1e3:.0f} ms" for when in ("seconds_before", "seconds_after")),
            f"{one['ratio']:.2f}",
        )
        for one in facts
    ]
    first = facts[0]
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"""# CSPDarknet-53 with Mish, before and after `mish optimize`

timm's `cspdarknet53` with `act_layer="mish"`, random weights, one image of 3×416×416.
Made by `benchmarks/onnx/cspdarknet.py`.

- Mish sites found {first["found"]}, rewritten {len(first["rewritten"])}, form {first["form"]}.
- Whole model, on one thread: **{first["ratio"]:.2f} times faster**.
- Mish alone, on one thread: {before.mish / after.mish:.2f} times faster.
- Largest difference of an output: {first["max_absolute_difference"]:.1e} absolute, \
{first["max_relative_difference"]:.1e} relative.

The whole model as `mish optimize` timed it, one run, median:

{table(timings, ("threads", "before", "after", "times faster"))}

ONNX Runtime's profiler, CPU, one thread, {PROFILED_RUNS} runs of each in turns (median
of the runs, means of the parts):

{table(rows, BEFORE_AFTER)}

The operators that cost most, Mish's and others' together:

{table(costs, BEFORE_AFTER)}

Machine: {this_machine()}. Python {platform.python_version()}, {versions}.
"""


def table(rows: Sequence[Sequence[str]], head: Sequence[str]) -> str:
    """A Markdown table whose first column holds names and whose others hold figures."""
    lines = [head, ("---", *["---:"] * (len(head) - 1)), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Build, export, optimize, profile; print the result and write it."""
    default = Path(__file__).resolve().parents[1] / "results" / "cspdarknet53.md"
    parser = argparse.ArgumentParser(description="Optimize a CSPDarknet-53 with Mish.")
    parser.add_argument("result", nargs="?", type=Path, default=default, help="Markdown file")
    result: Path = parser.parse_args().result
    if not result.parent.is_dir():
        parser.error(f"{result.parent}: no such folder; make it first")

    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name) / "cspdarknet53.onnx", Path(name) / "optimized.onnx"
        export(build(), source)
        facts = [optimize(source, target, threads) for threads in sorted({1, allowed_cpus()})]
        old, new = nodes(source), nodes(target)
        removed, added = old - new, new - old
        before, after = profile([(source, removed), (target, added)])
        text = report(facts, (len(removed), len(added)), before, after)
    print(text)
    part = result.with_name(result.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(result)


if __name__ == "__main__":
    main()
