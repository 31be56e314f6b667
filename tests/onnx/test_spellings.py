"""Ways to write Mish in ONNX, and functions that are nearly Mish."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

import mish
from mish.onnx import FORMS, find, optimize
from mish.ulp import error

# Graphs' bodies from x to y. The names of numbers are constants.
_E = "e = Exp(x) a = Add(e, two) n = Mul(e, a)"
_S = "s = Sigmoid(x) o = Sub(two, s) t = Mul(s, o)"
_Q = "m = Neg(x) q = Sigmoid(m)"
_SP = "e = Exp(x) a = Add(e, one) p = Log(a)"

SPELLINGS = {
    "softplus, x first": "p = Softplus(x) t = Tanh(p) y = Mul(x, t)",
    "softplus, x second": "p = Softplus(x) t = Tanh(p) y = Mul(t, x)",
    "op": "y = Mish(x)",
    "log of exp + 1": f"{_SP} t = Tanh(p) y = Mul(x, t)",
    "log of 1 + exp": "e = Exp(x) a = Add(one, e) p = Log(a) t = Tanh(p) y = Mul(t, x)",
    "log1p that cannot overflow": (
        "r = Relu(x) b = Abs(x) m = Neg(b) e = Exp(m) a = Add(e, one) l = Log(a) p = Add(r, l)"
        " t = Tanh(p) y = Mul(x, t)"
    ),
    "log1p by maximum": (
        "r = Max(x, zero) b = Abs(x) m = Neg(b) e = Exp(m) a = Add(one, e) l = Log(a)"
        " p = Sum(r, l) t = Tanh(p) y = Mul(x, t)"
    ),
    "logsigmoid": f"{_Q} l = Log(q) p = Neg(l) t = Tanh(p) y = Mul(x, t)",
    "guarded": "p = Softplus(x) c = Greater(x, top) w = Where(c, x, p) t = Tanh(w) y = Mul(x, t)",
    "guarded the other way": (
        "p = Softplus(x) c = Less(x, top) w = Where(c, p, x) t = Tanh(w) y = Mul(x, t)"
    ),
    "guarded with log": (f"{_SP} c = Greater(x, top) w = Where(c, x, p) t = Tanh(w) y = Mul(x, t)"),
    "guarded at the end": (
        "p = Softplus(x) t = Tanh(p) k = Mul(t, one) m = Mul(x, k) y = Identity(m)"
    ),
    "beta and threshold of 1 and 20": (
        "k = Mul(x, one) s = Softplus(k) b = CastLike(one, s) p = Div(s, b) c = Greater(k, top)"
        " w = Where(c, x, p) t = Tanh(w) y = Mul(x, t)"
    ),
    "tanh as a fraction of exp": (
        "p = Softplus(x) u = Exp(p) m = Neg(p) v = Exp(m) d = Sub(u, v) s = Add(u, v)"
        " t = Div(d, s) y = Mul(x, t)"
    ),
    "tanh by sigmoid": (
        "p = Softplus(x) k = Mul(p, two) s = Sigmoid(k) d = Mul(s, two) t = Sub(d, one)"
        " y = Mul(x, t)"
    ),
    "x n / (n + 2)": f"{_E} d = Add(n, two) m = Mul(x, n) y = Div(m, d)",
    "x (n / (n + 2))": f"{_E} d = Add(n, two) r = Div(n, d) y = Mul(x, r)",
    "x (e² + 2e) / (e² + 2e + 2)": (
        "e = Exp(x) b = Mul(e, e) c = Mul(two, e) n = Add(b, c) d = Add(n, two) r = Div(n, d)"
        " y = Mul(r, x)"
    ),
    "x / (1 + 2/n)": f"{_E} r = Div(two, n) d = Add(r, one) y = Div(x, d)",
    "x (1 - 2 / (n + 2))": f"{_E} d = Add(n, two) r = Div(two, d) b = Sub(one, r) y = Mul(x, b)",
    "x - 2x / (n + 2)": f"{_E} d = Add(n, two) k = Mul(x, two) r = Div(k, d) y = Sub(x, r)",
    "x ((1 + e)² - 1) / ((1 + e)² + 1)": (
        "e = Exp(x) a = Add(e, one) k = Pow(a, two) u = Sub(k, one) v = Add(k, one) r = Div(u, v)"
        " y = Mul(x, r)"
    ),
    "clamped": (
        f"c = Min(x, top) {_E.replace('Exp(x)', 'Exp(c)')} d = Add(n, two) r = Div(n, d)"
        " y = Mul(x, r)"
    ),
    "clipped": (
        f"c = Clip(x, low, top) {_E.replace('Exp(x)', 'Exp(c)')} d = Add(n, two) r = Div(n, d)"
        " y = Mul(x, r)"
    ),
    "softsign": (
        "c = Min(x, top) e = Exp(c) h = Mul(e, half) a = Add(h, one) m = Mul(e, a)"
        " r = Softsign(m) y = Mul(x, r)"
    ),
    "x t / (2 - t)": f"{_S} d = Sub(two, t) r = Div(t, d) y = Mul(x, r)",
    "x (2 / (1 + q²) - 1)": f"{_Q} k = Mul(q, q) d = Add(k, one) r = Div(two, d) b = Sub(r, one)"
    " y = Mul(x, b)",
    "-x tanh(log q)": f"{_Q} l = Log(q) r = Tanh(l) y = Mul(m, r)",
    "reciprocal": f"{_E} r = Reciprocal(n) k = Mul(r, two) d = Add(k, one) y = Div(x, d)",
}

NEAR_MISSES = {
    "another tensor": "p = Softplus(x) t = Tanh(p) y = Mul(w, t)",
    "scaled by a tensor": "k = Mul(x, w) p = Softplus(k) t = Tanh(p) y = Mul(x, t)",
    "scaled outside": "k = Mul(x, w) p = Softplus(x) t = Tanh(p) y = Mul(k, t)",
    "beta 8": (
        "k = Mul(x, eight) s = Softplus(k) p = Div(s, eight) c = Greater(k, top)"
        " w1 = Where(c, x, p) t = Tanh(w1) y = Mul(x, t)"
    ),
    "beta a little over 1": (
        "k = Mul(x, near) s = Softplus(k) p = Div(s, near) t = Tanh(p) y = Mul(x, t)"
    ),
    "threshold 5": (
        "p = Softplus(x) c = Greater(x, five) w1 = Where(c, x, p) t = Tanh(w1) y = Mul(x, t)"
    ),
    "guard turned round": (
        "p = Softplus(x) c = Less(x, top) w1 = Where(c, x, p) t = Tanh(w1) y = Mul(x, t)"
    ),
    "capped": "p = Softplus(x) t = Tanh(p) c = Min(x, five) y = Mul(c, t)",
    "clipped at 5": f"c = Clip(x, low, five) {_E.replace('Exp(x)', 'Exp(c)')} d = Add(n, two)"
    " r = Div(n, d) y = Mul(x, r)",
    "3 for 2": f"{_E} d = Add(n, three) r = Div(n, d) y = Mul(x, r)",
    "nearly 1": "e = Exp(x) a = Add(e, near) p = Log(a) t = Tanh(p) y = Mul(x, t)",
    "tanh squared": "p = Softplus(x) t = Tanh(p) y = Mul(t, t)",
    "no softplus": "t = Tanh(x) y = Mul(x, t)",
    "no tanh": "p = Softplus(x) y = Mul(x, p)",
    "silu": "s = Sigmoid(x) y = Mul(x, s)",
    "silu of 1.2 x": "k = Mul(x, near) s = Sigmoid(k) y = Mul(x, s)",
    "tanh twice": "p = Softplus(x) s = Tanh(p) t = Tanh(s) y = Mul(x, t)",
    "softplus twice": "q = Softplus(x) p = Softplus(q) t = Tanh(p) y = Mul(x, t)",
    "swapped": "p = Tanh(x) t = Softplus(p) y = Mul(x, t)",
    "added": "p = Softplus(x) t = Tanh(p) y = Add(x, t)",
    "negative": "p = Softplus(x) t = Tanh(p) m = Neg(t) y = Mul(x, m)",
    "sigmoid": "p = Softplus(x) t = Sigmoid(p) y = Mul(x, t)",
    "rounded inside": (
        "p = Softplus(x) i = Cast<to = 7>(p) f = Cast<to = 1>(i) t = Tanh(f) y = Mul(x, t)"
    ),
    "a sum inside": ("p = Softplus(x) r = ReduceSum<keepdims = 1>(p) t = Tanh(r) y = Mul(x, t)"),
    "namesake": "p = other.Softplus(x) t = Tanh(p) y = Mul(x, t)",
    "namesake op": "y = other.Mish(x)",
}

FLOATS = ("float", "double", "float16", "bfloat16")
OTHER = ', "other": 1'
X = np.array([-40, -17.5, -5, -1.19, -0.0, 0.3, 1.49, 5, 21, 80], np.float32)


def spans(model: onnx.ModelProto) -> list[tuple[str, str]]:
    return [(site.input, site.output) for site in find(model)]


def end(body: str) -> str:
    """The value that is Mish: what an Identity at the end copies, or y."""
    return "m" if body.endswith("y = Identity(m)") else "y"


def rewritten(model: onnx.ModelProto, form: str, output: str) -> onnx.ModelProto:
    """The model with its one Mish in a form."""
    report = optimize(model, form)
    sites = [*report.rewritten, *(site for site, _ in report.skipped)]
    assert [site.output for site in sites] == [output]
    assert {reason for _, reason in report.skipped} <= {"it has this form already"}
    onnx.checker.check_model(report.model, full_check=True)
    return report.model


def operators(model: onnx.ModelProto) -> list[str]:
    """The model's operators; initializers count as Constant nodes do."""
    nodes = [f"{node.domain}.{node.op_type}" for node in model.graph.node]
    return sorted(nodes + [".Constant"] * len(model.graph.initializer))


