"""The form native where ONNX Runtime infers shapes: what is unknown there must stay unknown.

Each model runs as it is, rewritten with the kernel, and rewritten with the fallback alone.
"""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest

from mish.onnx import optimize, register

WIDTH = 6


def ints(*numbers: int) -> str:
    """The node that makes a vector of integers."""
    return f"Constant<value = int64[{len(numbers)}] {{{', '.join(map(str, numbers))}}}>()"


ZERO = "Constant<value = int64 {0}>()"
ONE = "Constant<value = int64 {1}>()"

# What reads the shape of m, the Mish of x, [rows, 6]. The output and the body.
READERS = {
    "Shape": ("int64[2] y", "y = Shape(m)"),
    "Shape of one axis": ("int64[1] y", "y = Shape<start = 0, end = 1>(m)"),
    "Size": ("int64 y", "y = Size(m)"),
    "mean by hand": (
        "float[?, ?] y",
        f"s = Shape(m) i = {ZERO} b = Gather(s, i) f = Cast<to = 1>(b) y = Div(m, f)",
    ),
    "Expand": (
        "float[?, ?] y",
        "s = Shape(m) e = Expand(one, s) y = Mul(e, m)",
    ),
    "ConstantOfShape": ("float[?, ?] y", "s = Shape(m) c = ConstantOfShape(s) y = Add(m, c)"),
    "Concat of shapes": (
        "float[?, ?, ?] y",
        f"b = Shape<start = 0, end = 1>(m) t = {ints(2, 3)} u = Concat<axis = 0>(b, t)"
        " y = Reshape(m, u)",
    ),
    "Reshape to one axis": ("float[?] y", f"t = {ints(-1)} y = Reshape(m, t)"),
    "Reshape that keeps an axis": (
        "float[?, ?, ?] y",
        f"t = {ints(0, -1, 2)} y = Reshape(m, t)",
    ),
    "Slice": (
        "float[?, ?] y",
        f"a = {ints(0)} o = {ints(1)} b = Shape<start = 0, end = 1>(m) e = Sub(b, o)"
        " y = Slice(m, a, e, a)",
    ),
    "Gather": ("float[?] y", f"i = {ints(-1)} g = Gather(m, i) a = {ints(0)} y = Squeeze(g, a)"),
    "Compress": (
        "float[?, ?] y",
        "c = Constant<value = bool[2] {0, 1}>() p = Compress<axis = 0>(m, c) n = Mish(p)"
        " y = Concat<axis = 0>(n, m)",
    ),
    "NonZero": ("int64[2, ?] y", "g = Greater(m, zero) y = NonZero(g)"),
    "Add of a vector": ("float[?, ?] y", "y = Add(m, vector)"),
    "Add of a column": (
        "float[?, ?] y",
        "r = ReduceMean<keepdims = 1>(m, axis) y = Add(m, r)",
    ),
    "Add of itself": ("float[?, ?] y", "n = Mish(m) y = Add(m, n)"),
    "Flatten": ("float[?, ?] y", "y = Flatten<axis = 0>(m)"),
    "Unsqueeze": ("int64[3] y", f"a = {ints(0)} u = Unsqueeze(m, a) n = Mish(u) y = Shape(n)"),
    "Tile": ("float[?, ?] y", f"t = {ints(2, 1)} u = Tile(m, t) n = Mish(u) y = Add(n, vector)"),
    "Split": (
        "float[?, ?] y",
        f"s = {ints(2, 4)} a, b = Split<axis = 1>(m, s) n = Mish(b) y = Concat<axis = 1>(n, a)",
    ),
    "Range": (
        "int64[?] y",
        f"s = Shape(m) o = {ZERO} b = Gather(s, o) i = {ONE} y = Range(o, b, i)",
    ),
    "Where": ("float[?, ?] y", "g = Greater(m, zero) y = Where(g, m, vector)"),
    "MatMul": ("float[?, ?] y", "t = Transpose<perm = [1, 0]>(m) y = MatMul(m, t)"),
    "Gemm by two nodes": (
        "float[?, ?] y",
        "p = MatMul(m, weight) q = Add(p, vector) y = Mish(q)",
    ),
    "Pad": (
        "float[?, ?] y",
        f"t = {ints(1, 0, 2, 0)} u = Pad(m, t) n = Mish(u) y = Add(n, vector)",
    ),
    "Softmax": ("float[?, ?] y", "y = Softmax<axis = 0>(m)"),
    "ReduceSum": ("float[?, ?] y", "y = ReduceSum(m, axis)"),
    "TopK": ("float[?, ?] y", "k = Shape<start = 0, end = 1>(m) y, i = TopK<axis = 0>(m, k)"),
    "EyeLike": ("float[?, ?] y", "y = EyeLike(m)"),
    "CumSum": ("float[?, ?] y", f"a = {ZERO} y = CumSum(m, a)"),
    "If": (
        "float[?, ?] y",
        f"s = Size(m) i = {ints(12)} t = Squeeze(i) g = Greater(s, t) y = If(g) <"
        "then_branch = a () => (float[?, ?] u) { n = Mish(m) u = Add(n, vector) },"
        "else_branch = b () => (float[?, ?] v) { w = Shape(m) c = ConstantOfShape(w)"
        " v = Add(m, c) }>",
    ),
    "Loop": (
        "float[?, ?] y",
        "n = Size(m) d = Constant<value = int64 {6}>() t = Div(n, d)"
        " c = Constant<value = bool {1}>() y = Loop(t, c, m) <"
        "body = b (int64 i, bool e, float[?, ?] a) => (bool f, float[?, ?] g) {"
        " f = Identity(e) h = Mish(a) s = Shape(h) k = ConstantOfShape(s) l = Add(h, k)"
        " g = Concat<axis = 0>(l, m) }>",
    ),
    "Scan": (
        "float[?, ?] y",
        "f, y = Scan <num_scan_inputs = 1,"
        "body = b (float[?] a, float[?] p) => (float[?] q, float[?] r) {"
        " h = Mish(p) q = Add(a, h) s = Shape(h) k = ConstantOfShape(s) r = Add(q, k) }"
        ">(vector, m)",
    ),
}

