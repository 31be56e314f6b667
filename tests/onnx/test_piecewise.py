"""Spellings with jumps, bends and clamps: a match holds for every number of the format."""

from __future__ import annotations

import random

import numpy as np
import onnx
import onnx.reference
import pytest

from mish import mish
from mish.onnx import find, optimize

# Graphs' bodies from x to y. {a}, {b}, ... are constants.
_C = "p = Softplus(x) t = Tanh(p)"
_E = "e = Exp(x) n0 = Add(e, {2}) n = Mul(e, n0) n2 = Add(n, {2})"

OTHERS = {
    "clipped outside": f"{_C} k = Clip(x, {{-1000}}, {{1000}}) y = Mul(k, t)",
    "a minimum outside": f"{_C} k = Min(x, {{400}}) y = Mul(k, t)",
    "another value far out": f"{_C} c = Greater(x, {{350}}) k = Where(c, {{6}}, x) y = Mul(k, t)",
    "another value at one number": (
        f"{_C} c = Equal(x, {{0.3}}) k = Where(c, {{0}}, x) y = Mul(k, t)"
    ),
    "another value about one number": (
        f"{_C} d = Sub(x, {{0.3}}) d2 = Mul(d, d) c = Less(d2, {{1e-7}}) k = Where(c, {{0}}, x)"
        " y = Mul(k, t)"
    ),
    "a narrow gap": (
        f"{_C} d = Sub(x, {{0.3}}) z = Mul(d, {{5000}}) q = Mul(z, z) m = Neg(q) g = Exp(m)"
        " k = Mul(x, t) o = Sub({1}, g) y = Mul(k, o)"
    ),
    "a pole": (f"{_C} d = Sub(x, {{0.3}}) q = Div(d, d) k = Mul(x, t) y = Mul(k, q)"),
    "a threshold of an inner value": (
        f"{_C} c = Greater(p, {{350}}) k = Where(c, {{6}}, x) y = Mul(k, t)"
    ),
    "another value far left": f"{_C} c = Less(x, {{-6e4}}) k = Where(c, {{6}}, t) y = Mul(x, k)",
    "another value at the end": f"{_C} c = Less(x, {{6.5e4}}) k = Where(c, x, {{6}}) y = Mul(k, t)",
    "no value far out": (
        f"{_C} m = Neg(x) l = Log(m) c = Greater(x, {{400}}) k = Where(c, l, x) y = Mul(k, t)"
    ),
    "an infinity far out": (
        f"{_C} z = Mul(x, {{0}}) i = Div({{1}}, z) c = Greater(x, {{400}}) k = Where(c, i, x)"
        " y = Mul(k, t)"
    ),
    "an overflow far out": (
        f"{_C} m = Add(x, {{1000}}) e = Exp(m) c = Greater(x, {{400}}) k = Where(c, e, x)"
        " y = Mul(k, t)"
    ),
    "a number for NaN": f"{_C} c = Equal(x, x) m = Mul(x, t) y = Where(c, m, {{0}})",
    "another value at infinity": (
        f"{_C} c = Equal(x, {{inf}}) m = Mul(x, t) y = Where(c, {{6}}, m)"
    ),
}

SAME = {
    "a clamp where it does no harm": (
        "q = Min(x, {400}) e = Exp(q) n0 = Add(e, {2}) n = Mul(e, n0) n2 = Add(n, {2})"
        " r = Div(n, n2) y = Mul(x, r)"
    ),
    "a guard by a mask": (
        f"{_C} c = Greater(x, {{20}}) f = Cast <to = KIND> (c) g = Sub({{1}}, f) a = Mul(f, x)"
        " b = Mul(g, p) w = Add(a, b) u = Tanh(w) y = Mul(x, u)"
    ),
    "guards on both sides": (
        f"{_C} c = Greater(x, {{20}}) d = Less(x, {{-40}}) e = Exp(x) w = Where(c, x, p)"
        " v = Where(d, e, w) u = Tanh(v) y = Mul(x, u)"
    ),
    "a guard that is never met": f"{_C} c = Less(p, {{-1}}) k = Where(c, {{6}}, x) y = Mul(k, t)",
    "two branches": (
        f"{_E} d = Div(x, n2) c = Greater(x, {{0}}) d2 = Mul({{2}}, d) a = Sub(x, d2)"
        " b = Mul(n, d) y = Where(c, a, b)"
    ),
    "two branches, the other threshold": (
        f"{_E} d = Div(x, n2) c = LessOrEqual(x, {{-0.6}}) d2 = Mul({{2}}, d) a = Sub(x, d2)"
        " b = Mul(n, d) y = Where(c, b, a)"
    ),
}

