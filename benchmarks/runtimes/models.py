"""The models that every runtime is given: one Mish in each form, and networks."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import onnx

import mish.onnx

sys.path.append(str(Path(__file__).resolve().parents[1] / "onnx"))

from candidates import CANDIDATES, nodes, parse

SHAPE = (1, 16, 256, 256)
"""What converters of images take; 2**20 elements."""

PLAIN = "Softplus, Tanh, Mul"
OTHERS = {
    "one Sigmoid": "x * (t / (2-t))",
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


def networks() -> dict[str, tuple[onnx.ModelProto, dict[str, np.ndarray]]]:
    """Whole networks with plain Mish, and an input for each."""
    import torch
    from cspdarknet import build
    from torch import nn
    from zoo import transformer

    torch.manual_seed(0)
    found = {}
    image, words = torch.randn(1, 3, 256, 256), torch.randn(1, 128, 256)
    for name, network, example in (
        ("CSPDarknet-53", build(), image),
        ("transformer", transformer(nn.Mish), words),
    ):
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
        found[name] = (onnx.load_from_string(stream.getvalue()), {"x": example.numpy()})
    return found


def in_form(network: onnx.ModelProto, form: str) -> onnx.ModelProto:
    """A network in a form of the package."""
    return network if form == "softplus" else mish.onnx.optimize(network, form).model