# What leaves the shape of m open although that of x is known. The rank of the last is unknown.
MAKERS = {
    "Slice": f"a = {ints(1)} e = {ints(9)} o = {ints(0)} p = Slice(x, a, e, o)",
    "Compress": "c = Constant<value = bool[3] {1, 0, 1}>() p = Compress<axis = 0>(x, c)",
    "NonZero": "g = Greater(x, zero) z = NonZero(g) t = Transpose(z) p = GatherND(x, t)",
    "Concat": "p = Concat<axis = 0>(x, x)",
    "Reshape": f"t = {ints(-1, 3)} p = Reshape(x, t)",
    "Reshape to a given shape": "p = Reshape(x, shape)",
}

AXES = ["?, 6", "N, 6", "?, ?", "N, ?", "3, 6"]


def outputs(model: onnx.ModelProto, registered: bool, *feeds: dict) -> list[list[np.ndarray]]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    if registered:
        register(options)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return [session.run(None, feed) for feed in feeds]


def same(model: onnx.ModelProto, *feeds: dict) -> None:
    """The model and its native form give the same, with the kernel and without."""
    new = optimize(model, "native").model
    assert "mish.onnx" in {entry.domain for entry in new.opset_import}
    wanted = outputs(model, False, *feeds)
    for registered in (True, False):
        for got, want in zip(outputs(new, registered, *feeds), wanted, strict=True):
            for a, b in zip(got, want, strict=True):
                assert a.shape == b.shape
                np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def rows(count: int, *others: int) -> np.ndarray:
    shape = (count, *others)
    return np.random.default_rng(count).normal(0, 2, shape).astype(np.float32)


@pytest.fixture
def whole(build):
    """Builds a model that may name a vector of width numbers, a square of them, and an axis."""

    def make(body: str, inputs: str, outputs: str) -> onnx.ModelProto:
        model = build(body, inputs, outputs)
        for name, value in {
            "vector": rows(WIDTH),
            "weight": rows(WIDTH, WIDTH),
            "axis": np.array([1]),
        }.items():
            if name in body:
                model.graph.initializer.append(onnx.numpy_helper.from_array(value, name))
        return model

    return make


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("reader", READERS)
def test_what_reads_the_shape(whole, reader, axes):
    result, body = READERS[reader]
    model = whole(f"m = Mish(x) {body}", f"float[{axes}] x", result)
    sizes = (3,) if axes[0] == "3" else (3, 1, 7)
    same(model, *({"x": rows(size, WIDTH)} for size in sizes))


