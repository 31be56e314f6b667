"""Mish of a scale k, mish(k x) / k = x tanh(softplus(k x)), found and written in every form."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

import mish
from mish.onnx import FORMS, find, optimize, verify

# With the scale 8 unless the name tells another.
SCALED = {
    "softplus": "k = Mul(x, eight) p = Softplus(k) t = Tanh(p) y = Mul(x, t)",
    "softplus, turned round": "k = Mul(eight, x) p = Softplus(k) t = Tanh(p) y = Mul(t, x)",
    "guarded": (
        "k = Mul(x, eight) p = Softplus(k) c = Greater(k, top) w1 = Where(c, k, p) t = Tanh(w1)"
        " y = Mul(x, t)"
    ),
    "guarded at the end": (
        "k = Mul(x, eight) e = Exp(k) a = Add(e, one) p = Log(a) t = Tanh(p) m = Mul(x, t)"
        " c = Less(x, three) y = Where(c, m, x)"
    ),
    "op, divided": "k = Mul(x, eight) m = Mish(k) y = Div(m, eight)",
    "op, multiplied, scale 2": "k = Mul(two, x) m = Mish(k) y = Mul(half, m)",
    "op, by the inverse, scale 2": "k = Div(x, half) m = Mish(k) y = Mul(m, half)",
    "op, scale 0.5": "k = Mul(x, half) m = Mish(k) y = Mul(m, two)",
    "divided inside, scale 0.5": "k = Div(x, two) p = Softplus(k) t = Tanh(p) y = Mul(x, t)",
    "exp, scale 3": (
        "k = Mul(x, three) e = Exp(k) a = Add(e, two) n = Mul(e, a) r = Div(two, n)"
        " d = Add(r, one) y = Div(x, d)"
    ),
    "twice, scale 4": "j = Mul(x, two) k = Mul(j, two) p = Softplus(k) t = Tanh(p) y = Mul(x, t)",
    "three nodes, divided": (
        "k = Mul(x, eight) p = Softplus(k) t = Tanh(p) m = Mul(k, t) y = Div(m, eight)"
    ),
}
MISSES = {
    "another scale inside": "k = Mul(x, eight) p = Softplus(k) t = Tanh(p) y = Mul(k, p)",
    "negative": ("k = Mul(x, eight) j = Neg(k) p = Softplus(j) t = Tanh(p) y = Mul(x, t)"),
    "a bias": "k = Mul(x, eight) b = Add(k, one) p = Softplus(b) t = Tanh(p) y = Mul(x, t)",
    "a threshold that shows": (
        "k = Mul(x, eight) p = Softplus(k) c = Greater(k, five) w1 = Where(c, k, p) t = Tanh(w1)"
        " y = Mul(x, t)"
    ),
    "a scale beyond 1024": (
        "a = Mul(x, top) b = Mul(a, top) k = Mul(b, three) p = Softplus(k) t = Tanh(p)"
        " y = Mul(x, t)"
    ),
    "by a tensor": "k = Mul(x, w) p = Softplus(k) t = Tanh(p) y = Mul(x, t)",
    "silu": "k = Mul(x, eight) s = Sigmoid(k) y = Mul(x, s)",
}
DTYPES = {"float": np.float32, "float16": np.float16, "double": np.float64}
HARD = (-np.inf, -3e38, -6.5e4, -1e4, -15, -9, -1.19, -0.15, -1e-3, -0.0, 0.0, 1e-3, 0.15, 1, 2.5)
HARD += (2.6, 9, 8190, 1e4, 6.5e4, 3e38, np.inf, np.nan)


def with_number(model: onnx.ModelProto, name: str, number: object) -> onnx.ModelProto:
    """The model with another constant under that name."""
    (tensor,) = (each for each in model.graph.initializer if each.name == name)
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
    tensor.CopyFrom(onnx.numpy_helper.from_array(np.asarray(number, dtype), name))
    return model


def scale_in(name: str) -> float:
    return float(name.partition("scale ")[2] or 8)


def exact(x: np.ndarray, scale: float) -> np.ndarray:
    """mish(scale x) / scale in float64."""
    wide = x.astype(np.float64)
    with np.errstate(all="ignore"):
        return np.where(wide * scale > 40, wide, mish.mish(wide * scale) / scale)


@pytest.mark.parametrize("kind", [*DTYPES, "bfloat16"])
@pytest.mark.parametrize("name", SCALED)
def test_finds_the_scale(build, name, kind):
    model = build(SCALED[name], f"{kind}[N] x", f"{kind}[N] y", opset=22)
    assert [(s.input, s.output, s.scale) for s in find(model)] == [("x", "y", scale_in(name))]


@pytest.mark.parametrize("body", MISSES.values(), ids=MISSES)
def test_leaves_near_misses(build, body):
    model = build(body, "float[N] x, float[N] w")
    assert find(model) == []
    assert optimize(model).model == model


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", SCALED)
def test_every_form_is_right_in_float32(build, run, runtimes_own, name, form):
    report = optimize(build(SCALED[name]), form)
    onnx.checker.check_model(report.model, full_check=True)
    assert len(report.rewritten) + len(report.skipped) == 1
    x = np.concatenate([np.array(HARD, np.float32), np.linspace(-12, 12, 5001, dtype=np.float32)])
    with np.errstate(all="ignore"):
        got = run(report.model, x=x)[0]
    want = exact(x, scale_in(name))
    if form in ("sigmoid", "logistic", "softplus") or (scale_in(name) < 1 and form == "op"):
        assert np.isnan(got[0]), "as without a scale"
        got[0] = want[0]
    # softplus and op lose digits left of -17 in ONNX Runtime; sigmoid has none left of -88
    near = {"op": 1e-4, "softplus": 1e-4, "float16": 4e-4}.get(form, 4e-6)
    least = 3e-37 + runtimes_own(form)
    np.testing.assert_allclose(got, want, rtol=near, atol=least)
    if form != "float16":  # whose zeros on the far left have either sign
        number = ~np.isnan(want)
        np.testing.assert_array_equal(np.signbit(got[number]), np.signbit(want[number]))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", SCALED)
def test_no_float16_overflows(build, run, name, form):
    """Where 8 x is beyond 65504, x is not."""
    x = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    x = x[np.isfinite(x)]
    new = optimize(build(SCALED[name], "float16[N] x", "float16[N] y"), form).model
    if new == build(SCALED[name], "float16[N] x", "float16[N] y"):
        return  # it was this form
    got = run(new, x=x)[0].astype(np.float64)
    want = exact(x, scale_in(name))
    ulp = np.spacing(np.minimum(np.abs(want), 6e4).astype(np.float16)).astype(np.float64)
    # ONNX Runtime's Softplus, and with it its Mish, is 0 where it is below 1e-7; its
    # Sigmoid is off by as much
    bound = {"sigmoid": 0.501, "native": 1.01, "float16": 1.0, "logistic": 50}.get(form, 20)
    assert np.max(np.abs(got - want) / ulp) < bound


@pytest.mark.parametrize("form", ["op", "softplus", "sigmoid"])
def test_no_float16_overflows_where_float16_is_computed_with(build, form):
    """As on a GPU. ONNX Runtime's CPU computes in float32."""
    plain = build(SCALED["softplus"], "float16[N] x", "float16[N] y")
    other = build(SCALED["op, divided"], "float16[N] x", "float16[N] y")
    new = optimize(other if form == "softplus" else plain, form).model
    x = np.array([-6.5e4, -1e4, -8190, 8190, 1e4, 6.5e4, np.inf], np.float16)
    with np.errstate(all="ignore"):
        got = ReferenceEvaluator(new).run(None, {"x": x})[0]
    np.testing.assert_array_equal(got, np.maximum(x, 0))


