from __future__ import annotations

import numpy as np
import onnx
import pytest

from mish.onnx import ModelError, Report, optimize

OLD = {"Softplus", "Tanh", "Mish"}
ROWS = "float[2, 3] x"


def operators(report: Report) -> list[str]:
    return [node.op_type for node in report.model.graph.node]


def test_removes_the_old_nodes_and_keeps_the_given_model(build):
    model = build()
    given = model.SerializeToString()
    report = optimize(model)
    assert model.SerializeToString() == given
    assert not OLD & set(operators(report))
    assert [site.output for site in report.rewritten] == ["y"]
    assert report.skipped == ()
    assert report.form == "sigmoid"


KEPT = {
    "softplus is an output": ("", "float[N] y, float[N] p", ["Softplus"]),
    "tanh is an output": ("", "float[N] y, float[N] t", ["Softplus", "Tanh"]),
    "softplus is read": (" z = Neg(p)", "float[N] y, float[N] z", ["Softplus"]),
    "tanh is read": (" z = Neg(t)", "float[N] y, float[N] z", ["Softplus", "Tanh"]),
    "softplus is read in a branch": (
        " z = If(c) <then_branch = a () => (float[N] u) { u = Neg(p) },"
        " else_branch = b () => (float[N] v) { v = Abs(p) }>",
        "float[N] y, float[N] z",
        ["Softplus"],
    ),
}


@pytest.mark.parametrize(("more", "outputs", "kept"), KEPT.values(), ids=KEPT)
def test_keeps_what_is_needed_elsewhere(build, run, more, outputs, kept):
    body = f"p = Softplus(x) t = Tanh(p) y = Mul(x, t){more}"
    feed = {"x": np.array([-3, 0.5], np.float32)}
    if "If" in more:
        feed["c"] = np.array(True)
    model = build(body, "float[N] x, bool c" if "If" in more else "float[N] x", outputs)
    report = optimize(model)
    assert [op for op in operators(report) if op in OLD] == kept
    assert "Exp" in operators(report)
    for got, want in zip(run(report.model, **feed), run(model, **feed), strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-6)


def test_two_sites_share_softplus_and_constants(build, run):
    body = "p = Softplus(x) t = Tanh(p) a = Mul(x, t) b = Mul(t, x) y = Sub(a, b)"
    report = optimize(build(body))
    assert len(report.rewritten) == 2
    assert not OLD & set(operators(report))
    assert operators(report).count("Constant") == 2
    assert run(report.model, x=np.array([1.5], np.float32))[0] == 0


def test_dead_nodes_of_others_stay(build):
    body = "d = Softplus(x) p = Softplus(x) t = Tanh(p) y = Mul(x, t)"
    assert operators(optimize(build(body))).count("Softplus") == 1


def test_a_chain_of_mish(build, run):
    body = "a = Mish(x) b = Mish(a) y = Mish(b)"
    model = build(body)
    report = optimize(model)
    assert len(report.rewritten) == 3
    x = np.array([-2, 0.5, 7], np.float32)
    np.testing.assert_allclose(run(report.model, x=x)[0], run(model, x=x)[0], rtol=2e-6)


def test_names_that_are_taken_already(build, run):
    model = build()
    model.graph.input[0].name = "mish/1/FLOAT"
    model.graph.node[0].input[0] = model.graph.node[2].input[0] = "mish/1/FLOAT"
    model.graph.node[1].name = "y/mish/Exp"
    model.graph.node[0].output[0] = model.graph.node[1].input[0] = "mish/-2/FLOAT"
    model.graph.output.append(onnx.helper.make_tensor_value_info("mish/-2/FLOAT", 1, ["N"]))
    new = optimize(model).model
    values = [name for node in new.graph.node for name in node.output] + ["mish/1/FLOAT"]
    assert len(values) == len(set(values))
    x = np.array([1.0], np.float32)
    np.testing.assert_allclose(
        run(new, **{"mish/1/FLOAT": x})[0], run(model, **{"mish/1/FLOAT": x})[0], rtol=2e-6
    )


