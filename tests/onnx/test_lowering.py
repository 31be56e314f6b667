"""Lowering the version of the standard operators, for converters that know no newer one."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from mish.onnx import ModelError, find, optimize

X = np.random.default_rng(0).standard_normal((2, 3, 4, 4)).astype(np.float32)
INPUT = "float[2, 3, 4, 4] x"
KEPT = "p = Softplus(x) t = Tanh(p) m = Mul(x, t)"
VERSIONS = (21, 17, 15, 13, 11, 9, 7)

# What stands behind Mish, the shape that comes of it, and the oldest version that can say it.
NETWORKS = {
    "elementwise": ("e = Exp(m) s = Sigmoid(e) y = Add(m, s)", "float[2, 3, 4, 4]", 7),
    "shape": ("y = Shape<start = 0>(m)", "int64[4]", 7),
    "part of the shape": ("y = Shape<start = 1>(m)", "int64[3]", 15),
    "mean": (
        "a = Constant<value = int64[2] {-1, -2}>() "
        "y = ReduceMean<keepdims = 0, noop_with_empty_axes = 0>(m, a)",
        "float[2, 3]",
        9,  # before, a Constant is of floats alone
    ),
    "reshape": (
        "a = Constant<value = int64[2] {2, -1}>() y = Reshape<allowzero = 1>(m, a)",
        "float[2, 48]",
        9,
    ),
    "squeeze": (
        "a = Constant<value = int64[1] {0}>() u = Unsqueeze(m, a) y = Squeeze(u, a)",
        "float[2, 3, 4, 4]",
        9,
    ),
    "softmax": ("y = Softmax<axis = -1>(m)", "float[2, 3, 4, 4]", 7),
    "softmax by default": ("y = Softmax(m)", "float[2, 3, 4, 4]", 7),
    "softmax inside": ("y = Softmax<axis = 1>(m)", "float[2, 3, 4, 4]", 13),
    "concatenation": ("y = Concat<axis = -1>(m, x)", "float[2, 3, 4, 8]", 7),
    "pool": (
        "y = MaxPool<kernel_shape = [2, 2], dilations = [1, 1], ceil_mode = 0>(m)",
        "float[2, 3, 3, 3]",
        7,
    ),
    "resize": (
        's = Constant<value = float[4] {1, 1, 2, 2}>() y = Resize<mode = "nearest", '
        'coordinate_transformation_mode = "asymmetric", nearest_mode = "floor">(m, , s)',
        "float[2, 3, 8, 8]",
        11,
    ),
    "gemm": (
        "f = Flatten<axis = 2>(m) w = Constant<value = float[16, 2] "
        f"{{{', '.join(map(str, range(32)))}}}>() y = Gemm(f, w)",
        "float[6, 2]",
        7,
    ),
    "gemm with an empty input": (
        "f = Flatten<axis = 2>(m) y = Gemm<transB = 1>(f, f, )",
        "float[6, 6]",
        7,
    ),
    "layer norm": (
        "g = Constant<value = float[4] {1, 1, 1, 1}>() y = LayerNormalization(m, g)",
        "float[2, 3, 4, 4]",
        17,
    ),
    "identity": ("i = Identity(m) c = Cast<to = 6>(i) y = Cast<to = 1>(c)", "float[2, 3, 4, 4]", 7),
}


def version(model: onnx.ModelProto) -> int:
    return model.opset_import[0].version


def made(build, name, opset=18):
    body, shape, _ = NETWORKS[name]
    return build(f"{KEPT} {body}", INPUT, f"{shape} y", opset=opset)


@pytest.mark.parametrize("name", NETWORKS)
def test_lowered_as_far_as_it_can_say_the_same(build, run, name):
    model, oldest = made(build, name), NETWORKS[name][2]
    want = run(model, x=X)[0]
    for target in VERSIONS:
        if target < oldest:
            with pytest.raises(ModelError, match="the opset cannot be lowered"):
                optimize(model, opset=target)
            continue
        report = optimize(model, opset=target)
        assert report.opset == (18, target)
        assert version(report.model) == target
        onnx.checker.check_model(report.model, full_check=True)
        np.testing.assert_allclose(run(report.model, x=X)[0], want, rtol=1e-5, atol=1e-6)


def test_the_operator_mish_is_lowered_by_its_form(build, run):
    model = build("y = Mish(x)", INPUT, "float[2, 3, 4, 4] y", opset=22)
    report = optimize(model, "softplus", opset=9)
    assert [node.op_type for node in report.model.graph.node] == ["Softplus", "Tanh", "Mul"]
    assert report.model.ir_version == 4
    np.testing.assert_allclose(run(report.model, x=X)[0], run(model, x=X)[0], rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="opset must be from 18"):
        optimize(model, "op", opset=9)


def test_axes_are_counted_from_the_first(build):
    report = optimize(made(build, "concatenation"), opset=9)
    (node,) = (node for node in report.model.graph.node if node.op_type == "Concat")
    assert onnx.helper.get_node_attr_value(node, "axis") == 3


def test_a_constant_that_became_an_attribute_goes_unless_it_is_read(build):
    model = build(
        f"{KEPT} a = Constant<value = int64[1] {{0}}>() u = Unsqueeze(m, a) y = Add(u, u)",
        INPUT,
        "float[1, 2, 3, 4, 4] y",
        opset=18,
    )
    lowered = optimize(model, opset=11).model.graph
    assert "a" not in {name for node in lowered.node for name in node.output}
    model.graph.output.append(onnx.helper.make_tensor_value_info("a", onnx.TensorProto.INT64, [1]))
    lowered = optimize(model, opset=11).model.graph
    assert "a" in {name for node in lowered.node for name in node.output}


def test_axes_that_are_computed_stay_in_the_way(build):
    inputs = f"{INPUT}, int64[1] a"
    model = build(f"{KEPT} y = ReduceMean(m, a)", inputs, "float[a, b, c, d] y", opset=18)
    with pytest.raises(ModelError, match=r"ReduceMean \(made y\) has no rule"):
        optimize(model, opset=17)


def test_types_that_an_older_operator_does_not_take(build):
    body = f"{KEPT} i = Cast<to = 6>(m) r = Relu(i) y = Cast<to = 1>(r)"
    model = build(body, INPUT, "float[2, 3, 4, 4] y", opset=18)
    assert version(optimize(model, opset=14).model) == 14
    with pytest.raises(ModelError, match=r"lowered from \d+ to 13: Relu \(made r\) has no rule"):
        optimize(model, opset=13)


def test_an_input_that_was_not_optional(build):
    body = f"{KEPT} o = OptionalHasElement() y = Where(o, m, x)"
    model = build(body, INPUT, "float[2, 3, 4, 4] y", opset=18)
    with pytest.raises(ModelError, match=r"OptionalHasElement \(made o\) lacks an input"):
        optimize(model, opset=17)


@pytest.mark.parametrize("opset", [9, 17, 22])
def test_what_has_the_form_already(build, opset):
    """The version alone is another."""
    model = build(f"{KEPT} y = Abs(m)", INPUT, "float[2, 3, 4, 4] y", opset=18)
    report = optimize(model, "softplus", opset=opset)
    assert not report.rewritten
    assert report.changed
    assert version(report.model) == opset
    assert optimize(model, "softplus", newest=min(opset, 18)).changed == (opset < 18)
    assert not optimize(model, "softplus", opset=18).changed
    assert not optimize(build("y = Abs(x)", INPUT, "float[2, 3, 4, 4] y"), opset=opset).changed


def test_the_newest_of_use_lowers_or_warns(build):
    model = made(build, "layer norm")
    report = optimize(model, newest=17)
    assert report.opset == (18, 17)
    assert not report.warnings
    report = optimize(model, newest=16)
    assert report.opset == (18, 18)
    assert report.rewritten
    (warning,) = report.warnings
    assert "opset 16 is the newest that is known to do, but" in warning
    assert "LayerNormalization" in warning
    assert optimize(model, newest=21).opset == (18, 18)


def test_branches_and_functions_are_lowered(run):
    model = onnx.parser.parse_model(
        """
        <ir_version: 10, opset_import: ["": 18, "mine": 1]>
        g (float[2, 3] x, bool c) => (float[2, 3] y) {
            y = If(c) <
              then_branch = a () => (float[2, 3] u) {
                p = Softplus(x)
                t = Tanh(p)
                u = Mul(x, t)
              },
              else_branch = b () => (float[2, 3] v) { v = mine.f(x) }>
        }
        <domain: "mine", opset_import: ["": 18]> f (x) => (y) {
            s = Shape <start = 0>(x)
            y = Reshape <allowzero = 0>(x, s)
        }
        """
    )
    report = optimize(model, opset=12)
    assert [version(model) for model in (report.model, *report.model.functions)] == [12, 12]
    assert report.model.ir_version == 8
    onnx.checker.check_model(report.model, full_check=True)
    x = np.array([[-1, 0, 1], [2, 3, 4]], np.float32)
    for c in (True, False):
        want = run(model, x=x, c=np.array(c))[0]
        np.testing.assert_allclose(run(report.model, x=x, c=np.array(c))[0], want, rtol=1e-6)


def test_a_lowered_model_still_has_its_mish(build):
    report = optimize(made(build, "elementwise"), "logistic", opset=9)
    assert [site.spelling for site in find(report.model)] == ["Sigmoid, Sub, Mul, Sub, Div, Mul"]
