"""Nets as ONNX models: ONNX Runtime must compute what the net computes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest

from mish.caffe2 import caffe2_pb2, core, workspace
from mish.caffe2._run.arrays import evaluate
from mish.caffe2.to_onnx import CONVERTERS, convert

ONLY_GRADIENTS = {"weighted_sum", "only_the_sizes_agree"}


def run(model, feeds):
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, feeds)


def test_the_model_computes_what_the_net_computes(case):
    operators = [
        op
        for op in case.net.Proto().op
        if op.type in CONVERTERS and not op.output[0].endswith("_grad")
    ]
    outputs = list(dict.fromkeys(blob for op in operators for blob in op.output))
    if case.name in ONLY_GRADIENTS | {"fills"}:  # fills have a test of their own
        assert case.name == "fills" or not outputs
        return
    read = {blob for op in operators for blob in op.input}
    feeds = {blob: array for blob, array in case.feeds.items() if blob in read}
    model = convert(case.net.Proto(), examples=feeds, outputs=outputs)
    for blob, array in case.feeds.items():
        workspace.FeedBlob(blob, array)
    workspace.RunNetOnce(case.net)
    for blob, got in zip(outputs, run(model, feeds), strict=True):
        expected = workspace.FetchBlob(blob)
        assert (got.dtype, got.shape) == (expected.dtype, expected.shape), blob
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6, err_msg=blob)


def test_pieces():
    net = core.Net("n")
    a, b, c = net.Split(net.Copy("x", "cx"), ["a", "b", "c"], axis=-1, split=[1, 2, 1])
    d, e = net.Split("x", ["d", "e"])
    joined, _ = net.Concat([net.Mish(a, "ma"), b, d], ["joined", "info"], axis=1)
    net.Concat([a, c], ["stacked", "ones"], axis=2, add_axis=1)
    net.Add([net.StopGradient(joined, "s"), net.Sum([a, c], "ac")], "total")
    net.Add([e, "row"], "rows", broadcast=1)
    x = np.arange(12, dtype=np.float32).reshape(3, 4) - 6
    feeds = {"x": x, "row": x[0, :2]}
    model = convert(net.Proto(), examples=feeds)
    assert {value.name for value in model.graph.input} == set(feeds)
    outputs = [value.name for value in model.graph.output]
    assert set(outputs) == {"info", "stacked", "ones", "total", "rows"}
    expected = evaluate(net.Proto(), feeds, outputs=outputs)
    for name, got in zip(outputs, run(model, feeds), strict=True):
        assert got.dtype == expected[name].dtype
        np.testing.assert_allclose(got, expected[name], rtol=1e-6)


@pytest.fixture
def reference_net(data):
    return caffe2_pb2.NetDef.FromString((data / "mish_net.pb").read_bytes())


@pytest.fixture
def feeds(data):
    with np.load(data / "mish_net_blobs.npz") as archive:
        return {name: archive[name] for name in ("x", "w1", "b1", "w2", "b2", "label")}


def parameters(feeds):
    net = core.Net("init")
    for name in ("w1", "b1", "w2", "b2"):
        values = feeds[name]
        net.GivenTensorFill([], name, shape=list(values.shape), values=values)
    return net.Proto()


def test_gradient_operators_are_left_out(reference_net, feeds, data):
    model = convert(reference_net)
    assert [node.op_type for node in model.graph.node] == [
        *("Gemm", "Mish", "Gemm", "Sub", "Mul", "ReduceSum", "Mul", "ReduceMean")
    ]
    assert [value.name for value in model.graph.input] == list(feeds)
    y, loss = run(model, feeds)
    with np.load(data / "mish_net_blobs.npz") as archive:
        np.testing.assert_allclose(y, archive["y"], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(loss, archive["loss"], rtol=1e-5)


def test_an_init_net_becomes_initializers(reference_net, feeds):
    model = convert(reference_net, init=parameters(feeds), outputs=["y"])
    assert [value.name for value in model.graph.input] == ["x"]
    assert {each.name for each in model.graph.initializer} == {"w1", "b1", "w2", "b2"}
    (made,) = run(model, {"x": feeds["x"]})
    expected = evaluate(
        reference_net, {"x": feeds["x"], "label": feeds["label"]}, init=parameters(feeds)
    )
    np.testing.assert_allclose(made, expected["y"], rtol=1e-5, atol=1e-6)


def test_an_input_that_the_init_net_fills_stays_an_input(reference_net, feeds):
    init = parameters(feeds)
    init.op.append(core.CreateOperator("ConstantFill", [], "x", shape=[1]))
    model = convert(reference_net, init=init, examples={"x": feeds["x"]}, outputs=["y"])
    assert [value.name for value in model.graph.input] == ["x"]
    given = {name: feeds[name] for name in ("x", "label")}
    expected = evaluate(reference_net, given, init=init, outputs=["y"])["y"]
    np.testing.assert_allclose(run(model, {"x": feeds["x"]})[0], expected, rtol=1e-5, atol=1e-6)


def test_the_batch_is_free(reference_net, feeds):
    for examples in ({"x": feeds["x"]}, {}):
        model = convert(reference_net, init=parameters(feeds), examples=examples, outputs=["y"])
        assert run(model, {"x": np.ones((3, 5), np.float32)})[0].shape == (3, 3)
    shape = model.graph.input[0].type.tensor_type.shape.dim
    assert (shape[0].dim_param, shape[1].dim_value) == ("x_0", 5)


def test_mish_is_the_operator_of_opset_18(reference_net):
    model = convert(reference_net)
    assert [(each.domain, each.version) for each in model.opset_import] == [("", 18)]
    onnx.checker.check_model(model, full_check=True)


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_types(dtype):
    net = core.Net("n")
    net.LabelCrossEntropy([net.Softmax(net.Mish("x", "a"), "p"), "label"], "l")
    x = np.random.default_rng(0).normal(0, 3, (4, 5)).astype(dtype)
    feeds = {"x": x, "label": np.array([0, 1, 4, 2], np.int32)}
    if dtype == np.float16:
        model = convert(net.Proto(), examples=feeds)
        made = run(model, feeds)
        assert made[0].dtype == np.float16
        np.testing.assert_allclose(made[0], evaluate(net.Proto(), feeds)["l"], rtol=1e-2)
    else:
        outputs = ["a"]
        model = convert(net.Proto(), examples={"x": x}, outputs=outputs)
        (made,) = run(model, {"x": x})
        np.testing.assert_allclose(made, evaluate(net.Proto(), feeds)["a"], rtol=1e-6)


def test_ranks_spread_through_operators_that_keep_them():
    net = core.Net("n")
    a = net.Sum([net.Mish("x", "a"), "z"], "s")
    net.FC([net.Tanh(a), "w", "b"], "y")
    model = convert(net.Proto())
    ranks = {value.name: len(value.type.tensor_type.shape.dim) for value in model.graph.input}
    assert ranks == {"x": 2, "z": 2, "w": 2, "b": 1}


def test_constants_are_computed_and_fills_follow_the_shape():
    net = core.Net("n")
    net.GivenTensorFill([], "c", shape=[3], values=[1.0, 2.0, 3.0])
    net.ConstantFill("x", "ones", value=1.0)
    net.Mul([net.Sum(["x", "ones"], "t"), "c"], "y")
    x = np.ones((2, 3), np.float32)
    model = convert(net.Proto(), examples={"x": x})
    np.testing.assert_array_equal(run(model, {"x": x})[0], [[2, 4, 6]] * 2)


def test_a_blob_that_is_overwritten_gets_new_values():
    net = core.Net("n")
    net.Relu("x", "x")
    net.Mish("x", "y")
    net.Tanh("y", "y")
    net.AddExternalOutput("y", "x")
    x = np.linspace(-2, 2, 5, dtype=np.float32)
    model = convert(net.Proto(), examples={"x": x})
    y, relu = run(model, {"x": x})
    assert [value.name for value in model.graph.output] == ["y", "x_1"]
    np.testing.assert_array_equal(relu, np.maximum(x, 0))
    np.testing.assert_allclose(y, evaluate(net.Proto(), {"x": x})["y"], rtol=1e-5)


def test_what_is_overwritten_unread_is_left_out():
    net = core.Net("n")
    net.XavierFill([], "y", shape=[2, 3])
    net.Mish("x", "y")
    model = convert(net.Proto(), examples={"x": np.ones((2, 3), np.float32)})
    assert [node.op_type for node in model.graph.node] == ["Mish"]


def test_importing_the_package_needs_no_onnx():
    block = "import sys; sys.modules['onnx'] = None; import mish.caffe2; import mish.cli"
    subprocess.run([sys.executable, "-c", block], check=True)
