"""How the time of `mish.onnx.optimize` grows with the model.

Usage: python benchmarks/onnx/scaling.py [--before PYTHON] [RESULT.md]

Each row is a process of its own that makes a model, rewrites it and tells the processor time of
the rewriting alone. PYTHON is an interpreter with another version of mish, for a column beside.
The default page is benchmarks/results/onnx-scaling.md.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import onnx
from onnx import TensorProto, helper

SECONDS = 100  # on the clock, for one process
RESULT = Path(__file__).resolve().parents[1] / "results" / "onnx-scaling.md"
VERSIONS = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]


def whole(
    nodes: list[onnx.NodeProto],
    weights: list[onnx.TensorProto],
    functions: list[onnx.FunctionProto] | None = None,
) -> onnx.ModelProto:
    """A model from x to the last node's output; all values are declared."""
    names = [node.output[0] for node in nodes]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 2]) for name in ("x", *names)
    ]
    known = [each for each in ends[1:-1] if not each.name.startswith("c")]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[-1:], weights, value_info=known)
    return helper.make_model(graph, functions=functions, opset_imports=VERSIONS, ir_version=9)


def network(count: int) -> onnx.ModelProto:
    """Layers with a Mish as PyTorch's exporter writes x·tanh(softplus(x)), 7 nodes each."""
    nodes, weights, x = [], [], "x"
    for i in range(count // 7):
        parts = (
            ("MatMul", (x, f"w{i}"), f"a{i}"),
            ("Add", (f"a{i}", f"b{i}"), f"h{i}"),
            ("Softplus", (f"h{i}",), f"p{i}"),
            ("Greater", (f"h{i}", f"k{i}"), f"c{i}"),
            ("Where", (f"c{i}", f"h{i}", f"p{i}"), f"v{i}"),
            ("Tanh", (f"v{i}",), f"t{i}"),
            ("Mul", (f"h{i}", f"t{i}"), f"y{i}"),
        )
        nodes += [helper.make_node(op, inputs, [output]) for op, inputs, output in parts]
        weights += [
            helper.make_tensor(f"w{i}", TensorProto.FLOAT, [2, 2], [1, 0, 0, 1]),
            helper.make_tensor(f"b{i}", TensorProto.FLOAT, [2], [1, 2]),
            helper.make_tensor(f"k{i}", TensorProto.FLOAT, [], [20]),
        ]
        x = f"y{i}"
    return whole(nodes, weights)


def chain(count: int) -> onnx.ModelProto:
    """x·sigmoid(x) again and again: elementwise from end to end, and no Mish."""
    nodes, x = [], "x"
    for i in range(count // 2):
        nodes += [
            helper.make_node("Sigmoid", [x], [f"s{i}"]),
            helper.make_node("Mul", [x, f"s{i}"], [f"y{i}"]),
        ]
        x = f"y{i}"
    return whole(nodes, [])


def functions(count: int) -> onnx.ModelProto:
    """Functions with Mish inside, each called four times, one call after the other."""
    made = [
        helper.make_function(
            "own",
            f"f{i}",
            ["a"],
            ["b"],
            [
                helper.make_node("Add", ["a", "a"], ["k"]),
                helper.make_node("Softplus", ["k"], ["p"]),
                helper.make_node("Tanh", ["p"], ["t"]),
                helper.make_node("Mul", ["k", "t"], ["m"]),
                helper.make_node("Neg", ["m"], ["b"]),
            ],
            VERSIONS[:1],
        )
        for i in range(count)
    ]
    names = ["x", *(f"y{i}" for i in range(4 * count))]
    nodes = [
        helper.make_node(f"f{i % count}", [names[i]], [names[i + 1]], domain="own")
        for i in range(4 * count)
    ]
    return whole(nodes, [], made)


MODELS: dict[str, tuple[Callable[[int], onnx.ModelProto], str, tuple[int, ...]]] = {
    "network": (network, "nodes, a Mish in 7 of them", (1_000, 10_000, 100_000)),
    "chain": (chain, "elementwise nodes without Mish", (1_000, 10_000)),
    "functions": (functions, "functions, four calls of each", (25, 50, 100, 200, 500)),
}


def work(name: str, count: int) -> None:
    """Print the processor time that one model takes."""
    from mish.onnx import optimize

    model = MODELS[name][0](count)
    start = time.process_time()
    optimize(model)
    print(time.process_time() - start)


def seconds(python: str, name: str, count: int) -> float | None:
    """The time that one model takes in a process of its own; None if too long."""
    command = [python, str(Path(__file__).resolve()), "--one", name, str(count)]
    try:
        shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return None
    return float(shown.stdout)


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("result", nargs="?", type=Path, default=RESULT, help="Markdown file")
    parser.add_argument("--before", metavar="PYTHON", help="an interpreter with another mish")
    parser.add_argument("--one", nargs=2, metavar=("MODEL", "COUNT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        work(options.one[0], int(options.one[1]))
        return
    from mish.bench import machine

    columns = {"this version": sys.executable}
    if options.before:
        columns = {"the version before": options.before, **columns}
    rows = []
    for name, (_, what, counts) in MODELS.items():
        for count in counts:
            times = [seconds(python, name, count) for python in columns.values()]
            cells = [f"over {SECONDS}" if each is None else f"{each:.2f}" for each in times]
            each = "" if times[-1] is None else f"{times[-1] / count * 1e6:.0f}"
            rows.append(f"| {count:,} {what} | {' | '.join([*cells, each])} |")
            print(rows[-1], flush=True)
    text = "\n".join(
        [
            "# How the time to rewrite a model grows with the model",
            "",
            "Made by `python benchmarks/onnx/scaling.py`, which overwrites this page: seconds of",
            "processor time in `mish.onnx.optimize`, and microseconds for each node or function",
            f"in this version. A process is stopped after {SECONDS} s on the clock.",
            "",
            f"| model | {' | '.join(columns)} | µs for each |",
            f"|---|{'---:|' * (len(columns) + 1)}",
            *rows,
            "",
            machine.summary(machine.facts(("onnx",))),
            "",
        ]
    )
    options.result.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