KINDS = {"float": 1, "double": 11, "float16": 10, "bfloat16": 16}


def model(body: str, kind: str) -> onnx.ModelProto:
    """A model from x to y in which each number in braces is a constant."""
    text, numbers = "", []
    for part in body.replace("KIND", str(KINDS[kind])).replace("{", "}").split("}"):
        try:
            numbers.append(float(part))
            text += f"number{len(numbers)}"
        except ValueError:
            text += part
    lines = text.replace(") ", ")\n").replace(">\n (", "> (")
    graph = f'<ir_version: 10, opset_import: ["": 22]> g ({kind}[N] x) => ({kind}[N] y) {{{lines}}}'
    made = onnx.parser.parse_model(graph)
    for i, number in enumerate(numbers, 1):
        tensor = onnx.helper.make_tensor(f"number{i}", KINDS[kind], [], [number])
        made.graph.initializer.append(tensor)
    return made


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("body", OTHERS.values(), ids=OTHERS)
def test_leaves_what_differs_somewhere(body, kind):
    assert [site for site in find(model(body, kind)) if site.output == "y"] == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("body", SAME.values(), ids=SAME)
def test_finds_what_differs_nowhere(body, kind):
    assert [(site.input, site.output) for site in find(model(body, kind))] == [("x", "y")]


def test_the_outermost_match_takes_the_place_of_those_in_it():
    new = optimize(model(SAME["two branches"], "float")).model
    assert "Where" not in {node.op_type for node in new.graph.node}
    assert len([node for node in new.graph.node if node.op_type == "Exp"]) == 1


def test_a_match_in_another_stays_if_something_else_reads_it():
    two = model(SAME["two branches"] + " z = Neg(b)", "float")
    two.graph.output.append(onnx.helper.make_tensor_value_info("z", 1, ["N"]))
    assert [site.output for site in find(two)] == ["b", "y"]


def test_a_match_that_a_subgraph_reads_stays():
    text = """<ir_version: 10, opset_import: ["": 22]>
    g (float16[N] x, bool c) => (float16[N] y, float[N] z) {
    f = Cast <to = 1> (x) m = Mish(f) y = Cast <to = 10> (m)
    z = If(c) <then_branch = a () => (float[N] u) { u = Neg(m) },
               else_branch = b () => (float[N] v) { v = Abs(m) }> }"""
    made = onnx.parser.parse_model(text.replace(") ", ")\n"))
    assert [(site.input, site.output) for site in find(made)] == [("f", "m")]


def test_what_lies_around_a_match_and_is_no_mish_stays():
    body = "m = Mish(x) d = Mul(m, {2}) k = Mish(d) y = Add(m, k)"
    assert [site.output for site in find(model(body, "float"))] == ["m", "k"]


# Spellings line by line, for the test below to bend.
_TRUE = (
    ("p = Softplus(x)", "t = Tanh(p)", "y = Mul(x, t)"),
    ("e = Exp(x)", "a = Add(e, {1})", "p = Log(a)", "t = Tanh(p)", "y = Mul(x, t)"),
    ("e = Exp(x)", "a = Add(e, {2})", "n = Mul(e, a)", "d = Add(n, {2})", "r = Div(n, d)",
     "y = Mul(r, x)"),
    ("e = Exp(x)", "a = Add(e, {2})", "n = Mul(e, a)", "r = Div({2}, n)", "d = Add(r, {1})",
     "y = Div(x, d)"),
    ("m = Neg(x)", "q = Sigmoid(m)", "k = Mul(q, q)", "d = Add(k, {1})", "r = Div({2}, d)",
     "b = Sub(r, {1})", "y = Mul(x, b)"),
)  # fmt: skip


