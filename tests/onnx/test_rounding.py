"""Models of half precision: right ways to write Mish pass, wrong ones do not."""

from __future__ import annotations

import functools

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mish.onnx import optimize
from mish.onnx import verify as verify_

WIDTH = 16
NUMBERS = {"one": 1.0, "two": 2.0, "off": 2.002, "steep": 1.01}
RIGHT = "p = Softplus(x) t = Tanh(p) y = Mul(x, t)"
verify = functools.partial(verify_, threads=1)


def network(
    kind: str,
    act: str = RIGHT,
    *,
    seed: int = 0,
    depth: int = 30,
    site: int | None = None,
    side: int = 0,
) -> onnx.ModelProto:
    """Layers that keep the variance; every third is put beside what it was made of.

    ONNX Runtime on CPU keeps float32 between operators that it has no float16 kernel for, and
    rounds before Concat, which it has one for.

    Args:
        kind: float16 or float32.
        act: What follows a layer, from x to y.
        seed: Seed of the weights.
        depth: How many layers there are.
        site: The one layer that ``act`` follows, the others having Mish; None for all.
        side: Of the images that the layers convolve; 0 for matrix products.
    """
    dtype = np.dtype(kind)
    rng = np.random.default_rng(seed)
    nodes, weights = [], []

    def constant(name: str, numbers: object) -> str:
        weights.append(numpy_helper.from_array(np.asarray(numbers, dtype), name))
        return name

    def node(op: str, read: list[str], made: str, **attributes: object) -> str:
        nodes.append(helper.make_node(op, read, [made], **attributes))
        return made

    for name, number in NUMBERS.items():
        constant(name, number)
    last, size = "input", 3
    for layer in range(depth):
        gain = 1.487 if layer else 1.0
        shape = (WIDTH, size, 3, 3) if side else (size, WIDTH)
        spread = gain / np.sqrt(9 * size if side else size)
        w = constant(f"w{layer}", spread * rng.standard_normal(shape))
        b = constant(f"b{layer}", 0.1 * rng.standard_normal(WIDTH))
        if side:
            node("Conv", [last, w, b], f"x{layer}", pads=[1, 1, 1, 1])
        else:
            node("Add", [node("MatMul", [last, w], f"a{layer}"), b], f"x{layer}")
        for line in (act if site in (None, layer) else RIGHT).split(") "):
            made, _, call = line.rstrip(")").partition(" = ")
            op, _, arguments = call.partition("(")
            read = [e if e in NUMBERS else f"{e}{layer}" for e in arguments.split(", ")]
            node(op, read, f"{made}{layer}")
        before, last, size = last, f"y{layer}", WIDTH
        if layer % 3 == 1:
            last, size = node("Concat", [last, before], f"c{layer}", axis=1), 2 * WIDTH
    if side:
        last = node("Flatten", [node("GlobalAveragePool", [last], "pooled")], "flat")
    constant("w", rng.standard_normal((size, 10)) / np.sqrt(size))
    node("MatMul", [last, "w"], "output")
    element = helper.np_dtype_to_tensor_dtype(dtype)
    image = [side, side] if side else []
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("input", element, ["N", 3, *image])],
        [helper.make_tensor_value_info("output", element, ["N", 10])],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


WRONG = {
    "silu": "s = Sigmoid(x) y = Mul(x, s)",
    "steep": "q = Mul(x, steep) p = Softplus(q) t = Tanh(p) y = Mul(x, t)",
    "sign": "z = Neg(x) p = Softplus(z) t = Tanh(p) y = Mul(x, t)",
    "constant": (
        "e = Exp(x) f = Add(e, two) n = Mul(e, f) d = Div(off, n) g = Add(d, one) y = Div(x, g)"
    ),
}


@pytest.mark.parametrize("form", ["sigmoid", "native", "op"])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_deep_network_in_float16(form, seed):
    old = network("float16", seed=seed)
    result = verify(old, optimize(old, form).model)
    assert result.agree
    if form != "op":
        assert result.max_relative > 1e-3  # more than the tolerance
        assert result.rounding.max_relative < 1e-4
        assert "compared both models in float32 on one set of inputs" in result.basis


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("kind", ["float16", "float32"])
def test_another_function(wrong, kind):
    result = verify(network(kind), network(kind, WRONG[wrong]))
    assert not result.agree
    if kind == "float16":
        assert not result.rounding.same
        assert result.rounding.max_relative > 1e-3


def test_tolerances_are_those_of_float32():
    old = network("float16")
    new = optimize(old).model
    found = verify(old, new).rounding.max_relative
    assert verify(old, new, rtol=2 * found).agree
    assert not verify(old, new, rtol=found / 2).agree
    assert not verify(old, new, atol=0, rtol=0).agree


def test_float32_has_no_excuse():
    old = network("float32")
    assert verify(old, optimize(old).model).rounding is None
    assert verify(old, network("float32", WRONG["constant"])).rounding is None


LOSSY = """
    k = Constant<value = float {1000}>() m = Mish(x) a = Add(m, k)
    h = Cast<to = 10>(a) b = Cast<to = 1>(h) y = Sub(b, k)
"""


def test_the_same_function_rounded_worse(build):
    result = verify(build("y = Mish(x)"), build(LOSSY))
    assert not result.agree
    assert result.rounding.same
    assert result.rounding.error_before == 0
    assert result.rounding.error_after > 0.01
    assert verify(build(LOSSY), build(LOSSY)).agree


def test_overflow_where_there_was_none(build):
    x = np.linspace(-20, 20, 400, dtype=np.float16)
    overflowing = """
        w = Cast<to = 1>(x) e = Exp(w) h = Cast<to = 10>(e) d = Concat<axis = 0>(h, z)
        i = Sub(d, d) m = Mish(x) c = Concat<axis = 0>(m, z) y = Add(c, i)
    """
    plain = "m = Mish(x) y = Concat<axis = 0>(m, z)"
    ends = "float16[N] x, float16[N] z", "float16[M] y"
    result = verify(build(plain, *ends), build(overflowing, *ends), {"x": x, "z": x})
    assert result.max_absolute == np.inf
    assert not result.agree


def test_weights_elsewhere(tmp_path):
    old = network("float16")
    onnx.save(
        old, tmp_path / "m.onnx", save_as_external_data=True, location="w.bin", size_threshold=100
    )
    report = optimize(tmp_path / "m.onnx")
    result = verify(tmp_path / "m.onnx", report.model, folder=tmp_path)
    assert result.agree
    assert result.rounding is not None
    assert report.model.graph.initializer[-1].data_location == TensorProto.EXTERNAL