@pytest.mark.parametrize("name", SCALED)
def test_float64_native(build, run, name):
    if "Softplus" in SCALED[name]:
        pytest.skip("ONNX Runtime has no such kernel for float64")
    model = build(SCALED[name], "double[N] x", "double[N] y")
    x = np.array([-1e308, -100, -3, 0.1, 3, 1e308])
    for form in ("sigmoid", "native"):
        got = run(optimize(model, form).model, x=x)[0]
        np.testing.assert_allclose(got, exact(x, scale_in(name)), rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize("form", FORMS)
def test_any_form_becomes_any_other(build, form):
    for name in ("softplus", "op, scale 0.5", "exp, scale 3"):
        scale, new = scale_in(name), build(SCALED[name])
        for each in (form, *FORMS, form):
            new = optimize(new, each).model
            (site,) = find(new)
            assert (site.spelling, site.scale) == (FORMS[each].spelling_of(scale), scale)
            assert optimize(new, each).rewritten == ()


@pytest.mark.parametrize("opset", [7, 8, 11, 14, 15, 18])
def test_in_every_opset(build, run, runtimes_own, opset):
    model = build(SCALED["softplus"], opset=opset)
    model.ir_version = 3 if opset < 9 else 8
    x = np.array([-3e38, -1, 0.5, 3e38], np.float32)
    for form in FORMS:
        report = optimize(model, form)
        assert report.opset[1] == max(opset, FORMS[form].opset_of(8))
        near = 4e-4 if form == "float16" else 1e-6
        least = 1e-37 + runtimes_own(form)
        np.testing.assert_allclose(run(report.model, x=x)[0], exact(x, 8), rtol=near, atol=least)


def test_a_mish_that_others_read_stays_one(build):
    """Dividing it makes no second Mish."""
    model = build("k = Mul(x, eight) m = Mish(k) y = Div(m, eight) z = Neg(m)")
    assert [(s.input, s.output, s.scale) for s in find(model)] == [("k", "m", 1.0)]


@pytest.mark.parametrize("body", ["k = Mul(x, eight) m = Mish(k) y = Div(m, five)"])
def test_a_mish_times_another_number_stays_mish(build, body):
    assert [(s.input, s.output, s.scale) for s in find(build(body))] == [("k", "m", 1.0)]


def test_a_chain_of_them(build):
    body = (
        "a = Mul(x, eight) b = Mish(a) c = Div(b, eight) d = Mul(c, two) e = Mish(d)"
        " f = Div(e, two) y = Mish(f)"
    )
    model = build(body)
    assert [(s.input, s.output, s.scale) for s in find(model)] == [
        ("x", "c", 8.0),
        ("c", "f", 2.0),
        ("f", "y", 1.0),
    ]
    assert verify(model, optimize(model).model, rtol=1e-5).agree


def test_a_scale_for_each_channel_is_left(build):
    model = build(SCALED["softplus"], "float[N, 3] x", "float[N, 3] y", shape=(3,))
    assert len(find(model)) == 1  # one number throughout
    assert find(with_number(model, "eight", [8, 8, 7])) == []


def test_a_scale_that_makes_the_result_larger_is_told(build):
    report = optimize(build(SCALED["softplus"], "float[1] x", "float[3] y", shape=(3,)))
    ((_, reason),) = report.skipped
    assert "shape of its input is not known well enough" in reason


@pytest.mark.parametrize("scale", [1 / 1024, 0.3, 1.001, 1.7, 8.0, 999.9])
@pytest.mark.parametrize("kind", ["float", "double"])
def test_the_scale_is_told_by_the_values(build, scale, kind):
    model = build(SCALED["softplus"], f"{kind}[N] x", f"{kind}[N] y")
    (site,) = find(with_number(model, "eight", scale))
    assert site.scale == pytest.approx(scale, rel=6e-8 if kind == "float" else 1e-14)


@pytest.mark.parametrize("scale", [1 / 1100, 1100.0, -8.0, 0.0, np.inf, np.nan])
def test_scales_that_are_not_known(build, scale):
    assert find(with_number(build(SCALED["softplus"]), "eight", scale)) == []


@pytest.mark.parametrize("where", [0.3, -0.149, 2.4, 1e30, -1e-40])
def test_each_number_counts(build, where):
    body = SCALED["softplus"].replace("y = ", "m = ") + " c = Equal(x, top) y = Where(c, one, m)"
    assert len(find(build(body.replace("Where(c, one", "Where(c, top")))) == 1  # it is 20 at 20
    assert [s.output for s in find(with_number(build(body), "top", where))] == ["m"]
