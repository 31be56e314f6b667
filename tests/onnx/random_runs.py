"""Rewrites random models and compares what they compute before and after, as a process of its own.

Usage: python random_runs.py FIRST COUNT

Works on the cases FIRST to FIRST + COUNT - 1 and prints a line of JSON for each: whether the model
ran at all, how many sites were rewritten in each form, how many comparisons were made, which forms
were refused or warned of, and what is wrong, if anything is.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import onnx
import onnxruntime
from random_graphs import Feed, random_model

from mish.onnx import FORMS, Report, optimize, register
from mish.onnx._model.files import ModelError

# Of the largest number that was seen on the way. Each rounding costs half a unit.
TOLERANCES = {onnx.TensorProto.FLOAT: 2e-5, onnx.TensorProto.DOUBLE: 1e-11}
HALF = 3e-2
FALLBACK = "native, by its function"

Arrays = dict[str, np.ndarray]


def session(model: onnx.ModelProto, whole: bool, kernel: bool) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if whole else levels.ORT_DISABLE_ALL
    if kernel:
        register(options)
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def run(of: onnxruntime.InferenceSession, feed: Feed) -> Arrays:
    names = [node.name for node in of.get_outputs()]
    return dict(zip(names, of.run(None, feed), strict=True))


def shown(model: onnx.ModelProto, values: set[str]) -> onnx.ModelProto:
    """The model with more of its values among the outputs."""
    more = onnx.ModelProto()
    more.CopyFrom(model)
    for name in sorted(values - {output.name for output in model.graph.output}):
        more.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    return more


def stages(model: onnx.ModelProto, report: Report) -> set[str]:
    """Values of the main graph that show an overflow at a site before a later operator hides it.

    A maximum may drop the NaN that a spelling overflowed to, and the outputs look sound. The value
    is the site's own or, where the site lies deeper, that of the node that holds or calls it.
    """
    functions = {function.name for function in model.functions}
    deep = [node for node in model.graph.node if node.op_type in {"If", "Loop", "Scan", *functions}]
    own = {site.output for site in report.rewritten if not site.graph}
    return own | {name for node in deep for name in node.output if name}


def tolerance(model: onnx.ModelProto) -> float:
    """The coarsest type of any input or Cast decides."""
    kinds = {each.type.tensor_type.elem_type for each in model.graph.input}
    kinds |= {node.attribute[0].i for node in model.graph.node if node.op_type == "Cast"}
    if onnx.TensorProto.FLOAT16 in kinds:
        return HALF
    return max(TOLERANCES.get(kind, 0) for kind in kinds)


def difference(before: Arrays, after: Arrays, scale: float, bound: float) -> str:
    """Where two runs differ by more than the bound times the scale, if they do."""
    for name, wanted in after.items():
        a, b = before[name], wanted
        if a.shape != b.shape or a.dtype != b.dtype:
            return f"{name}: {a.dtype}{a.shape} became {b.dtype}{b.shape}"
        if a.dtype.kind == "f" and a.size:
            distance = np.abs(a.astype(np.float64) - b.astype(np.float64)).max()
            if not distance <= bound * scale:
                return f"{name}: off by {distance:.2g} where numbers go up to {scale:.2g}"
    return ""


def finite(arrays: Arrays) -> bool:
    return all(bool(np.isfinite(each).all()) for each in arrays.values() if each.dtype.kind == "f")


def largest(*runs: Arrays) -> float:
    sizes = [
        float(np.abs(each.astype(np.float64)).max(initial=0))
        for arrays in runs
        for each in arrays.values()
        if each.dtype.kind == "f"
    ]
    return max([1.0, *sizes])


def judge(case: int) -> dict[str, object]:
    """What became of one case."""
    model, *feeds = random_model(case)
    whole = case % 3 > 0
    facts: dict[str, object] = {
        "case": case,
        "sites": {},
        "compared": 0,
        "refused": [],
        "wrong": [],
    }
    try:
        plain = session(model, whole, False)
        for feed in feeds[0]:
            plain.run(None, feed)
    except Exception as error:
        return facts | {"before": str(error)[:300]}
    usual = tolerance(model)
    for form in (*FORMS, FALLBACK):
        try:
            report = optimize(model, form.split(",", maxsplit=1)[0])
        except ModelError as error:
            facts["refused"].append(f"{form}: {error}")
            continue
        facts["refused"] += [f"{form}: {warning}" for warning in report.warnings]
        facts["sites"][form] = len(report.rewritten)
        if not report.rewritten or report.warnings:
            continue
        bound = max(usual, HALF) if form == "float16" else usual
        try:
            old = session(shown(model, stages(model, report)), whole, False)
            new = session(report.model, whole, form == "native")
            for feed in (*feeds[0], *feeds[1]):
                before = run(old, feed)
                if not finite(before):  # where the old one overflows, the new one need not
                    continue
                after = run(new, feed)
                bad = difference(before, after, largest(before, feed), bound)
                facts["compared"] += 1
                if bad:
                    facts["wrong"].append(f"{form}: {bad}")
        except Exception as error:
            facts["wrong"].append(f"{form}: it ran before, and now: {str(error)[:300]}")
    return facts


def main() -> None:
    first, count = int(sys.argv[1]), int(sys.argv[2])
    for case in range(first, first + count):
        print(json.dumps({"case": case}), flush=True)
        print(json.dumps(judge(case)), flush=True)


if __name__ == "__main__":
    main()
