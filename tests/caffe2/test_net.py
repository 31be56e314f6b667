"""Building nets: names, references, copies."""

from __future__ import annotations

import numpy as np
import pytest

from mish.caffe2 import caffe2_pb2, core, workspace


def test_names_of_nets_are_unique():
    assert [core.Net("n").Name() for _ in range(3)] == ["n", "n_1", "n_2"]
    proto = caffe2_pb2.NetDef(name="n")
    assert str(core.Net(proto)) == "n_3"
    assert proto.name == "n"


def test_a_net_on_a_given_message():
    proto = caffe2_pb2.NetDef(name="n", external_input=["x"])
    copy, same = core.Net(proto), core.Net(proto, inplace=True)
    same.Mish("x", "y")
    assert len(proto.op) == 1
    assert len(copy.Proto().op) == 0
    assert same.BlobIsDefined("y")


def test_references():
    net = core.Net("n")
    y = net.Mish("x", "scope/y")
    assert (y, hash(y), str(y), repr(y)) == (
        *("scope/y", hash("scope/y"), "scope/y"),
        'BlobReference("scope/y")',
    )
    assert y == b"scope/y"
    assert y != 3
    assert y + "_grad" == "scope/y_grad"
    assert "un" + y == "unscope/y"
    assert (y.GetNameScope(), y.GetUnscopedName(), y.Net()) == ("scope/", "y", net)
    assert net.GetBlobRef("scope/y") == y
    z = y.Sum("x", "z")
    assert list(net.Proto().op[-1].input) == ["scope/y", "x"]
    assert z.Net() is net


def test_outputs_may_be_counted():
    net = core.Net("n")
    assert net.Mish("x", 1) == "n/Mish:0"
    assert net.MulGradient(["c", "a", "b"], 2) == ("n/MulGradient:0", "n/MulGradient:1")


def test_new_blobs():
    net = core.Net("n")
    net.Mish("x", "y")
    assert [net.NextBlob("y"), net.NextBlob("y"), net.NextBlob("z")] == [
        "y_auto_0",
        "y_auto_1",
        "z",
    ]
    with core.NameScope("s"):
        assert net.NextScopedBlob("z") == "s/z"


def test_external_blobs():
    net = core.Net("n")
    assert net.AddExternalInput("a") == "a"
    assert net.AddExternalInput("b", "c") == ["b", "c"]
    with core.NameScope("s"):
        assert net.AddScopedExternalInputs("d") == ["s/d"]
    net.AddExternalOutput(net.Mish("a", "y"))
    assert net.external_inputs == ["a", "b", "c", "s/d"]
    assert net.external_outputs == ["y"]


def test_copies():
    net = core.Net("n")
    net.Mish("x", "y")
    net.Tanh("y", "z")
    net.AddExternalOutput("z")
    copy = net.Clone("m", blob_remap={"x": "a", "z": "c"}, op_id_mask=[0, 1])
    assert [(list(op.input), list(op.output)) for op in copy.Proto().op] == [
        (["a"], ["y"]),
        (["y"], ["c"]),
    ]
    assert list(copy.Proto().external_output) == ["c"]
    assert len(net.Clone("k", op_id_mask=[1]).Proto().op) == 1
    assert list(net.Proto().op[0].input) == ["x"]


def test_appending():
    first, second = core.Net("a"), core.Net("b")
    first.Mish("x", "y")
    second.Tanh("y", "z")
    second.Mul(["z", "w"], "v")
    second.AddExternalOutput("v")
    first.AppendNet(second, core.DeviceOption(0, random_seed=3))
    proto = first.Proto()
    assert [op.type for op in proto.op] == ["Mish", "Tanh", "Mul"]
    assert list(proto.external_input) == ["x", "w"]
    assert list(proto.external_output) == ["v"]
    assert proto.op[1].device_option.random_seed == 3
    assert not second.Proto().op[0].HasField("device_option")


def test_operators_are_listed():
    assert {"Mish", "FC", "AddGradientOperators"} <= set(dir(core.Net("n")))


def test_device_options():
    option = core.DeviceOption(caffe2_pb2.CPU, 1, 2, "node", 3, ["a:b"])
    assert (option.device_id, option.random_seed, option.node_name) == (1, 2, "node")
    assert (option.numa_node_id, list(option.extra_info)) == (3, ["a:b"])
    with core.DeviceScope(option), core.DeviceScope(core.DeviceOption(caffe2_pb2.CUDA, 5)):
        inner = core.CreateOperator("Mish", "x", "y").device_option
    assert (inner.device_type, inner.device_id, inner.node_name) == (1, 5, "node")
    assert list(inner.extra_info) == ["a:b"]
    assert not core.CreateOperator("Mish", "x", "y").HasField("device_option")


def test_scopes_end_with_an_error_too():
    with pytest.raises(KeyError), core.NameScope("s"):
        raise KeyError
    assert core.ScopedName("x") == "x"
    with core.NameScope("a"), core.NameScope("b", reset=True):
        assert core.ScopedBlobReference("x") == "b/x"


def test_arguments():
    net = core.Net("n")
    values = {
        "f": 1.5,
        "i": 2,
        "flag": True,
        "s": "text",
        "raw": b"\xff",
        "floats": [1.0, 2.5],
        "ints": (1, 2),
        "strings": ["a", b"b"],
        "array": np.array([[1.5, 2.5]], np.float32),
        "scalar": np.float32(0.5),
        "count": np.int64(7),
        "net": caffe2_pb2.NetDef(name="inner"),
        "nets": [caffe2_pb2.NetDef(name="inner")],
        "message": caffe2_pb2.DeviceOption(device_id=3),
    }
    net.Mish("x", "y", **values, nothing=None)
    held = {argument.name: argument for argument in net.Proto().op[0].arg}
    assert set(held) == set(values)
    assert (held["f"].f, held["i"].i, held["flag"].i, held["s"].s) == (1.5, 2, 1, b"text")
    assert (held["raw"].s, list(held["floats"].floats)) == (b"\xff", [1.0, 2.5])
    assert (list(held["ints"].ints), list(held["strings"].strings)) == ([1, 2], [b"a", b"b"])
    assert list(held["array"].floats) == [1.5, 2.5]
    assert (held["scalar"].f, held["count"].i) == (0.5, 7)
    assert held["net"].n.name == held["nets"].nets[0].name == "inner"
    assert held["message"].s == values["message"].SerializeToString()


def test_a_script_may_call_global_init():
    assert core.GlobalInit(["caffe2", "--caffe2_log_level=0"])


def test_data_types():
    assert core.DataType.FLOAT == caffe2_pb2.TensorProto.FLOAT == 1
    assert core.DataType.INT64 == 10


def test_two_nets_on_one_workspace():
    init, train = core.Net("init"), core.Net("train")
    init.ConstantFill([], "w", shape=[2, 3], value=0.5)
    init.ConstantFill([], "b", shape=[2], value=1.0)
    train.Mish(train.FC(["x", "w", "b"]), "y")
    workspace.RunNetOnce(init)
    workspace.FeedBlob("x", np.ones((4, 3), np.float32))
    workspace.RunNetOnce(train)
    assert workspace.FetchBlob("y").shape == (4, 2)