@pytest.mark.parametrize("kind", FLOATS)
@pytest.mark.parametrize("body", SPELLINGS.values(), ids=SPELLINGS)
def test_finds(build, body, kind):
    model = build(body, f"{kind}[N] x", f"{kind}[N] y", opset=22)
    assert spans(model) == [("x", end(body))]


@pytest.mark.parametrize("shape", [(), (1,), (1, 1, 1)])
@pytest.mark.parametrize("nodes", [False, True])
def test_finds_with_constants_of_any_kind(build, shape, nodes):
    for body in SPELLINGS.values():
        model = build(body, "float[A, B, C] x", "float[A, B, C] y", shape=shape, nodes=nodes)
        assert spans(model) == [("x", end(body))]
        assert len(optimize(model, "native").rewritten) == 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("body", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.slow
def test_rewrites_to_every_form_and_back(build, run, runtimes_own, body, form):
    new = rewritten(build(body), form, end(body))
    bound = {"op": 200, "softplus": 200, "float16": 8192}.get(form, 5)
    y = run(new, x=X)[0]
    right = np.abs(y - mish.mish(X)) < runtimes_own(form)
    assert error(y[~right], X[~right]).max(initial=0) < bound
    for other in FORMS:
        again = rewritten(new, other, end(body))
        assert operators(again) == operators(rewritten(build(body), other, end(body)))
        back = rewritten(again, form, end(body))
        np.testing.assert_array_equal(run(back, x=X)[0], run(new, x=X)[0])


@pytest.mark.parametrize("body", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_leaves_near_misses(build, body):
    model = build(body, "float[N] x, float[N] w", extra=OTHER)
    assert find(model) == []
    assert optimize(model).model == model


def test_leaves_what_a_caller_can_change(build):
    body = SPELLINGS["log of exp + 1"]
    model = build(body)
    model.graph.input.append(onnx.helper.make_tensor_value_info("one", 1, []))
    assert find(model) == []
    model.ir_version = 3  # where every initializer had to be an input
    assert spans(model) == [("x", "y")]


def test_leaves_constants_that_are_not_uniform(build):
    model = build(SPELLINGS["log of exp + 1"], "float[3] x", "float[3] y")
    one = model.graph.initializer[0]
    one.CopyFrom(onnx.numpy_helper.from_array(np.array([1, 1, 1], np.float32), "one"))
    assert spans(model) == [("x", "y")]
    one.CopyFrom(onnx.numpy_helper.from_array(np.array([1, 1, 2], np.float32), "one"))
    assert find(model) == []


@pytest.mark.parametrize(
    ("shape", "inputs", "outputs"),
    [
        ((1,), "float x", "float[1] y"),
        ((1, 1), "float[N] x", "float[1, N] y"),
        ((3,), "float[N] x", "float[3] y"),
        ((3,), "float[1] x", "float[3] y"),
    ],
)
def test_skips_constants_that_change_the_shape(build, shape, inputs, outputs):
    model = build(SPELLINGS["log of exp + 1"], inputs, outputs, shape=shape)
    report = optimize(model)
    assert report.rewritten == ()
    ((site, reason),) = report.skipped
    assert site.output == "y"
    assert "shape of its input is not known well enough" in reason
    assert report.model == model


def test_large_shared_constants_stay_for_others(build):
    body = SPELLINGS["log of exp + 1"] + " z = Add(y, one)"
    report = optimize(build(body, outputs="float[N] z"))
    assert [each.name for each in report.model.graph.initializer] == ["one"]
