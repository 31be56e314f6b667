"""Ways to write Mish with standard ONNX operators, and models made of each."""

from __future__ import annotations

import re

import numpy as np
import onnx
import onnx.parser

CONSTANTS = {
    "half": 0.5,
    "one": 1,
    "two": 2,
    "minus": -2,
    "low": -120,
    "high": 20,
    "top": float("inf"),
}

# In each: s = sigmoid(x), q = sigmoid(-x), t = s(2-s), e = exp(x), n = e(e+2).
CANDIDATES = {
    "Softplus, Tanh, Mul": "p = Softplus(x)  t = Tanh(p)  y = Mul(x, t)",
    "op Mish": "y = Mish(x)",
    "x * (t / (2-t))": (
        "s = Sigmoid(x)  a = Sub(two, s)  t = Mul(s, a)  d = Sub(two, t)  r = Div(t, d)"
        "  y = Mul(x, r)"
    ),
    "x * (2/(1+q*q) - 1)": (
        "m = Neg(x)  q = Sigmoid(m)  k = Mul(q, q)  d = Add(k, one)  r = Div(two, d)"
        "  b = Sub(r, one)  y = Mul(x, b)"
    ),
    "-x * tanh(log q)": "m = Neg(x)  q = Sigmoid(m)  l = Log(q)  r = Tanh(l)  y = Mul(m, r)",
    "x * tanh(log(1+e))": "e = Exp(x)  a = Add(e, one)  l = Log(a)  r = Tanh(l)  y = Mul(x, r)",
    "x * (1 - 2/(1+(1+e)^2))": (
        "e = Exp(x)  a = Add(e, one)  k = Mul(a, a)  d = Add(k, one)  r = Div(two, d)"
        "  b = Sub(one, r)  y = Mul(x, b)"
    ),
    "x / (1 + 2/n)": (
        "e = Exp(x)  a = Add(e, two)  n = Mul(e, a)  r = Div(two, n)  d = Add(r, one)"
        "  y = Div(x, d)"
    ),
    "x / (1 + 2/n) with Sub and Div alone": (
        "e = Exp(x)  a = Sub(e, minus)  f = Div(minus, a)  r = Div(f, e)  d = Sub(one, r)"
        "  y = Div(x, d)"
    ),
    "c / (1 + 2/n), c = clip(x, -120, inf)": (
        "c = Clip(x, low, top)  e = Exp(c)  a = Add(e, two)  n = Mul(e, a)  r = Div(two, n)"
        "  d = Add(r, one)  y = Div(c, d)"
    ),
    "x * (n / (n+2)), e = exp(min(x, 20))": (
        "c = Min(x, high)  e = Exp(c)  a = Add(e, two)  n = Mul(e, a)  d = Add(n, two)"
        "  r = Div(n, d)  y = Mul(x, r)"
    ),
    "x * softsign(n/2), e = exp(min(x, 20))": (
        "c = Min(x, high)  e = Exp(c)  h = Mul(e, half)  a = Add(h, one)  m = Mul(e, a)"
        "  r = Softsign(m)  y = Mul(x, r)"
    ),
    "c * softsign(n/2), c and e = exp(min(c, 20)) clipped": (
        "c = Clip(x, low, top)  l = Clip(x, low, high)  e = Exp(l)  h = Mul(e, half)"
        "  a = Add(h, one)  m = Mul(e, a)  r = Softsign(m)  y = Mul(c, r)"
    ),
}


def nodes(body: str, prefix: str = "") -> list[str]:
    """Split a candidate into lines of ONNX text, with every name but the constants prefixed."""
    lines = re.findall(r"\w+ = \w+\([^)]*\)", body)
    return [
        re.sub(r"\b([a-z])\b(?!\()", lambda name: prefix + name.group(1), line) for line in lines
    ]


def constants(lines: list[str], kind: str) -> list[str]:
    """The Constant nodes that the lines read."""
    used = {word for line in lines for word in re.findall(r"\w+", line)}

    def text(value: float) -> str:
        # The text format takes a float16 as the integer with the same bits.
        return str(np.float16(value).view(np.uint16)) if kind == "float16" else repr(value)

    return [
        f"{name} = Constant <value = {kind} {{{text(value)}}}> ()"
        for name, value in CONSTANTS.items()
        if name in used
    ]


def parse(lines: list[str], kind: str, inputs: str, outputs: str) -> onnx.ModelProto:
    """A model from lines of ONNX text."""
    body = "\n".join(constants(lines, kind) + lines)
    text = f'<ir_version: 10, opset_import: ["": 18]> g ({inputs}) => ({outputs}) {{ {body} }}'
    return onnx.parser.parse_model(text)


def elementwise(body: str, kind: str = "float") -> onnx.ModelProto:
    """One Mish over a vector of any length."""
    return parse(nodes(body), kind, f"{kind}[N] x", f"{kind}[N] y")


def convnet(body: str) -> onnx.ModelProto:
    """Five 3x3 convolutions with 32 channels on a 128x128 image, each followed by Mish."""
    lines = ["ax = Conv <pads = [1, 1, 1, 1]> (image, first)"]
    for layer, (here, after) in enumerate(zip("abcde", "bcdef", strict=True)):
        lines += nodes(body, here)
        if layer < 4:
            lines.append(f"{after}x = Conv <pads = [1, 1, 1, 1]> ({here}y, rest)")
    lines.append("out = Identity(ey)")
    shapes = "float[1, 3, 128, 128] image, float[32, 3, 3, 3] first, float[32, 32, 3, 3] rest"
    model = parse(lines, "float", shapes, "float[1, 32, 128, 128] out")
    rng = np.random.default_rng(0)
    for value in list(model.graph.input)[1:]:
        shape = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        scale = np.sqrt(2 / np.prod(shape[1:]))
        weights = (rng.standard_normal(shape) * scale).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(weights, value.name))
        model.graph.input.remove(value)
    return model