def documented(build) -> onnx.ModelProto:
    model = build("h = Add(x, w) p = Softplus(h) t = Tanh(p) m = Mul(h, t) y = Add(m, w)", ROWS)
    model.doc_string, model.producer_name, model.producer_version = "about", "maker", "1.5"
    model.domain, model.model_version = "org.example", 7
    onnx.helper.set_model_props(model, {"author": "someone"})
    model.training_info.add().algorithm.name = "training"
    graph = model.graph
    graph.doc_string = "the graph"
    graph.input[0].doc_string, graph.output[0].doc_string = "pixels", "scores"
    graph.initializer.append(onnx.numpy_helper.from_array(np.ones((2, 3), np.float32), "w"))
    graph.initializer[0].doc_string = "weights"
    for name in ("h", "p", "t", "m"):
        graph.value_info.append(onnx.helper.make_tensor_value_info(name, 1, [2, 3]))
    graph.quantization_annotation.add().tensor_name = "p"
    graph.quantization_annotation.add().tensor_name = "m"
    graph.node[0].doc_string, graph.node[3].doc_string = "first", "the activation"
    graph.node[3].name = "act"
    graph.node[3].metadata_props.add(key="layer", value="3")
    return model


def test_all_else_is_kept_to_the_byte(build):
    model = documented(build)
    new = optimize(model).model
    last = next(node for node in new.graph.node if "m" in node.output)
    assert (last.name, last.doc_string, last.op_type) == ("act", "the activation", "Div")
    assert last.metadata_props == model.graph.node[3].metadata_props
    assert new.graph.node[2] == model.graph.node[0]
    assert new.graph.node[-1] == model.graph.node[-1]
    assert [value.name for value in new.graph.value_info] == ["h", "m"]
    assert [note.tensor_name for note in new.graph.quantization_annotation] == ["m"]
    for changed in (model.graph, new.graph):
        for field in ("node", "value_info", "quantization_annotation"):
            changed.ClearField(field)
    assert new == model


def test_a_model_without_mish_comes_out_the_same(build):
    model = build("y = Tanh(x)", opset=1)
    report = optimize(model)
    assert report.model == model
    assert report.rewritten == report.skipped == ()


def test_sparse_weights_survive(build):
    model = build("h = MatMul(x, w) y = Mish(h)", "float[2, 3] x", "float[2, 3] y")
    sparse = onnx.helper.make_sparse_tensor(
        onnx.helper.make_tensor("w", 1, [1], [2.0]),
        onnx.helper.make_tensor("i", 7, [1], [4]),
        [3, 3],
    )
    model.graph.sparse_initializer.append(sparse)
    report = optimize(model)
    assert list(report.model.graph.sparse_initializer) == [sparse]
    assert len(report.rewritten) == 1


def test_weights_that_are_inputs_too(build):
    model = build("h = Add(x, w) y = Mish(h)", "float[3] x, float[3] w", "float[3] y")
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(3, np.float32), "w"))
    assert len(optimize(model).rewritten) == 1


def test_a_model_with_a_function_of_its_own():
    model = onnx.parser.parse_model(
        """
        <ir_version: 8, opset_import: ["": 18, "own": 1]>
        g (float[N] x) => (float[N] y) { h = own.twice(x) y = Mish(h) }
        <domain: "own", opset_import: ["": 18]>
        twice (a) => (b) { b = Add(a, a) }
        """
    )
    report = optimize(model)
    assert len(report.rewritten) == 1
    assert report.model.functions == model.functions


def test_an_unknown_type_is_left_with_a_reason(build):
    body = "h = other.Thing(x) a = Mish(h) y = Mish(x)"
    model = build(body, "float[N] x", "float[N] y, float[N] a", extra=', "other": 1')
    report = optimize(model)
    assert [site.output for site in report.rewritten] == ["y"]
    ((site, reason),) = report.skipped
    assert site.output == "a"
    assert "type of its input is not known" in reason
    assert operators(report).count("Mish") == 1


def test_an_opset_too_old(build):
    with pytest.raises(ModelError, match=r"opset is 6, the oldest .* is 7; raise it with"):
        optimize(build(opset=6))


def test_an_unknown_form(build):
    with pytest.raises(
        ValueError, match=r"form must be one of sigmoid, .*, lookup-gather, not 'fast'"
    ):
        optimize(build(), form="fast")


def test_an_invalid_model(build):
    model = build()
    model.graph.node[2].input[1] = "nowhere"
    with pytest.raises(ModelError, match="not a valid ONNX model: "):
        optimize(model)
