"""Export real networks with both of PyTorch's exporters, optimize them, and time both.

Usage: python benchmarks/onnx/exports.py export FOLDER
       python benchmarks/onnx/exports.py measure FOLDER [--only TEXT]
       python benchmarks/onnx/exports.py page FOLDER [RESULT.md]
       (default: benchmarks/results/onnx-exports.md)

The steps are apart because only the second one needs an idle machine, and that piece by piece.
Needs torch, timm, onnxscript and openvino besides mish with its extras. The networks have random
weights.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort

import mish.onnx
from mish.bench import machine, timing
from mish.onnx._compare.inputs import generate

ROUNDS = 7
PACKAGES = ("onnxruntime", "openvino", "onnx", "torch", "onnxscript", "timm")


@dataclass(frozen=True)
class Case:
    """A network and how to export it.

    Attributes:
        name: What it is.
        key: The network's key in ``networks``.
        dynamo: Which of the two exporters.
        opset: The version of the standard operators.
        kind: ``float32`` or ``float16``.
    """

    name: str
    key: str
    dynamo: bool
    opset: int
    kind: str = "float32"

    @property
    def file(self) -> str:
        """The name of its model file."""
        exporter = "dynamo" if self.dynamo else "script"
        return f"{self.key}-{exporter}-{self.opset}-{self.kind}.onnx"


CASES = (
    Case("CSPDarknet-53, 224²", "cspdarknet53", False, 17),
    Case("CSPDarknet-53, 224²", "cspdarknet53", True, 20),
    Case("CSPDarknet-53, 224²", "cspdarknet53", False, 13, "float16"),
    Case("YOLOv4, 224²", "yolov4", False, 11),
    Case("YOLOv4, 224²", "yolov4", True, 18),
    Case("diffusion U-Net, 1-D", "unet", False, 13),
    Case("diffusion U-Net, 1-D", "unet", True, 22),
    Case("diffusion U-Net, 1-D", "unet", True, 18, "float16"),
    Case("transformer", "transformer", False, 14),
    Case("transformer", "transformer", True, 20),
    Case("transformer", "transformer", False, 16, "float16"),
    Case("transformer, x·tanh(softplus(x))", "written", True, 19),
    Case("transformer, x·tanh(softplus(x))", "written", True, 18, "float16"),
    Case("transformer, log1p(exp(x))", "log1p", False, 12),
    Case("transformer, log1p(exp(x))", "log1p", True, 21),
    Case("transformer, one exp", "oneexp", False, 15),
    Case("transformer, GELU: no Mish", "gelu", True, 20),
    Case("transformer, SiLU: no Mish", "silu", False, 17),
    Case("ResNet-18, ReLU: no Mish", "resnet18", False, 17),
)


def networks() -> dict[str, Callable[[], tuple[Any, tuple[Any, ...]]]]:
    """For each key, a function that makes the network and inputs for it."""
    import torch
    import zoo

    image, words = torch.randn(1, 3, 224, 224), torch.randn(1, 128, 256)

    def stack(act: Any) -> Callable[[], tuple[Any, tuple[Any, ...]]]:
        return lambda: (zoo.transformer(act), (words,))

    def dark() -> tuple[Any, tuple[Any, ...]]:
        create = zoo.timm().create_model
        return zoo.settled(create("cspdarknet53", act_layer="mish", zero_init_last=False), image), (
            image,
        )

    return {
        "cspdarknet53": dark,
        "yolov4": lambda: (zoo.settled(zoo.YOLOv4(), image), (image,)),
        "unet": lambda: (
            zoo.DiffusionUNet().eval(),
            (torch.randn(4, 7, 16), torch.rand(4) * 100, torch.randn(4, 40)),
        ),
        "transformer": stack(torch.nn.Mish),
        "written": stack(zoo.Written),
        "log1p": stack(zoo.Log1p),
        "oneexp": stack(zoo.OneExp),
        "gelu": stack(torch.nn.GELU),
        "silu": stack(torch.nn.SiLU),
        "resnet18": lambda: (zoo.timm().create_model("resnet18").eval(), (image,)),
    }


def export(folder: Path) -> None:
    """Write the model file of every case that is not there yet."""
    import torch

    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    known = networks()
    for case in CASES:
        if (folder / case.file).exists():
            continue
        torch.manual_seed(0)
        model, inputs = known[case.key]()
        if case.kind == "float16":
            model, inputs = model.half(), tuple(each.half() for each in inputs)
        torch.onnx.export(
            model,
            inputs,
            folder / case.file,
            dynamo=case.dynamo,
            opset_version=case.opset,
            external_data=False,
            verbose=False,
        )
        print(case.file, flush=True)


def runner(model: onnx.ModelProto, feed: dict[str, Any] | None) -> tuple[Callable[[], Any], Any]:
    """A run of a model in ONNX Runtime on one thread, and its inputs, made up unless given."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    mish.onnx.register(options)
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    inputs = next(generate(model, session)) if feed is None else feed
    return lambda: session.run(None, inputs), inputs


def openvino_runner(path: Path, feed: dict[str, Any]) -> Callable[[], Any]:
    """A run of a model file in OpenVINO on one thread, in the model's own precision."""
    import openvino as ov

    core = ov.Core()
    hints = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1}
    request = core.compile_model(str(path), "CPU", hints).create_infer_request()
    values = list(feed.values())
    return lambda: request.infer(values)


