from __future__ import annotations

import onnx
import pytest

from mish.onnx import ModelError, Site, find

FOUND = {
    "x first": "p = Softplus(x) t = Tanh(p) y = Mul(x, t)",
    "x second": "p = Softplus(x) t = Tanh(p) y = Mul(t, x)",
    "softplus read elsewhere": "p = Softplus(x) t = Tanh(p) y = Mul(x, t) z = Neg(p)",
    "tanh read elsewhere": "p = Softplus(x) t = Tanh(p) y = Mul(x, t) z = Neg(t)",
}


@pytest.mark.parametrize("body", FOUND.values(), ids=FOUND)
def test_finds_the_three_nodes(build, body):
    assert find(build(body)) == [Site("Softplus, Tanh, Mul", "x", "y", "")]


def test_finds_the_op(build):
    assert find(build("y = Mish(x)")) == [Site("Mish", "x", "y", "")]


def test_finds_what_has_a_graph_output_in_the_middle(build):
    model = build(outputs="float[N] y, float[N] t, float[N] p")
    assert [site.output for site in find(model)] == ["y"]


def test_lists_sites_in_the_order_of_the_nodes(build):
    body = (
        "p = Softplus(x) a = Mish(x) t = Tanh(p) b = Mul(x, t) q = Softplus(b) u = Tanh(q)"
        " c = Mul(u, b) y = Add(a, c)"
    )
    assert [(site.input, site.output) for site in find(build(body))] == [
        ("x", "a"),
        ("x", "b"),
        ("b", "c"),
    ]


def test_tells_the_name_of_the_last_node(build):
    model = build()
    model.graph.node[2].name = "act"
    assert find(model)[0].node == "act"


def test_reads_a_path(build, tmp_path):
    onnx.save(build(), tmp_path / "m.onnx")
    assert len(find(tmp_path / "m.onnx")) == len(find(str(tmp_path / "m.onnx"))) == 1


def test_malformed_nodes_are_refused(build):
    model = build()
    del model.graph.node[1].input[:]
    with pytest.raises(ModelError, match=r"not a valid ONNX model|types do not fit"):
        find(model)


@pytest.mark.parametrize(
    ("outer", "inner", "span"),
    [
        ("float16", 1, ("x", "y")),
        ("bfloat16", 1, ("x", "y")),
        ("float16", 11, ("d", "m")),
        ("float", 11, ("d", "m")),
        ("float", 16, ("d", "m")),
    ],
)
def test_casts_to_float32_around_belong_to_a_half_precision_mish(build, outer, inner, span):
    back = {"float": 1, "float16": 10, "bfloat16": 16}[outer]
    body = f"d = Cast<to = {inner}>(x) m = Mish(d) y = Cast<to = {back}>(m)"
    (site,) = find(build(body, f"{outer}[N] x", f"{outer}[N] y", opset=22))
    assert (site.input, site.output) == span
    model = build(f"{body} z = Neg(m)", f"{outer}[N] x", f"{outer}[N] y", opset=22)
    assert [(site.input, site.output) for site in find(model)] == [("d", "m")]
