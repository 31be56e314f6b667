"""MNN, converted by its own converter; one thread."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

PACKAGES = ("mnn",)
MODES = {"high": "precision high", "low": "precision low: half where the CPU has it"}


def load(
    model: Path, inputs: dict[str, np.ndarray], mode: str, folder: Path
) -> Callable[[], list[np.ndarray]]:
    """A call that runs the model on the inputs; what it returns are the outputs."""
    target = folder / "model.mnn"
    if not target.exists():
        _convert(model, target)
    import onnx
    from MNN import expr, nn

    graph = onnx.load(model, load_external_data=False).graph
    settings = nn.create_runtime_manager(({"backend": "CPU", "precision": mode, "numThread": 1},))
    names = [each.name for each in graph.input]
    net = nn.load_module_from_file(
        str(target), names, [each.name for each in graph.output], runtime_manager=settings
    )
    arrays = []
    for name in names:
        each = expr.placeholder(list(inputs[name].shape), expr.NCHW)
        each.write(np.ascontiguousarray(inputs[name]))
        arrays.append(each)

    def run() -> list[np.ndarray]:
        found = net.forward(arrays)
        found = found if isinstance(found, list) else [found]
        return [np.array(expr.convert(each, expr.NCHW).read()) for each in found]

    return run


def _convert(model: Path, target: Path) -> None:
    # Its command mnnconvert would install a package that reports what is converted.
    convert = "import sys, _tools; _tools.mnnconvert(sys.argv)"
    done = subprocess.run(
        [
            *(sys.executable, "-c", convert, "-f", "ONNX", "--modelFile", model),
            *("--MNNModel", target, "--bizCode", "x"),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    if not target.exists():
        said = re.findall(r"\] :\d+: (.*)|(.*rror.*)", done.stdout)
        raise RuntimeError("mnnconvert: " + " ".join(map("".join, said))[:250])
