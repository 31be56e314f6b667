"""Time mish beside PyTorch, OpenVINO and NumPy, one thread, in turns in one process.

    python benchmarks/speed.py [--size N] [--rounds R] [--markdown FILE]

Each round times every contender once, in a new random order; the figure is the median over the
rounds. Inputs are standard normal. `copy` is numpy.copyto of the same array: what memory allows.
"""

from __future__ import annotations

import argparse
import platform
import random
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import ml_dtypes
import numpy as np
import openvino as ov
import torch
from openvino import opset4

import mish

Contender = Callable[[], object]


def openvino_mish(x: np.ndarray) -> Contender:
    """One Mish node, with the array itself as its input tensor."""
    parameter = opset4.parameter(list(x.shape), x.dtype.type)
    model = ov.Model([opset4.mish(parameter)], [parameter], "mish")
    settings = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    request = ov.Core().compile_model(model, "CPU", settings).create_infer_request()
    request.set_input_tensor(ov.Tensor(x, shared_memory=True))
    return request.infer


def forward(x: np.ndarray) -> dict[str, Contender]:
    out = np.empty_like(x)
    tensor, tensor_out = torch.from_numpy(x), torch.from_numpy(np.empty_like(x))
    contenders: dict[str, Contender] = {
        "copy": lambda: np.copyto(out, x),
        "mish": lambda: mish.mish(x, out=out),
        "PyTorch F.mish": lambda: torch.ops.aten.mish.out(tensor, out=tensor_out),
        "NumPy x*tanh(log1p(exp(x)))": lambda: x * np.tanh(np.log1p(np.exp(x))),
    }
    if x.dtype == np.float32:
        contenders["OpenVINO Mish"] = openvino_mish(x)
    return contenders


def backward(x: np.ndarray) -> dict[str, Contender]:
    dy = np.ones_like(x)
    out = np.empty_like(x)
    tensor, gradient = torch.from_numpy(x), torch.from_numpy(dy)
    return {
        "copy": lambda: np.copyto(out, x),
        "mish": lambda: mish.mish_grad(dy, x, out=out),
        "PyTorch mish_backward": lambda: torch.ops.aten.mish_backward(gradient, tensor),
    }


def half_precision(x: np.ndarray) -> dict[str, Contender]:
    """Forward in float16 or bfloat16."""
    out = np.empty_like(x)
    tensor = torch.from_numpy(x.view(np.int16)).view(getattr(torch, x.dtype.name))
    tensor_out = torch.empty_like(tensor)
    return {
        "copy": lambda: np.copyto(out, x),
        "mish": lambda: mish.mish(x, out=out),
        "PyTorch F.mish": lambda: torch.ops.aten.mish.out(tensor, out=tensor_out),
    }


def second_derivative(x: np.ndarray) -> dict[str, Contender]:
    """PyTorch's is its double backward, by itself."""
    out = np.empty_like(x)
    tensor = torch.from_numpy(x).requires_grad_()
    ones = torch.ones_like(tensor)
    first = torch.autograd.grad(torch.nn.functional.mish(tensor), tensor, ones, create_graph=True)[
        0
    ]
    return {
        "copy": lambda: np.copyto(out, x),
        "mish": lambda: mish.mish_d2(x, out=out),
        "PyTorch double backward": lambda: torch.autograd.grad(
            first, tensor, ones, retain_graph=True
        ),
    }


def measure(contenders: dict[str, Contender], rounds: int) -> dict[str, list[float]]:
    """Seconds of each contender in each round, after two rounds to warm up."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    order = list(contenders)
    for round_number in range(rounds + 2):
        random.shuffle(order)
        for name in order:
            start = time.perf_counter()
            contenders[name]()
            if round_number >= 2:
                times[name].append(time.perf_counter() - start)
    return times


def rows(times: dict[str, list[float]], size: int) -> list[tuple[str, float, float, float]]:
    """Name, median and spread (half the interquartile range) in ns an element, ratio to mish."""
    ours = statistics.median(times["mish"])
    table = []
    for name, seconds in times.items():
        low, median, high = statistics.quantiles(seconds, n=4)
        spread = (high - low) / 2
        table.append((name, median / size * 1e9, spread / size * 1e9, median / ours))
    return sorted(table, key=lambda row: row[1])


def cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=2**20, help="elements (default 2^20)")
    parser.add_argument("--rounds", type=int, default=101)
    parser.add_argument("--markdown", type=Path, help="also write the tables to this file")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    mish.set_num_threads(1)
    random.seed(0)
    noise = np.random.default_rng(0).standard_normal(arguments.size)
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "torch", "openvino"))
    lines = [
        f"{cpu()}, instruction set in use: {mish.show_config(as_dict=True)['isa']}; one thread,"
        f" {arguments.size} elements; mish {version('mish')}, {versions}."
    ]
    for title, contenders, dtype in (
        ("Forward, float32", forward, np.float32),
        ("Backward, float32", backward, np.float32),
        ("Forward, float64", forward, np.float64),
        ("Backward, float64", backward, np.float64),
        ("Forward, bfloat16", half_precision, ml_dtypes.bfloat16),
        ("Forward, float16", half_precision, np.float16),
        ("Second derivative, float32", second_derivative, np.float32),
    ):
        times = measure(contenders(noise.astype(dtype)), arguments.rounds)
        lines += ["", f"**{title}**", "", "| | ns an element | ± | time / mish's |"]
        lines += ["|---|---|---|---|"]
        lines += [
            f"| {name} | {median:.3f} | {spread:.3f} | {ratio:.2f} |"
            for name, median, spread, ratio in rows(times, arguments.size)
        ]
    print("\n".join(lines))
    if arguments.markdown:
        command = "python benchmarks/speed.py"
        text = "\n".join(["# Speed", "", f"Made by `{command}`.", "", *lines, ""])
        arguments.markdown.write_text(text)


if __name__ == "__main__":
    main()