@pytest.mark.parametrize("axes", ["?, 6", "N, 6", "3, 6"])
@pytest.mark.parametrize("maker", MAKERS)
def test_an_open_shape_from_within(whole, maker, axes):
    given = "shape" in MAKERS[maker]
    body = (
        f"{MAKERS[maker]} m = Mish(p) y = Shape(m) n = Mish(m) k = Size(n) f = ConstantOfShape(y)"
    )
    inputs = f"float[{axes}] x" + (", int64[?] shape" if given else "")
    model = whole(body + " w = Add(f, n) v = Size(w)", inputs, "int64[?] y, int64 k, int64 v")
    feeds = [{"x": rows(3, WIDTH)}]
    if given:
        feeds = [feeds[0] | {"shape": np.array(shape)} for shape in ((18,), (2, 9), (3, 2, 3))]
    same(model, *feeds)


@pytest.mark.parametrize("axes", [("?, 6", "?, 6"), ("N, 6", "?, 6"), ("N, 6", "M, 6")])
@pytest.mark.parametrize(
    "body",
    [
        "y = Add(m, n)",
        "t = Transpose<perm = [1, 0]>(n) y = MatMul(m, t)",
        "y = Concat<axis = 0>(m, n)",
        "s = Shape(m) e = Expand(n, s) y = Mul(e, m)",
    ],
    ids=["Add", "MatMul", "Concat", "Expand"],
)
def test_two_inputs_of_different_batch(whole, body, axes):
    inputs = f"float[{axes[0]}] x, float[{axes[1]}] w"
    model = whole(f"m = Mish(x) n = Mish(w) {body}", inputs, "float[?, ?] y")
    feeds = [{"x": rows(a, WIDTH), "w": rows(b, WIDTH)} for a, b in ((5, 1), (2, 2))]
    same(model, *feeds)


@pytest.mark.parametrize("open_axes", ["none", "unnamed", "named", "mixed"])
@pytest.mark.parametrize("rank", range(5))
def test_every_rank(whole, rank, open_axes):
    def axis(index: int) -> str:
        name = {"none": str(index + 2), "unnamed": "?", "named": f"N{index}"}
        return name.get(open_axes) or ["?", "N", str(index + 2)][index % 3]

    axes = ", ".join(map(axis, range(rank)))
    kind = f"float[{axes}]" if rank else "float"
    body = "m = Mish(x) s = Shape(m) k = Size(m) c = ConstantOfShape(s) a = Add(m, c) y = Mish(a)"
    model = whole(body, f"{kind} x", f"{kind} y, int64[{rank}] s, int64 k")
    same(model, {"x": rows(*range(2, 2 + rank)) if rank else np.array(-0.5, np.float32)})


def test_names_of_open_axes_are_kept_or_new(whole):
    model = whole("m = Mish(x) n = Neg(m)", "float[?, N, ?, 6] x", "float[?, ?, ?, ?] n")
    options = onnxruntime.SessionOptions()
    register(options)
    new = optimize(model, "native").model.SerializeToString()
    shape = onnxruntime.InferenceSession(new, options).get_outputs()[0].shape
    assert shape[1::2] == ["N", 6]
    assert len({shape[0], shape[2], "N", None}) == 4


@pytest.mark.parametrize("axes", AXES)
def test_what_fuses_by_rank_still_does(whole, axes, tmp_path):
    body = "m = Mish(x) p = MatMul(m, weight) y = Add(p, vector)"
    model = whole(body, f"float[{axes}] x", "float[?, ?] y")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    register(options)
    onnxruntime.InferenceSession(optimize(model, "native").model.SerializeToString(), options)
    fused = onnx.load(options.optimized_model_filepath)
    assert [node.op_type for node in fused.graph.node] == ["Mish", "Gemm"]
