"""The models that every runtime is given: one Mish in each form, and networks."""

from __future__ import annotations

import functools
import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnxruntime

import mish.onnx

sys.path.append(str(Path(__file__).resolve().parents[1] / "onnx"))

from candidates import CANDIDATES, nodes, parse

SHAPE = (1, 16, 256, 256)
"""What converters of images take; 2**20 elements."""

PLAIN = "Softplus, Tanh, Mul"
OTHERS = {
    "log": "x * tanh(log(1+e))",
    "softsign": "c * softsign(n/2), c and e = exp(min(c, 20)) clipped",
}
"""Forms beside those of the package, and their names among the candidates for ONNX Runtime."""


def bare(body: str) -> onnx.ModelProto:
    """One Mish over an array of a fixed shape, opset 18."""
    kind = f"float[{', '.join(map(str, SHAPE))}]"
    return parse(nodes(body), "float", f"{kind} x", f"{kind} y")


def forms() -> dict[str, onnx.ModelProto]:
    """One Mish in every form."""
    plain = bare(CANDIDATES[PLAIN])
    ours = {form: mish.onnx.optimize(plain, form).model for form in mish.onnx.FORMS}
    ours["softplus"] = plain
    return ours | {name: bare(CANDIDATES[which]) for name, which in OTHERS.items()}


OPSETS = (7, 9, 11, 13, 15, 17, *range(18, onnx.defs.onnx_opset_version() + 1))


@functools.cache
def of_opset(opset: int, form: str) -> tuple[onnx.ModelProto, dict[str, np.ndarray], np.ndarray]:
    """A small network of usual operators at an opset, its input, and the right output."""
    random = np.random.default_rng(0)
    weights = {"w": (8, 3, 3, 3), "v": (8, 8, 3, 3), "m": (8, 4)}
    lines = [
        *("a = Conv <pads = [1, 1, 1, 1]> (x, w)", *nodes(CANDIDATES[PLAIN], "a")),
        *("p = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (ay)", "bx = Conv (p, v)"),
        *(*nodes(CANDIDATES[PLAIN], "b"), "g = GlobalAveragePool (by)"),
        *("f = Flatten <axis = 1> (g)", "y = MatMul (f, m)"),
    ]
    lines[0] = lines[0].replace("a = ", "ax = ")
    model = parse(lines, "float", "float[1, 3, 32, 32] x", "float[1, 4] y")
    for name, shape in weights.items():
        array = (0.3 * random.standard_normal(shape)).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    inputs = {"x": random.standard_normal((1, 3, 32, 32)).astype(np.float32)}
    want = run(model, inputs)
    if (opset, form) != (18, "softplus"):
        model = mish.onnx.optimize(model, form, opset=opset).model
    return model, inputs, want


def run(model: onnx.ModelProto, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """The first output in ONNX Runtime."""
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    found: np.ndarray = session.run(None, inputs)[0]
    return found


class Network(NamedTuple):
    """A whole network.

    Attributes:
        plain: the network with plain Mish.
        inputs: an input.
        want: the output in ONNX Runtime.
        path: the network's file, beside which the programs of PyTorch lie.
    """

    plain: onnx.ModelProto
    inputs: dict[str, np.ndarray]
    want: np.ndarray
    path: Path

    def in_form(self, form: str) -> onnx.ModelProto:
        """The network in a form of the package."""
        return self.plain if form == "softplus" else mish.onnx.optimize(self.plain, form).model

    def program(self, form: str) -> bytes:
        """The same as a program of PyTorch."""
        return self.path.with_suffix(f".{form}.pt2").read_bytes()


def network(name: str, folder: Path) -> Network:
    """One of NETWORKS, which is exported into the folder, unless it is there."""
    path = folder / f"{name}.onnx"
    if not path.exists():
        _export(*NETWORKS[name](), path)
    with np.load(path.with_suffix(".npz")) as kept:
        return Network(onnx.load(path), {"x": kept["x"]}, kept["y"], path)


def _darknet() -> tuple[Any, Any]:
    import torch
    from cspdarknet import build

    return build(), torch.randn(1, 3, 256, 256)


def _transformer() -> tuple[Any, Any]:
    import torch
    from torch import nn
    from zoo import transformer

    torch.manual_seed(0)
    return transformer(nn.Mish), torch.randn(1, 128, 256)


NETWORKS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "CSPDarknet-53": _darknet,
    "transformer": _transformer,
}


def _export(network: Any, example: Any, path: Path) -> None:
    import torch
    from programs import write_programs

    stream = io.BytesIO()
    torch.onnx.export(
        network.eval(),
        (example,),
        stream,
        input_names=["x"],
        output_names=["y"],
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load_from_string(stream.getvalue())
    inputs = {"x": example.numpy()}
    np.savez(path.with_suffix(".npz"), x=inputs["x"], y=run(model, inputs))
    write_programs(network, example, path)
    onnx.save(model, path)  # last: where it is, all are


def without_mish() -> tuple[onnx.ModelProto, dict[str, np.ndarray], np.ndarray]:
    """Two convolutions, Relu, Concat, a convolution; an input, and the output in ONNX Runtime.

    What a runtime makes of it quantised is no doing of Mish.
    """
    lines = [
        *("a = Conv (x, v)", "b = Conv (x, w)", "c = Relu (a)", "d = Relu (b)"),
        *("e = Concat <axis = 1> (c, d)", "y = Conv (e, m)"),
    ]
    model = parse(lines, "float", "float[1, 32, 32, 32] x", "float[1, 64, 32, 32] y")
    random = np.random.default_rng(0)
    for name, shape in {"v": (32, 32, 1, 1), "w": (32, 32, 1, 1), "m": (64, 64, 1, 1)}.items():
        array = (random.standard_normal(shape) / shape[1] ** 0.5).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    inputs = {"x": random.standard_normal((1, 32, 32, 32)).astype(np.float32)}
    return model, inputs, run(model, inputs)


def quantized(model: onnx.ModelProto, inputs: dict[str, np.ndarray]) -> onnx.ModelProto:
    """A network whose convolutions and matrix products are quantised to int8, QDQ."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self._rest = [inputs]

        def get_next(self) -> dict[str, np.ndarray] | None:
            return self._rest.pop() if self._rest else None

    with tempfile.TemporaryDirectory() as name:
        path, source = Path(name, "int8.onnx"), Path(name, "float.onnx")
        onnx.save(model, source)  # of a model itself it would change the weights
        quantize_static(
            source,
            path,
            Reader(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Gemm", "MatMul"],
            per_channel=True,
        )
        return onnx.load(path)
