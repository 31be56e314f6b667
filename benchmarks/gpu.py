"""Measure Mish under PyTorch on a GPU, and check it there.

Usage: python gpu.py [RESULT.md]    (default: results/NAME-OF-THE-GPU.md beside this file)

First the tests of the kernels run on the device; nothing is measured if one fails. Then come errors
over all inputs, times against a copy, PyTorch's own operators and `torch.compile`, the memory that
training takes, and the instructions of each kernel. Needs torch for CUDA, pytest, and the extras
`reference` and `cost`. `--dry-run` goes through all of it on the CPU, in small, without the tests:
it shows that the script works, and its figures mean nothing.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import gpu_accuracy
import gpu_fused
import torch
import torch.nn.functional as F

import mish.torch
from mish.bench import machine, timing
from mish.cost import OPERATIONS, SASS_CLASSES, count_gpu

ROOT = Path(__file__).resolve().parents[1]
DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
EXPONENTS = tuple(range(10, 31, 2))
SHARE = 0.8  # of the device's memory that the arrays of one measurement may take
Call = Callable[[], object]


def lap(call: Call, device: torch.device, repeat: int) -> float:
    """Seconds of one call, on the device's clock; on the CPU, for dry runs, on its own."""
    call()
    if device.type == "cpu":
        return timing.lap(call, repeat)
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize(device)
    start.record()
    for _ in itertools.repeat(None, repeat):
        call()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / 1e3 / repeat


def measure(calls: dict[str, Call], device: torch.device, rounds: int) -> dict[str, timing.Timing]:
    laps = {name: functools.partial(lap, call, device) for name, call in calls.items()}
    return timing.alternate(laps, rounds, seconds=30)


def contenders(x: torch.Tensor, backward: bool, compiled: bool) -> dict[str, Call]:
    """A copy first, ours next, then the others; all allocate their results, as in a network."""
    dy = torch.randn_like(x) if backward else x
    if backward:
        calls: dict[str, Call] = {
            "copy": x.clone,
            "mish": lambda: torch.ops.mish.backward(dy, x),
            "PyTorch": lambda: torch.ops.aten.mish_backward(dy, x),
        }
        if compiled:
            function = torch.compile(torch.ops.aten.mish_backward.default, dynamic=False)
            calls["torch.compile"] = lambda: function(dy, x)
        return calls
    calls = {
        "copy": x.clone,
        "mish": lambda: torch.ops.mish.mish(x),
        "PyTorch": lambda: F.mish(x),
    }
    if compiled:
        plain = torch.compile(F.mish, dynamic=False)
        calls["torch.compile"] = lambda: plain(x)
    return calls


def fits(size: int, dtype: torch.dtype, device: torch.device) -> bool:
    """Whether input, gradient and a result are within the device's memory."""
    if device.type == "cpu":
        return True
    return 4 * size * dtype.itemsize < SHARE * torch.cuda.mem_get_info(device)[0]


