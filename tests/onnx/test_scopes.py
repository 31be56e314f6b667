"""Mish in subgraphs and in a model's own functions."""

from __future__ import annotations

import numpy as np
import onnx
import onnx.parser
import pytest

from mish.onnx import FORMS, ModelError, Site, find, optimize

X = np.array([-20, -1.5, 0, 0.5, 30], np.float32)
CLASSIC = "Softplus, Tanh, Mul"


def parse(graph: str, *functions: str, opset: int = 18) -> onnx.ModelProto:
    head = f'<ir_version: 10, opset_import: ["": {opset}, "own": 1]>'
    text = " ".join(
        [
            head,
            graph,
            *(
                f'<domain: "own", opset_import: ["": {opset}, "own": 1]> {each}'
                for each in functions
            ),
        ]
    )
    return onnx.parser.parse_model(text.replace(") ", ")\n"))


BRANCHES = parse(
    """g (float[N] x, bool c) => (float[N] y) {
    p = Softplus(x)
    y = If(c) <then_branch = a () => (float[N] u) { t = Tanh(p) u = Mul(x, t) },
               else_branch = b () => (float[N] v) { t = Mish(x) v = Neg(t) }> }"""
)
LOOP = parse(
    """g (float[N] x) => (float[N] y) {
    n = Constant<value = int64 {3}>() c = Constant<value = bool {1}>()
    y = Loop(n, c, x) <body = b (int64 i, bool d, float[N] a) => (bool e, float[N] f) {
        e = Identity(d) p = Softplus(a) t = Tanh(p) f = Mul(t, a) }> }"""
)
SCAN = parse(
    """g (float[5] x) => (float[5] y) {
    s = Constant<value = float {0}>()
    z, y = Scan <num_scan_inputs = 1, body = b (float s1, float a) => (float s2, float f) {
        s2 = Identity(s1) p = Softplus(a) t = Tanh(p) f = Mul(a, t) }>(s, x) }"""
)
NESTED = parse(
    """g (float[N] x, bool c) => (float[N] y) {
    y = If(c) <then_branch = a () => (float[N] u) {
                 u = If(c) <then_branch = d () => (float[N] w) { w = Mish(x) },
                            else_branch = e () => (float[N] z) { z = Abs(x) }> },
               else_branch = b () => (float[N] v) { v = Neg(x) }> }"""
)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("model", "graphs"),
    [
        (BRANCHES, ["If 1/then_branch", "If 1/else_branch"]),
        (LOOP, ["Loop 2/body"]),
        (SCAN, ["Scan 1/body"]),
        (NESTED, ["If 0/then_branch/If 0/then_branch"]),
    ],
    ids=["If", "Loop", "Scan", "If in If"],
)
def test_subgraphs(run, runtimes_own, model, graphs, form):
    assert [site.graph for site in find(model)] == graphs
    new = optimize(model, form).model
    onnx.checker.check_model(new, full_check=True)
    assert [site.graph.split("/")[1:] for site in find(new)] == [
        each.split("/")[1:] for each in graphs
    ]
    feeds = [{"x": X}]
    if len(model.graph.input) == 2:
        feeds = [{"x": X, "c": np.array(c)} for c in (True, False)]
    for feed in feeds:
        near = 1e-3 if form == "float16" else 5e-6
        got, want = run(new, **feed)[0], run(model, **feed)[0]
        np.testing.assert_allclose(got, want, rtol=near, atol=runtimes_own(form))


def test_what_only_a_branch_read_is_removed_around_it():
    new = optimize(BRANCHES).model
    assert [node.op_type for node in new.graph.node] == ["If"]
    assert optimize(BRANCHES).rewritten[0].spelling == CLASSIC


def test_what_another_branch_reads_stays():
    text = """g (float[N] x, bool c) => (float[N] y) {
    p = Softplus(x)
    y = If(c) <then_branch = a () => (float[N] u) { t = Tanh(p) u = Mul(x, t) },
               else_branch = b () => (float[N] v) { v = Neg(p) }> }"""
    new = optimize(parse(text)).model
    assert [node.op_type for node in new.graph.node] == ["Softplus", "If"]


def test_a_function_with_mish_inside():
    model = parse(
        "g (float[N] x) => (float[N] y) { h = own.block(x) y = own.block(h) }",
        "block (a) => (b) { k = Add(a, a) p = Softplus(k) t = Tanh(p) m = Mul(k, t) b = Neg(m) }",
    )
    assert find(model) == [Site(CLASSIC, "k", "m", "", "own.block")]
    report = optimize(model)
    assert [site.graph for site in report.rewritten] == ["own.block"]
    assert "Softplus" not in {node.op_type for node in report.model.functions[0].node}
    onnx.checker.check_model(report.model, full_check=True)


