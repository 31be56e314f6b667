"""Rewrite a synthetic model with 3 GB of weights in another file, and report the peak memory.

Usage: python benchmarks/onnx/large.py [RESULT.md]    (default: benchmarks/results/onnx-large.md)

The weights are a sparse file of zeros in a temporary folder (TMPDIR), which is removed afterwards.
Written to another folder, they are copied: that needs 3 GB of room.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from mish.bench import machine

LAYERS, WIDTH = 192, 2048  # 16 MiB a layer
RESULT = Path(__file__).resolve().parents[1] / "results" / "onnx-large.md"


def make(folder: Path) -> Path:
    """A chain of matrix products, each followed by Mish as Softplus, Tanh, Mul."""
    nodes, weights, x = [], [], "x"
    size = WIDTH * WIDTH * 4
    for i in range(LAYERS):
        tensor = TensorProto(name=f"w{i}", data_type=TensorProto.FLOAT, dims=[WIDTH, WIDTH])
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", "weights"), ("offset", i * size), ("length", size)):
            tensor.external_data.add(key=key, value=str(value))
        weights.append(tensor)
        nodes += [
            helper.make_node("MatMul", [x, f"w{i}"], [f"h{i}"]),
            helper.make_node("Softplus", [f"h{i}"], [f"p{i}"]),
            helper.make_node("Tanh", [f"p{i}"], [f"t{i}"]),
            helper.make_node("Mul", [f"h{i}", f"t{i}"], [f"y{i}"]),
        ]
        x = f"y{i}"
    ends = [helper.make_tensor_value_info(name, 1, ["N", WIDTH]) for name in ("x", x)]
    graph = helper.make_graph(nodes, "large", ends[:1], ends[1:], weights)
    path = folder / "large.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    with (folder / "weights").open("wb") as file:
        file.truncate(LAYERS * size)
    return path


def optimize(source: Path, target: Path) -> tuple[float, int]:
    """Seconds and peak memory in bytes of a process that does no more than this."""
    start = time.perf_counter()
    code = (
        "import resource, sys; from mish.onnx import optimize;"
        "report = optimize(sys.argv[1]); report.save(sys.argv[2]);"
        f"assert len(report.rewritten) == {LAYERS};"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    command = [sys.executable, "-c", code, str(source), str(target)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    return time.perf_counter() - start, int(shown.stdout) * 1024


def main() -> None:
    """Measure and write the page."""
    result = Path(sys.argv[1]) if len(sys.argv) > 1 else RESULT
    idle = int(
        subprocess.run(
            [
                sys.executable,
                "-c",
                "import mish.onnx, resource;"
                "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)",
            ],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = make(folder)
        weights = (folder / "weights").stat().st_size
        (folder / "other").mkdir()
        beside = optimize(source, folder / "out.onnx")
        other = optimize(source, folder / "other" / "out.onnx")
        copied = (folder / "other" / "out.onnx.data").stat().st_size
        assert copied == weights
    text = f"""# A model with 3 GB of weights

Made by `python benchmarks/onnx/large.py`, which overwrites this page: {LAYERS} matrix products of
{WIDTH}×{WIDTH}, each followed by Mish, {weights / 1e9:.2f} GB of weights in another file.

| | seconds | peak memory, MB |
|---|---:|---:|
| a process that imports `mish.onnx` and ends | | {idle * 1024 / 1e6:.0f} |
| rewritten beside the weights, which are shared | {beside[0]:.1f} | {beside[1] / 1e6:.0f} |
| rewritten into another folder, the weights copied | {other[0]:.1f} | {other[1] / 1e6:.0f} |

{machine.summary(machine.facts(("onnx",)))}
"""
    print(text)
    result.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
