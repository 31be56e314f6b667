"""Quantise the digit network before and after `mish optimize`, in every way, and say what is left.

Usage: python benchmarks/onnx/quantize.py [RESULT.md]
       (default: benchmarks/results/onnx-quantize.md)
"""

from __future__ import annotations

import contextlib
import functools
import io
import itertools
import logging
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from candidates import CANDIDATES, elementwise
from forms import table
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    get_qdq_config,
    quantize,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

import mish.onnx
from mish.bench import machine, timing

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits"
CALIBRATION = 100  # images
BATCH = 100
ROUNDS = 15
FORMS = [form for form in mish.onnx.FORMS if form != "float16"]  # whose constants have 11 bits
METHODS = (CalibrationMethod.MinMax, CalibrationMethod.Entropy, CalibrationMethod.Percentile)
PRODUCTS = "x / (1 + 2/n)"  # with Add and Mul

PAGE = """\
# Quantising a model with Mish in ONNX Runtime

Made by `python benchmarks/onnx/quantize.py`, which overwrites this page.
{machine}

The network is [examples/digits](../../examples/digits/README.md), five Mish; the figures are its
accuracy on the 500 held-out digits, {floating} before it is quantised. Calibration takes the first
{calibration} of them. "As it came" is Softplus, Tanh, Mul. "Add, Mul" is the sigmoid form spelled
x / (1 + 2/n) with these two operators, which the quantiser takes. "Prepared" is
`quant_pre_process`.

## Optimised, then quantised

`quantize_static`, all options at their defaults but those named.

{after}

`get_qdq_config` and `quantize`, which quantise every operator:

{every}

## Quantised, then optimised

In the rows "default", Mish is quantised between its parts: none is found, and the places are told.

{before}

## Time

Milliseconds for {batch} digits on one thread, medians of {rounds} turns; QDQ, MinMax.

{time}
"""


class Digits(CalibrationDataReader):
    """The calibration images, in batches of 25."""

    def __init__(self) -> None:
        batches = np.split(IMAGES[:CALIBRATION], CALIBRATION // 25)
        self._feeds = iter([{"images": batch} for batch in batches])

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next batch, None after the last."""
        return next(self._feeds, None)


with np.load(DIGITS / "held_out.npz") as held_out:
    IMAGES = held_out["images"][:, None] / np.float32(255)
    LABELS = held_out["labels"]


def session(model: Path) -> ort.InferenceSession:
    """A session on one thread, with the package's kernel."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    mish.onnx.register(options)
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def accuracy(model: Path) -> str:
    """The share of the held-out digits that a model gets right."""
    scores = session(model).run(None, {"images": IMAGES})[0]
    return f"{np.mean(scores.argmax(1) == LABELS):.3f}"


def spelled_with_products(model: onnx.ModelProto) -> onnx.ModelProto:
    """A model whose Mish are the operator, with the candidate `PRODUCTS` in its place."""
    written = elementwise(CANDIDATES[PRODUCTS]).graph.node
    nodes = []
    for node in model.graph.node:
        if node.op_type != "Mish":
            nodes.append(node)
            continue
        ends = {"x": node.input[0], "y": node.output[0]}
        for each in written:
            new = onnx.NodeProto()
            new.CopyFrom(each)
            new.name = f"{node.name}/{each.op_type}/{each.output[0]}"
            for names in (new.input, new.output):
                names[:] = [ends.get(name, f"{node.name}/{name}") for name in names]
            nodes.append(new)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def quantized(source: Path, target: Path, layout: QuantFormat, **options: object) -> Path:
    """A model file quantised by `quantize_static`."""
    with contextlib.redirect_stdout(io.StringIO()):
        quantize_static(source, target, Digits(), layout, **options)
    return target


def sources(folder: Path) -> dict[str, Path]:
    """The network as it came and in every form, by what a column is called."""
    found = {"as it came": DIGITS / "digits.onnx"}
    for form in FORMS:
        found[form] = folder / f"{form}.onnx"
        mish.onnx.optimize(DIGITS / "digits.onnx", form).save(found[form])
    found["Add, Mul"] = folder / "products.onnx"
    onnx.save(spelled_with_products(onnx.load(found["op"])), found["Add, Mul"])
    return found


def after_table(models: dict[str, Path], folder: Path) -> str:
    """Accuracy of models that are quantised after they were optimised."""
    rows = []
    for layout, method, prepared in itertools.product(QuantFormat, METHODS, (False, True)):
        row = [layout.name, method.name, "yes" if prepared else "no"]
        for model in models.values():
            source = model
            if prepared:
                source = folder / "prepared.onnx"
                quant_pre_process(model, source)
            target = folder / "new.onnx"
            row.append(accuracy(quantized(source, target, layout, calibrate_method=method)))
        rows.append(row)
    return table(["format", "calibration", "prepared", *models], rows)


def every_table(models: dict[str, Path], folder: Path) -> str:
    """Accuracy where every operator is quantised."""
    row = []
    for model in models.values():
        target = folder / "new.onnx"
        quantize(model, target, get_qdq_config(model, Digits()))
        row.append(accuracy(target))
    return table(list(models), [row])


def before_table(folder: Path) -> str:
    """Accuracy of models that are optimised after they were quantised."""
    rows = []
    for layout, kinds in itertools.product(QuantFormat, (None, ["Conv", "Gemm"])):
        options = {} if kinds is None else {"op_types_to_quantize": kinds}
        source = quantized(DIGITS / "digits.onnx", folder / "old.onnx", layout, **options)
        row = [layout.name, ", ".join(kinds or ["default"]), accuracy(source)]
        for form in FORMS:
            report = mish.onnx.optimize(source, form)
            report.save(folder / "new.onnx")
            done = f"{len(report.rewritten)} rewritten"
            if report.quantized:
                done = f"{len(report.quantized)} quantised inside"
            row.append(f"{accuracy(folder / 'new.onnx')}, {done}")
        rows.append(row)
    return table(["format", "quantised", "as it came", *FORMS], rows)


def time_table(models: dict[str, Path], folder: Path) -> str:
    """Milliseconds of the quantised models."""
    files = {"float32, as it came": models["as it came"], "float32, sigmoid": models["sigmoid"]}
    for form in ("as it came", "sigmoid"):
        name = re.sub(r"\W", "-", form)
        target = folder / f"timed-{name}.onnx"
        files[f"quantised, {form}"] = quantized(models[form], target, QuantFormat.QDQ)
    mish.onnx.optimize(files["quantised, sigmoid"], "native").save(folder / "timed-native.onnx")
    files["quantised, sigmoid, then native"] = folder / "timed-native.onnx"
    feed = {"images": IMAGES[:BATCH]}
    runs = {name: functools.partial(session(file).run, None, feed) for name, file in files.items()}
    found = timing.measure(runs, ROUNDS)
    return table(
        ["model", "ms"], [[name, f"{laps.median * 1e3:.2f}"] for name, laps in found.items()]
    )


def main() -> None:
    """Quantise everything and write the page."""
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models = sources(folder)
        page = PAGE.format(
            machine=machine.summary(machine.facts(["onnxruntime", "onnx"])),
            floating=accuracy(DIGITS / "digits.onnx"),
            calibration=CALIBRATION,
            after=after_table(models, folder),
            every=every_table(models, folder),
            before=before_table(folder),
            batch=BATCH,
            rounds=ROUNDS,
            time=time_table(models, folder),
        )
    default = Path(__file__).resolve().parents[1] / "results" / "onnx-quantize.md"
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    target.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
