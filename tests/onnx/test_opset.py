"""Raising the version of the standard operators for the form ``op``."""

from __future__ import annotations

import numpy as np
import onnx
import onnx.parser
import pytest

from mish.onnx import ModelError, optimize

X = np.linspace(-6, 6, 24, dtype=np.float32).reshape(2, 3, 4)
CUBE = "float[2, 3, 4]"


def version(model: onnx.ModelProto) -> int:
    return model.opset_import[0].version


@pytest.mark.parametrize("opset", range(7, 23))
def test_the_op_raises_an_older_model(build, run, opset, runs_opset):
    runs_opset(max(opset, 8))
    model = build("p = Softplus(x) t = Tanh(p) m = Mul(x, t) y = Add(m, x)", opset=opset)
    model.ir_version = 3 if opset < 9 else 8
    report = optimize(model, "op")
    assert report.opset == (opset, max(opset, 18))
    assert version(report.model) == max(opset, 18)
    assert report.model.ir_version >= 8
    assert [node.op_type for node in report.model.graph.node] == ["Mish", "Add"]
    assert report.model.graph.node[1] == model.graph.node[3]
    onnx.checker.check_model(report.model, full_check=True)
    x = np.array([-3, 0.5], np.float32)
    np.testing.assert_allclose(run(report.model, x=x)[0], run(model, x=x)[0], rtol=2e-6)


def test_no_mish_no_change(build):
    model = build("y = Tanh(x)", opset=11)
    report = optimize(model, "op")
    assert report.model == model
    assert report.opset == (11, 11)


CHANGED = {
    "axes become an input": ("r = ReduceMean<axes = [1], keepdims = 1>(m) y = Add(r, m)", CUBE),
    "axes of squeeze": ("r = Unsqueeze<axes = [0]>(m) y = Squeeze<axes = [0]>(r)", CUBE),
    "softmax over the rest": ("y = Softmax<axis = 1>(m)", CUBE),
    "split": ("y, z = Split<axis = 0, split = [1, 1]>(m)", "float[1, 3, 4]"),
}


@pytest.mark.parametrize(("body", "shape"), CHANGED.values(), ids=CHANGED)
def test_nodes_that_change_are_converted(build, run, body, shape):
    model = build(f"m = Mish(x) {body}", f"{CUBE} x", f"{shape} y", opset=11)
    model.graph.node[0].op_type = "Softplus"
    model.graph.node[0].output[0] = "p"
    model.graph.node.insert(1, onnx.helper.make_node("Tanh", ["p"], ["t"]))
    model.graph.node.insert(2, onnx.helper.make_node("Mul", ["x", "t"], ["m"]))
    model.graph.node[3].name, model.graph.node[3].doc_string = "changed", "kept"
    report = optimize(model, "op")
    assert len(report.rewritten) == 1, report.skipped
    onnx.checker.check_model(report.model, full_check=True)
    (kept,) = (node for node in report.model.graph.node if node.name == "changed")
    assert kept.doc_string == "kept"
    np.testing.assert_allclose(run(report.model, x=X)[0], run(model, x=X)[0], rtol=5e-6)


def test_nodes_in_branches_are_converted(run):
    model = onnx.parser.parse_model(
        """
        <ir_version: 7, opset_import: ["": 11]>
        g (float[2, 3, 4] x, bool c) => (float[2, 1, 4] y) {
            y = If(c) <
              then_branch = a () => (float[2, 1, 4] u) {
                p = Softplus(x)
                t = Tanh(p)
                m = Mul(x, t)
                u = ReduceMean<axes = [1], keepdims = 1>(m)
              },
              else_branch = b () => (float[2, 1, 4] v) {
                v = ReduceMax<axes = [1], keepdims = 1>(x)
              }>
        }
        """
    )
    report = optimize(model, "op")
    assert len(report.rewritten) == 1, report.skipped
    onnx.checker.check_model(report.model, full_check=True)
    for c in (np.array(True), np.array(False)):
        np.testing.assert_allclose(
            run(report.model, x=X, c=c)[0], run(model, x=X, c=c)[0], rtol=5e-6
        )