def measure(case: Case, folder: Path) -> dict[str, Any]:
    """What the optimizer does to a model, and the times before and after."""
    path = folder / case.file
    old = onnx.load(path)
    reports = {form: mish.onnx.optimize(path, form) for form in ("sigmoid", "native", "op")}
    report = reports["sigmoid"]
    row: dict[str, Any] = {
        "found": len(report.rewritten) + len(report.skipped),
        "rewritten": len(report.rewritten),
        "spelling": sorted({site.spelling for site in report.rewritten}),
        "opset": report.opset[0],
        "op opset": reports["op"].opset[1],
        "op": len(reports["op"].rewritten),
    }
    if not report.rewritten:
        before = hashlib.sha256(path.read_bytes()).hexdigest()
        copy = folder / "copy.onnx"
        report.save(copy)
        same = hashlib.sha256(copy.read_bytes()).hexdigest() == before
        return row | {"identical": same and report.model == old}
    run_old, feed = runner(old, None)
    runs = {"before": run_old}
    for form in ("sigmoid", "native"):
        runs[form], _ = runner(reports[form].model, feed)
    want = [np.asarray(each, np.float64) for each in run_old()]
    for form in ("sigmoid", "native"):
        got = [np.asarray(each, np.float64) for each in runs[form]()]
        row[f"difference {form}"] = max(
            float(np.max(np.abs(a - b)) / np.max(np.abs(b))) for a, b in zip(got, want, strict=True)
        )
    for name, form in (
        ("openvino before", None),
        ("openvino op", "op"),
        ("openvino sigmoid", "sigmoid"),
    ):
        file = path
        if form is not None:
            file = folder / f"after-{form}.onnx"
            reports[form].save(file)
        try:
            runs[name] = openvino_runner(file, feed)
            runs[name]()
        except RuntimeError as error:
            row[name] = next(iter(str(error).splitlines()))
            runs.pop(name, None)
    first = time.perf_counter()
    run_old()
    slow = time.perf_counter() - first > 0.2
    found = timing.measure(runs, rounds=ROUNDS if slow else 3 * ROUNDS, fill=0.02)
    for name in runs:
        row[name] = found[name].median
        base = "openvino before" if name.startswith("openvino") else "before"
        if base in runs:
            row[f"{name} ratio"] = 1 / found[name].ratio_to(found[base]).median
    return row


def page(rows: list[tuple[Case, dict[str, Any]]]) -> str:
    """The results as Markdown."""

    def milliseconds(row: dict[str, Any], name: str) -> str:
        value = row.get(name)
        return f"{value * 1e3:.2f}" if isinstance(value, float) else "fails"

    def faster(row: dict[str, Any], name: str) -> str:
        ratio = row.get(f"{name} ratio")
        return f"{milliseconds(row, name)} ({ratio:.2f}×)" if ratio else milliseconds(row, name)

    head = (
        *("model", "exporter", "opset", "type", "written as", "found", "rewritten"),
        *("largest difference", "before, ms", "sigmoid, ms", "native, ms"),
        *("OpenVINO before, ms", "op, ms", "sigmoid, ms"),
    )
    lines = [head, ["---"] * 5 + ["---:"] * 9]
    untouched = []
    for case, row in rows:
        exporter = "dynamo" if case.dynamo else "TorchScript"
        if "identical" in row:
            same = "byte-identical" if row["identical"] else "CHANGED"
            untouched.append(f"- {case.name} ({exporter}, opset {row['opset']}): {same}")
            continue
        op = "" if row["op"] else " (as it was)"
        lines.append(
            [
                *(case.name, exporter, str(row["opset"]), case.kind),
                *("; ".join(row["spelling"]), str(row["found"]), str(row["rewritten"])),
                f"{max(row['difference sigmoid'], row['difference native']):.1e}",
                *(milliseconds(row, "before"), faster(row, "sigmoid"), faster(row, "native")),
                *(milliseconds(row, "openvino before"), faster(row, "openvino op") + op),
                faster(row, "openvino sigmoid"),
            ]
        )
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"""# Real exports before and after `mish optimize`

Made by `benchmarks/onnx/exports.py`. Batch 1 (4 for the U-Net), random weights, one thread,
medians of {ROUNDS} rounds in which all take turns ({3 * ROUNDS} of the small models); in brackets,
how many times faster than before, the median of the ratios within rounds. The largest difference is
that of any element of any output from the model before, over the largest element of that output, in
ONNX Runtime, the worse of both forms. OpenVINO computes in float32. `op` raises older models to
opset 18.

{table}

Models without Mish, as they come out:

{chr(10).join(untouched)}
"""


def main() -> None:
    """Do one of the steps."""
    parser = argparse.ArgumentParser(description="Optimize real exports and time them.")
    parser.add_argument("step", choices=["export", "measure", "page"])
    parser.add_argument("folder", type=Path, help="where the exported models are kept")
    default = Path(__file__).resolve().parents[1] / "results" / "onnx-exports.md"
    parser.add_argument("result", nargs="?", type=Path, default=default, help="Markdown file")
    parser.add_argument("--only", default="", help="work on the cases whose file has this in it")
    options = parser.parse_args()
    if options.step == "export":
        options.folder.mkdir(parents=True, exist_ok=True)
        export(options.folder)
        return
    if options.step == "measure":
        for case in CASES:
            if options.only in case.file:
                row = measure(case, options.folder)
                facts = {"row": row, "machine": machine.summary(machine.facts(PACKAGES))}
                (options.folder / f"{case.file}.json").write_text(json.dumps(facts))
                print(case.file, json.dumps(row), flush=True)
        return
    found = [json.loads((options.folder / f"{case.file}.json").read_text()) for case in CASES]
    text = page([(case, each["row"]) for case, each in zip(CASES, found, strict=True)])
    machines = sorted({each["machine"] for each in found})
    options.result.write_text("\n".join([text, *machines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
