"""What scripts begin with, and what they ask of devices, shapes and times."""

from __future__ import annotations

import numpy as np
import pytest

from mish.caffe2 import Caffe2Error, caffe2_pb2, core, workspace


def test_global_init_is_where_scripts_look_for_it():
    for module in (core, workspace):
        assert module.GlobalInit(["script", "--caffe2_log_level=0"])
    assert core.GetGlobalInitArgs()[-1] == "--caffe2_log_level=0"


def test_there_is_one_engine():
    assert core.IsOperatorWithEngine("Mish", "DEFAULT")
    assert core.IsOperatorWithEngine("Mish", "")
    assert not core.IsOperatorWithEngine("Mish", "CUDNN")
    assert not core.IsOperatorWithEngine("Mash", "DEFAULT")


def test_device_options_are_equal_if_the_device_is():
    cpu, gpu = core.DeviceOption(caffe2_pb2.CPU), core.DeviceOption(caffe2_pb2.CUDA, 1)
    other = core.DeviceOption(caffe2_pb2.CUDA, 1, node_name="a", random_seed=3)
    equal = core.device_option_equal
    assert equal(cpu, core.DeviceOption(caffe2_pb2.CPU, 1))
    assert not equal(cpu, gpu)
    assert not equal(gpu, core.DeviceOption(caffe2_pb2.CUDA, 2))
    assert equal(gpu, other)
    assert not equal(gpu, other, ignore_node_name=False)
    assert not equal(gpu, other, ignore_random_seed=False)
    assert equal(None, None) and not equal(None, cpu)


def test_devices_of_blobs():
    gpu = core.DeviceOption(caffe2_pb2.CUDA, 1)
    op = core.CreateOperator("Concat", ["a", "b"], ["y", "info"], device_option=gpu)
    inputs, outputs = core.InferOpBlobDevicesAsDict(op)
    assert inputs == {"a": gpu, "b": gpu}
    assert outputs == {"y": gpu, "info": caffe2_pb2.DeviceOption()}
    net = core.Net("n")
    with core.DeviceScope(gpu):
        net.Mish("x", "y")
    assert core.InferBlobDevices(net) == {"y": gpu}


def test_device_scopes_name_nodes():
    cpu = core.DeviceOption(caffe2_pb2.CPU, node_name="old")
    with core.DeviceScope(cpu, node_name="new"):
        op = core.CreateOperator("Mish", "x", "y")
        assert op.device_option.node_name == "new"
        with core.DeviceScope(core.DeviceOption(caffe2_pb2.CUDA, 1)):
            assert core.CreateOperator("Mish", "x", "y").device_option.node_name == "new"
    with core.DeviceScope(None, node_name="only"):
        assert core.CreateOperator("Mish", "x", "y").device_option.node_name == "only"
    assert cpu.node_name == "old"
    with pytest.raises(AssertionError, match="a device option, a node_name, or both"):
        core.DeviceScope(None).__enter__()


def net_of_three():
    net = core.Net("shapes")
    net.Mish(net.FC(["x", "w", "b"], "h"), "y")
    net.Relu("unknown", "z")
    return net


def test_shapes_and_types_of_the_workspace():
    net = net_of_three()
    for name, shape in (("x", (5, 4)), ("w", (3, 4)), ("b", 3)):
        workspace.FeedBlob(name, np.ones(shape, np.float64))
    workspace.FeedBlob("label", "text")
    before = workspace.Blobs()
    shapes, types = workspace.InferShapesAndTypes([net])
    assert shapes == {"x": [5, 4], "w": [3, 4], "b": [3], "h": [5, 3], "y": [5, 3]}
    assert set(types.values()) == {caffe2_pb2.TensorProto.DOUBLE}
    assert workspace.Blobs() == before


def test_shapes_and_types_of_given_ones():
    net = net_of_three()
    given = {"x": [2, 4], "w": [3, 4], "b": [3]}
    shapes, types = workspace.InferShapesAndTypes([net.Proto()], given, nets_proto=True)
    assert shapes["y"] == [2, 3] and types["y"] == caffe2_pb2.TensorProto.FLOAT
    half = dict.fromkeys(given, caffe2_pb2.TensorProto.FLOAT16)
    assert workspace.InferShapesAndTypes([net], given, blob_types=half)[1]["y"] == half["x"]
    with pytest.raises(AssertionError, match="blob_types needs blob_dimensions"):
        workspace.InferShapesAndTypes([net], blob_types=half)
    with pytest.raises(Caffe2Error, match="operator FC"):
        workspace.InferShapesAndTypes([net], given | {"w": [3, 5]})


def test_benchmark():
    net = core.Net("timed")
    net.Relu(net.Mish("x", "y"), "z")
    workspace.FeedBlob("x", np.ones(1000, np.float32))
    workspace.CreateNet(net)
    whole, *operators = workspace.BenchmarkNet(net.Name(), 1, 3, True)
    assert whole > 0 and len(operators) == 2 and min(operators) > 0
    assert workspace.BenchmarkNet(net, 0, 1, False)[1:] == [0, 0]
    with pytest.raises(Caffe2Error, match="there is no net 'other'"):
        workspace.BenchmarkNet("other", 1, 1, False)
    with pytest.raises(ValueError, match="main_runs 1 or more, not 0 and 0"):
        workspace.BenchmarkNet(net, 0, 0, False)


@pytest.mark.parametrize("name", ["reroute_tensor", "set_input_record", "UsesBlob"])
def test_a_missing_method_is_no_missing_operator(name):
    with pytest.raises(AttributeError, match=f"a Net has no method {name} in mish.caffe2"):
        getattr(core.Net("n"), name)
    with pytest.raises(AttributeError, match="there is no operator Mush; did you mean Mish"):
        core.Net("n").Mush("x")
