"""Quantise the digit network with its Mish and write that as tables: what is left, and how fast.

Usage: python benchmarks/onnx/lookup.py [RESULT.md]
       (default: benchmarks/results/onnx-lookup.md)
"""

from __future__ import annotations

import functools
import logging
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from forms import table
from onnxruntime.quantization import QuantFormat, QuantType, registry
from quantize import DIGITS, accuracy, quantized, session

import mish.onnx
from mish.bench import machine, timing

ROUNDS = 15
SIZE = 1 << 20
BYTES = """<ir_version: 8, opset_import: ["": 18]> g (int8[N] b) => (int8[N] c)
  <float s = {0.05}, int8 z = {3}, float u = {0.03}, int8 w = {-7}>
  { x = DequantizeLinear(b, s, z) y = Mish(x) c = QuantizeLinear(y, u, w) }"""

PAGE = """\
# Mish of a quantised model as a table

Made by `python benchmarks/onnx/lookup.py`, which overwrites this page. {machine}

## Accuracy

The network is [examples/digits](../../examples/digits/README.md), five Mish; the figures are its
accuracy on the 500 held-out digits, {floating} before it is quantised. It is written in the form
`op`, quantised by `quantize_static` (QDQ, MinMax) with Mish among the operators, and then written
with `--form lookup`.

{accuracy}

## Time

Nanoseconds an element of one Mish of int8 between DequantizeLinear and QuantizeLinear, {size}
elements, one thread of ONNX Runtime, medians of {rounds} turns.

{time}
"""


def accuracy_table(folder: Path) -> str:
    """Accuracy where Mish itself is quantised, before and after it is written as a table."""
    mish.onnx.optimize(DIGITS / "digits.onnx", "op").save(folder / "op.onnx")
    rows = []
    for kind in (QuantType.QUInt8, QuantType.QInt8):
        kinds = [*registry.QDQRegistry, "Mish"]
        options = {"op_types_to_quantize": kinds, "activation_type": kind}
        source = quantized(folder / "op.onnx", folder / "old.onnx", QuantFormat.QDQ, **options)
        report = mish.onnx.optimize(source, "lookup")
        report.save(folder / "new.onnx")
        count = f"{len(report.rewritten)} of {len(report.rewritten) + len(report.skipped)}"
        rows.append([kind.name, accuracy(source), accuracy(folder / "new.onnx"), count])
    return table(["activations", "quantised", "with tables", "Mish written"], rows)


def time_table(folder: Path) -> str:
    """Times of one Mish of bytes, as tables and in the forms."""
    numbers = np.random.default_rng(0).integers(-60, 60, SIZE).astype(np.int8)
    runs = {}
    for form in ("softplus", "op", "sigmoid", "native", "lookup", "lookup-gather"):
        mish.onnx.optimize(onnx.parser.parse_model(BYTES), form).save(folder / "bytes.onnx")
        runs[form] = functools.partial(session(folder / "bytes.onnx").run, None, {"b": numbers})
    found = timing.measure(runs, ROUNDS)
    rows = [[name, f"{laps.median / SIZE * 1e9:.2f}"] for name, laps in found.items()]
    return table(["form", "ns"], rows)


def main() -> None:
    """Quantise, measure and write the page."""
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as name:
        page = PAGE.format(
            machine=machine.summary(machine.facts(["onnxruntime", "onnx"])),
            floating=accuracy(DIGITS / "digits.onnx"),
            accuracy=accuracy_table(Path(name)),
            size=f"{SIZE:,}",
            rounds=ROUNDS,
            time=time_table(Path(name)),
        )
    default = Path(__file__).resolve().parents[1] / "results" / "onnx-lookup.md"
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    target.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
