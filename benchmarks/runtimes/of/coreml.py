"""Core ML, from PyTorch: one Mish, its ML program evaluated in NumPy, operator by operator.

Core ML runs on macOS alone. So what is judged is the program that its converter writes, with every
operator rounded once to the program's precision, as an ideal device would. A device can only be
worse: the Neural Engine's softplus is reported to vanish from about 10.4 on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = ("coremltools", "torch")
TAKES = "PyTorch"
TIMED = False
ONE_ALONE = "Core ML runs on macOS alone, so no whole network was run"
MODES = {"float32": "compute precision float32", "float16": "compute precision float16"}
HALF = ("float16",)
AVOID = {
    "op": "the Neural Engine is reported to make softplus 0 from x of about 10.4 on, so op and "
    "softplus are out (github.com/apple/coremltools/issues/2687)",
    "softplus": "",
    "sigmoid": "the exponential of sigmoid overflows in float16, the usual precision there",
}

OPERATORS: dict[str, Callable[..., np.ndarray]] = {
    "abs": lambda x: np.abs(x),  # noqa: PLW0108 -- called with its argument by name
    "add": lambda x, y: x + y,
    "cast": lambda x, dtype: x,
    "clip": lambda x, alpha, beta: np.clip(x, alpha, beta),  # noqa: PLW0108 -- as abs
    "exp": lambda x: np.exp(x),  # noqa: PLW0108 -- as abs
    "greater": lambda x, y: x > y,
    "inverse": lambda x, epsilon: 1 / (x + epsilon),
    "less": lambda x, y: x < y,
    "log": lambda x, epsilon: np.log(x + epsilon),
    "maximum": lambda x, y: np.maximum(x, y),  # noqa: PLW0108 -- as abs
    "mul": lambda x, y: x * y,
    "pow": lambda x, y: x**y,
    "real_div": lambda x, y: x / y,
    "round": lambda x: np.rint(x),  # noqa: PLW0108 -- as abs
    "select": lambda cond, a, b: np.where(cond, a, b),  # noqa: PLW0108 -- as abs
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(x, 0),
    "sub": lambda x, y: x - y,
    "tanh": lambda x: np.tanh(x),  # noqa: PLW0108 -- as abs
}


def load(
    model: Path, inputs: dict[str, np.ndarray], mode: str, folder: Path
) -> Callable[[], list[np.ndarray]]:
    """A call that evaluates the program on the inputs; what it returns are the outputs."""
    import coremltools
    import torch

    (array,) = inputs.values()
    converted = coremltools.convert(
        torch.export.load(model).run_decompositions({}),
        compute_precision=getattr(coremltools.precision, mode.upper()),
        convert_to="mlprogram",
        minimum_deployment_target=coremltools.target.iOS17,
    )
    operations = converted._mil_program.functions["main"].operations
    dtype = np.dtype(mode)

    def run() -> list[np.ndarray]:
        values: dict[str, Any] = dict.fromkeys(
            converted._mil_program.functions["main"].inputs, array.astype(dtype)
        )
        for each in operations:
            if each.op_type == "const":
                values[each.outputs[0].name] = each.outputs[0].val
                continue
            given = {name: values[of.name] for name, of in each.inputs.items() if of is not None}
            wide = {
                name: value.astype(np.float64) if isinstance(value, np.ndarray) else value
                for name, value in given.items()
            }
            with np.errstate(all="ignore"):
                values[each.outputs[0].name] = OPERATORS[each.op_type](**wide).astype(dtype)
        return [values[operations[-1].outputs[0].name]]

    return run