def test_a_node_in_the_way_is_named():
    model = onnx.parser.parse_model(
        """
        <ir_version: 3, opset_import: ["": 8]>
        g (float[1, 2] s, float[1, 3, 2] x) => (float[1, 2] z, float[1, 3, 2] y) {
            p = Softplus(x)
            t = Tanh(p)
            m = Mul(x, t)
            z, y = Scan <num_scan_inputs = 1, body = b (float[2] a, float[2] c)
                         => (float[2] d, float[2] e) {
                d = Add(a, c)
                e = Identity(d)
            }>(s, m)
        }
        """
    )
    model.graph.node[3].name = "sums"
    model.graph.node[3].input.insert(0, "")
    report = optimize(model, "op")
    assert report.model == model
    ((site, reason),) = report.skipped
    assert site.output == "m"
    assert "the opset cannot be raised from 8 to 18: Scan (sums) has no rule" in reason
    with pytest.raises(ModelError, match=r"cannot be raised .* Scan \(sums\)"):
        optimize(model, "op", opset=18)
    assert len(optimize(model).rewritten) == 1


@pytest.mark.parametrize("form", ["sigmoid", "softplus", "op", "native"])
def test_a_version_can_be_asked_for(build, form):
    report = optimize(build(opset=18, body="y = Mish(x)"), form, opset=22)
    assert report.opset == (18, 22)
    assert report.model.ir_version >= 10


@pytest.mark.parametrize(("form", "opset"), [("op", 17), ("sigmoid", 6), ("sigmoid", 10_000)])
def test_versions_that_cannot_be(build, form, opset):
    with pytest.raises(ValueError, match=rf"opset must be from \d+ to \d+ for the form {form}"):
        optimize(build(), form, opset=opset)


def test_functions_are_raised_too():
    model = onnx.parser.parse_model(
        """
        <ir_version: 8, opset_import: ["": 17, "own": 1]>
        g (float[N] x) => (float[N] y) { y = own.block(x) }
        <domain: "own", opset_import: ["": 17]>
        block (a) => (b) {
            p = Softplus(a)
            t = Tanh(p)
            m = Mul(a, t)
            b = Neg(m)
        }
        """
    )
    new = optimize(model, "op").model
    assert [entry.version for entry in new.functions[0].opset_import] == [18]
    assert [node.op_type for node in new.functions[0].node] == ["Mish", "Neg"]
    onnx.checker.check_model(new, full_check=True)


def test_an_attribute_that_only_the_call_gives(run):
    model = onnx.parser.parse_model(
        """
        <ir_version: 8, opset_import: ["": 15, "own": 1]>
        g (float[N] x) => (float[N] y) { y = own.act<p = 0.5>(x) }
        <domain: "own", opset_import: ["": 15]>
        act <p>(a) => (b) { c = LeakyRelu<alpha: float = @p>(a) s = Softplus(c) t = Tanh(s)
        b = Mul(c, t) }
        """
    )
    report = optimize(model, "op")
    ((_, reason),) = report.skipped
    assert "LeakyRelu (made c) has alpha = @p, which only the function's call gives" in reason
    assert report.model == model
    (old,), (new,) = (run(each, x=X[0, 0]) for each in (model, optimize(model).model))
    np.testing.assert_allclose(old, new, rtol=1e-5)


@pytest.mark.parametrize(("form", "changed"), [("softplus", True), ("lookup", False)])
def test_a_raised_model_is_saved_though_its_mish_stays(build, tmp_path, form, changed):
    source, target = tmp_path / "in.onnx", tmp_path / "out.onnx"
    body = "p = Softplus(x) t = Tanh(p) y = Mul(x, t)"
    onnx.save(build(body, "float[3] x", "float[3] y", opset=15), source)
    report = optimize(source, form, opset=17)
    assert not report.rewritten
    assert report.changed == changed
    report.save(target)
    assert onnx.load(target).opset_import[0].version == 17