def evaluate(bent: onnx.ModelProto, x: np.ndarray) -> dict[str, np.ndarray]:
    """Every value of a float32 or float16 model in float64, by ONNX's reference."""
    wide = onnx.ModelProto()
    wide.CopyFrom(bent)
    for each in wide.graph.initializer:
        number = onnx.numpy_helper.to_array(each).astype(np.float64)
        each.CopyFrom(onnx.numpy_helper.from_array(number, each.name))
    wide.graph.input[0].type.tensor_type.elem_type = 11
    del wide.graph.output[:]
    names = [node.output[0] for node in wide.graph.node]
    bools = {node.output[0] for node in wide.graph.node if node.op_type in COMPARISONS}
    for name in names:
        wide.graph.output.append(
            onnx.helper.make_tensor_value_info(name, 9 if name in bools else 11, ["N"])
        )
    with np.errstate(all="ignore"):
        values = onnx.reference.ReferenceEvaluator(wide).run(None, {"x": x})
    return dict(zip(names, values, strict=True))


COMPARISONS = ("Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal")


def bend(rng: random.Random, lines: list[str], kind: str) -> list[str]:
    """A spelling in which one value is bent where it is read, by a threshold at random."""
    values = ["x", *(line.split()[0] for line in lines[:-1])]
    dtype = np.float32 if kind == "float" else np.float16
    at = np.array([rng.choice([1, -1]) * 10 ** rng.uniform(-3, 2.9)], dtype)
    if rng.random() < 0.2:
        bits = rng.randrange(2**15) if kind == "float16" else rng.randrange(2**31)
        at = np.array([bits], np.uint16 if kind == "float16" else np.uint32).view(dtype)
    victim, other = rng.choice(values), rng.choice(values)
    made = evaluate(model(" ".join(lines), kind), at.astype(np.float64))
    made["x"] = at.astype(np.float64)
    with np.errstate(over="ignore"):
        limit, own = (float(made[name].astype(dtype)[0]) for name in (other, victim))
    kept = rng.choice(["v0", f"{{{rng.choice([0, 6, own])}}}"])
    swap = f"w0 = {rng.choice(COMPARISONS)}({other}, {{{limit}}})"
    new = rng.choice(
        [
            [f"v = Min(v0, {{{own}}})"],
            [f"v = Max(v0, {{{own}}})"],
            [f"v = Clip(v0, {{{min(own, 0)}}}, {{{max(own, 0)}}})"],
            [swap, f"v = Where(w0, {kept}, v0)"],
            [swap, f"v = Where(w0, v0, {kept})"],
        ]
    )
    new = [line.replace("v0", victim) for line in new]
    first = values.index(victim), values.index(other)
    place = max(first)
    tail = [line.replace(f"({victim},", "(v,").replace(f" {victim})", " v)") for line in lines]
    tail = [line.replace(f"({victim})", "(v)") for line in tail]
    return lines[:place] + new + tail[place:]


def arguments(kind: str, rng: np.random.Generator) -> np.ndarray:
    if kind == "float16":
        x = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    else:
        x = rng.integers(0, 1 << 32, 1 << 16, dtype=np.uint32).view(np.float32)
        x = np.concatenate([x, np.linspace(-90, 90, 1 << 15, dtype=np.float32)])
    return x[np.isfinite(x)].astype(np.float64)


@pytest.mark.parametrize("kind", ["float", "float16"])
def test_no_bent_spelling_is_taken_for_mish(kind):
    rng, taken = random.Random(1), 0
    x = arguments(kind, np.random.default_rng(2))
    truth = mish(x)
    for _ in range(150):
        bent = model(" ".join(bend(rng, list(rng.choice(_TRUE)), kind)), kind)
        if ("x", "y") not in {(site.input, site.output) for site in find(bent)}:
            continue
        taken += 1
        y = evaluate(bent, x)["y"]
        open_ = ~np.isfinite(y) & (np.abs(x) > 300)
        reach = 1 + np.minimum(np.abs(x), 40)  # half a unit in the argument moves Mish that much
        near = np.abs(y - truth) <= 2**-24 * reach * np.abs(truth) + 4e-14
        assert np.all(near | open_), onnx.printer.to_text(bent)
    assert 30 < taken < 120, taken