def test_a_function_that_is_mish_is_replaced_and_removed(run):
    model = parse(
        "g (float[N] x) => (float[N] y) { h = own.act(x) y = own.act(h) }",
        "act (a) => (b) { p = own.soft(a) t = Tanh(p) b = Mul(a, t) }",
        "soft (a) => (b) { o = Constant<value_float = 1.0>() e = Exp(a) s = Add(e, o) b = Log(s) }",
    )
    assert [site.spelling for site in find(model)] == ["own.act"] * 2
    report = optimize(model)
    assert not report.model.functions
    np.testing.assert_allclose(run(report.model, x=X[1:])[0], run(model, x=X[1:])[0], rtol=1e-5)


ALPHA = "soft <beta> (a) => (b) { o = Constant<value_float: float = @beta>() k = Mul(a, o)" + (
    " s = Softplus(k) b = Div(s, o) }"
)


@pytest.mark.parametrize(("beta", "sites"), [("1.0", 1), ("8.0", 0)])
def test_a_function_with_attributes(beta, sites):
    body = f"p = own.soft<beta = {beta}>(x) t = Tanh(p) y = Mul(x, t)"
    model = parse(f"g (float[N] x) => (float[N] y) {{ {body} }}", ALPHA)
    assert [site.spelling for site in find(model)] == ["own.soft, Tanh, Mul"] * sites
    assert len(optimize(model).model.functions) == 1 - sites


@pytest.mark.parametrize(("like", "sites"), [("a", 1), ("i", 0)])
def test_a_constant_made_like_another_value(like, sites):
    text = (
        "act (a) => (b) { i = Constant<value = int64 {2}>() h = Constant<value_float = 1.5>()"
        f" c = CastLike(h, {like}) f = CastLike(c, a) q = Div(f, h) p = Softplus(a) t = Tanh(p)"
        " m = Mul(a, q) n = Mul(m, t) b = Neg(n) }"
    )
    graph = "g (float[N] x) => (float[N] y) { h = own.act(x) y = Neg(h) }"
    assert [site.output for site in find(parse(graph, text))] == ["y"] * sites


def test_an_attribute_that_only_the_call_gives_is_not_guessed():
    text = (
        "act <slope> (a) => (b) { r = LeakyRelu <alpha: float = @slope> (a) k = Abs(a) m = Neg(k)"
        " e = Exp(m) o = Constant <value_float = 1.0> () s = Add(e, o) l = Log(s) p = Add(r, l)"
        " t = Tanh(p) g = Mul(a, t) b = Neg(g) }"
    )
    graph = "g (float[N] x) => (float[N] y) { y = own.act<slope = 0.5>(x) }"
    assert find(parse(graph, text)) == []
    fixed = text.replace("LeakyRelu <alpha: float = @slope>", "Relu")
    (site,) = find(parse(graph, fixed))
    assert (site.input, site.output, site.graph) == ("a", "g", "own.act")


def test_a_function_called_with_two_types_is_left():
    model = parse(
        "g (float[N] x, double[N] z) => (float[N] y, double[N] w) {"
        " y = own.block(x) w = own.block(z) }",
        "block (a) => (b) { p = Softplus(a) t = Tanh(p) m = Mul(a, t) b = Neg(m) }",
    )
    ((site, reason),) = optimize(model).skipped
    assert site.graph == "own.block"
    assert "type of its input is not known" in reason


def test_a_function_that_nothing_calls_is_left():
    model = parse(
        "g (float[N] x) => (float[N] y) { y = Neg(x) }",
        "block (a) => (b) { p = Softplus(a) t = Tanh(p) b = Mul(a, t) }",
    )
    assert find(model) == []
    assert optimize(model).model == model


@pytest.mark.parametrize("callee", ["first", "second"])
def test_functions_that_call_in_a_circle(callee):
    model = parse(
        "g (float[N] x) => (float[N] y) { y = own.first(x) }",
        "first (a) => (b) { b = own.second(a) }",
        f"second (a) => (b) {{ b = own.{callee}(a) }}",
    )
    for work in (find, optimize):
        with pytest.raises(
            ModelError, match=r"calls itself, directly or not|must not be recursive"
        ):
            work(model)


def test_functions_that_grow_without_bound():
    functions = [
        f"f{i} (a) => (b) {{ c = own.f{i + 1}(a) d = own.f{i + 1}(c) b = own.f{i + 1}(d) }}"
        for i in range(20)
    ]
    last = "f20 (a) => (b) { b = Neg(a) }"
    model = parse("g (float[N] x) => (float[N] y) { y = own.f0(x) }", *functions, last)
    with pytest.raises(ModelError, match=r"comes to over \d+ nodes"):
        optimize(model)
