"""The backward pass: versions of blobs, sums, names. The rest is compared with Caffe2 elsewhere."""

from __future__ import annotations

import numpy as np

from mish.caffe2 import Gradient, core, workspace
from mish.caffe2.proto import caffe2_pb2


def types(net, start=0):
    return [op.type for op in net.Proto().op[start:]]


def test_a_second_pass_does_not_overwrite_the_gradients_of_the_first():
    net = core.Net("n")
    net.Mish("x", "a")
    net.Tanh("a", "b")
    net.Sigmoid("a", "c")
    first = net.AddGradientOperators({"b": "ones"})
    second = net.AddGradientOperators({"c": "ones"})
    assert (first["x"], second["x"]) == ("x_grad", "x_grad_1")
    assert second["a"] == "a_grad_1"
    x = np.linspace(-2, 2, 5, dtype=np.float32)
    workspace.FeedBlob("x", x)
    workspace.FeedBlob("ones", np.ones_like(x))
    workspace.RunNetOnce(net)
    alone = core.Net("m")
    alone.Mish("x", "a")
    alone.Sigmoid("a", "c")
    alone.AddGradientOperators({"c": "ones"})
    got = {name: workspace.FetchBlob(name) for name in ("x_grad", "x_grad_1")}
    workspace.RunNetOnce(alone)
    np.testing.assert_array_equal(got["x_grad_1"], workspace.FetchBlob("x_grad"))
    assert (got["x_grad"] != got["x_grad_1"]).any()


def test_names_that_the_forward_net_uses_are_left_alone():
    net = core.Net("n")
    net.Mish("x", "x_grad")
    net.Tanh("x_grad", "y")
    gradients = net.AddGradientOperators(["y"])
    assert gradients["x"] == "x_grad_1"
    assert gradients["x_grad"] == "x_grad_grad"


def test_blobs_without_influence_get_no_gradient():
    net = core.Net("n")
    net.Mish("x", "y")
    net.Mish("z", "w")
    assert set(map(str, net.AddGradientOperators(["y"]))) == {"x", "y"}
    assert types(net, 2) == ["ConstantFill", "MishGradient"]


def test_labels_get_none():
    net = core.Net("n")
    net.LabelCrossEntropy(["p", "label"], "l")
    assert set(map(str, net.AddGradientOperators(["l"]))) == {"p", "l"}


def test_a_gradient_maker_in_python_may_give_one_operator_or_none():
    @core.GradientRegistry.RegisterGradient("Double")
    def _(op, g_output):
        return core.CreateOperator("Double", g_output[0], f"{op.input[0]}_grad"), ["x_grad"]

    @core.GradientRegistry.RegisterGradient("Identity")
    def _(op, g_output):
        return None, g_output

    double = caffe2_pb2.OperatorDef(type="Double", input=["x"], output=["y"])
    ops, inputs = core.GradientRegistry.GetGradientForOp(double, ["y_grad"])
    assert (len(ops), inputs) == (1, ["x_grad"])
    identity = caffe2_pb2.OperatorDef(type="Identity", input=["y"], output=["z"])
    assert core.GradientRegistry.GetGradientForOp(identity, ["g"]) == ([], ["g"])
    made, gradients = core.GradientRegistry.GetBackwardPass([double, identity], {"z": "z_grad"})
    assert [op.input[0] for op in made] == ["z_grad"]
    assert gradients["x"] == "x_grad"


def test_a_gradient_of_several_steps():
    @core.GradientRegistry.RegisterGradient("Cube")
    def _(op, g_output):
        g = Gradient(op, g_output)
        g.add("Mul", [g.I(0), g.I(0)], ["square"])
        g.add("Mul", ["square", g.GO(0)], [g.GI(0)])
        return g.result()

    cube = caffe2_pb2.OperatorDef(type="Cube", input=["x"], output=["y"])
    tanh = core.CreateOperator("Tanh", "x", "square")
    made, _ = core.GradientRegistry.GetBackwardPass([tanh, cube], {"y": "g"})
    assert [list(op.output) for op in made] == [["square_1"], ["x_grad"]]
    assert list(made[1].input) == ["square_1", "g"]


def test_sums_of_gradients_that_are_passed_on():
    net = core.Net("n")
    net.Sum(["x", "x"], "y")
    gradients = net.AddGradientOperators({"y": "g"})
    assert gradients["x"] == "x_grad"
    assert list(net.Proto().op[-1].input) == ["g", "g"]
    workspace.FeedBlob("x", np.float32([1, 2]))
    workspace.FeedBlob("g", np.float32([3, 4]))
    workspace.RunNetOnce(net)
    np.testing.assert_array_equal(workspace.FetchBlob("x_grad"), [6, 8])


def test_gradients_of_a_blob_that_is_overwritten_belong_to_its_versions():
    net = core.Net("n")
    net.Relu("x", "x")
    net.Tanh("x", "y")
    gradients = net.AddGradientOperators({"y": "g"})
    x = np.float32([-2, -0.5, 0.5, 2])
    workspace.FeedBlob("x", x)
    workspace.FeedBlob("g", np.ones(4, np.float32))
    workspace.RunNetOnce(net)
    np.testing.assert_allclose(
        workspace.FetchBlob(gradients["x"]), np.where(x > 0, 1 - np.tanh(x) ** 2, 0), rtol=1e-6
    )