def speed(device: torch.device, options: argparse.Namespace, backward: bool) -> list[str]:
    """Times of one direction, by format and size."""
    traffic = 1.5 if backward else 1.0  # bytes, in those of a copy
    lines = [
        "| format | elements | mish, µs | of the copy's bandwidth | PyTorch | torch.compile |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for dtype in DTYPES:
        for exponent in options.exponents:
            if not fits(1 << exponent, dtype, device):
                continue
            torch.compiler.reset()
            x = torch.randn(1 << exponent, device=device).to(dtype)
            with torch.no_grad():
                calls = contenders(x, backward, options.compile)
                found = measure(calls, device, options.rounds)
            ours = found["mish"]
            share = traffic * found["copy"].ratio_to(ours).median
            cells = [
                str(dtype).removeprefix("torch."),
                f"2^{exponent}",
                f"{ours.median * 1e6:.2f}",
                f"{share:.0%}",
                *_ratios(found, ours),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def fused(device: torch.device, options: argparse.Namespace, backward: bool) -> list[str]:
    """Times of fused layers against their parts; backward, of a forward and a backward pass."""
    lines = [
        "| layer | shape | format | elements | fused, µs | copies of x | PyTorch | torch.compile |",
        "|---|---|---|---:|---:|---:|---:|---:|",
    ]
    # Some sizes of the first shape, then the largest of the others.
    sizes = [(gpu_fused.SHAPES[0], 1 << exponent) for exponent in options.exponents[::3]]
    sizes += [(shape, 1 << max(options.exponents[::3])) for shape in gpu_fused.SHAPES[1:]]
    for operator, dtype, (shape, size) in itertools.product(gpu_fused.OPERATORS, DTYPES, sizes):
        if not fits(3 * size, dtype, device):
            continue
        torch.compiler.reset()
        x = gpu_fused.layer_input(shape, size, dtype, device)
        calls = gpu_fused.contenders(x, operator, backward, options.compile)
        found = measure(calls, device, options.rounds)
        ours = found["fused"]
        cells = [
            f"{operator} and Mish",
            shape.name,
            str(dtype).removeprefix("torch."),
            f"{x.numel():,}",
            f"{ours.median * 1e6:.2f}",
            f"{ours.ratio_to(found['copy']).median:.2f}",
            *_ratios(found, ours),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _ratios(found: dict[str, timing.Timing], ours: timing.Timing) -> list[str]:
    """How many times as long as ours the others take, where they were measured."""
    return [
        f"{found[name].ratio_to(ours).median:.2f}×" if name in found else ""
        for name in ("PyTorch", "torch.compile")
    ]


def memory(device: torch.device, exponent: int) -> list[str]:
    """The most memory that a forward and a backward pass of one layer take beside x."""
    lines = ["| | peak, in sizes of x |", "|---|---:|"]
    for name, function in (("mish", mish.torch.mish), ("PyTorch", F.mish)):
        x = torch.randn(1 << exponent, device=device, requires_grad=True)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        function(x).sum().backward()
        peak = torch.cuda.max_memory_allocated(device) - before
        lines.append(f"| {name} | {peak / (x.numel() * x.element_size()):.2f} |")
    return lines


def instructions(capability: int) -> list[str]:
    """Instructions an element by class, as `mish cost --gpu` counts them."""
    heads = ["kernel", "format", "all", *SASS_CLASSES]
    lines = [f"| {' | '.join(heads)} |", "|---|---" + "|---:" * (len(heads) - 2) + "|"]
    for kernel, dtype in itertools.product(OPERATIONS, DTYPES):
        name = str(dtype).removeprefix("torch.")
        found = count_gpu(kernel, name, capability)
        counts = [found.total, *(found.instructions[each] for each in SASS_CLASSES)]
        lines.append(f"| {kernel} | {name} | {' | '.join(f'{n:.2f}' for n in counts)} |")
    return lines


def tests() -> None:
    """Run the tests of the kernels on the device; leave if one fails."""
    command = [sys.executable, "-m", "pytest", "-q", "tests/torch/triton"]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise SystemExit("the kernels fail their tests on this device: nothing was measured")


def page(device: torch.device, options: argparse.Namespace) -> str:
    """The whole results file."""
    cuda = device.type == "cuda"
    name = torch.cuda.get_device_name(device) if cuda else "dry run on the CPU: no measurement"
    capability = torch.cuda.get_device_capability(device) if cuda else (9, 0)
    every = 1 if cuda else options.step
    steps = dict.fromkeys((torch.float16, torch.bfloat16), 1) | {torch.float32: every}
    parts = [
        f"# Mish on a GPU: {name}",
        f"Made by `benchmarks/gpu.py`, {time.strftime('%Y-%m-%d')}; CUDA {torch.version.cuda}.",
        machine.summary(machine.facts(("torch", "triton"))),
        "## Accuracy",
        *_block(gpu_accuracy.table(device, steps)),
        "## Forward",
        "PyTorch and torch.compile: how many times as long as mish they take.",
        *_block(speed(device, options, backward=False)),
        "## Backward",
        *_block(speed(device, options, backward=True)),
    ]
    parts += [
        "## Fused, forward",
        *_block(fused(device, options, backward=False)),
        "## Fused, forward and backward",
        *_block(fused(device, options, backward=True)),
    ]
    if cuda:
        parts += ["## Memory of a training step", *_block(memory(device, 26))]
    parts += [
        "## Instructions an element",
        *_block(instructions(10 * capability[0] + capability[1])),
    ]
    return "\n\n".join(parts) + "\n"


def _block(lines: list[str]) -> list[str]:
    return ["\n".join(lines)]


def default_result(device: torch.device) -> Path:
    name = re.sub(r"[^a-z0-9]+", "-", torch.cuda.get_device_name(device).lower())
    return Path(__file__).resolve().parent / "results" / f"{name}.md"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure Mish on a GPU.")
    parser.add_argument("result", nargs="?", type=Path, help="Markdown file")
    parser.add_argument("--dry-run", action="store_true", help="small, on the CPU")
    parser.add_argument("--exponents", type=int, nargs="+", help="of sizes; 10, 12, … 30")
    parser.add_argument("--rounds", type=int, help="how often everybody is timed")
    parser.add_argument("--no-compile", dest="compile", action="store_false")
    options = parser.parse_args()
    if not options.dry_run and not torch.cuda.is_available():
        raise SystemExit("no GPU was found; --dry-run tries the script without one")
    device = torch.device("cpu" if options.dry_run else "cuda")
    options.exponents = options.exponents or ((10,) if options.dry_run else EXPONENTS)
    options.rounds = options.rounds or (1 if options.dry_run else 11)
    options.step = (1 << 32) // gpu_accuracy.BLOCK  # one block, in dry runs
    if not options.dry_run:
        tests()
    text = page(device, options)
    if options.result is None and options.dry_run:
        print(text)
        return
    (options.result or default_result(device)).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
