"""Blobs and nets in the workspace."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

import mish
from mish.caffe2 import caffe2_pb2, core, workspace

X = np.linspace(-3, 3, 6, dtype=np.float32).reshape(2, 3)


@pytest.mark.parametrize(
    "dtype",
    [
        *(np.float16, ml_dtypes.bfloat16, np.float32, np.float64, np.bool_, np.int8, np.uint8),
        *(np.int16, np.uint16, np.int32, np.int64),
    ],
)
def test_tensors_come_back(dtype):
    array = np.arange(6).astype(dtype).reshape(2, 3)
    assert workspace.FeedBlob("x", array)
    got = workspace.FetchBlob("x")
    assert got.dtype == array.dtype
    np.testing.assert_array_equal(got, array)


def test_strings_come_back_as_bytes():
    for text in ("hällo", "hällo".encode()):
        workspace.FeedBlob("s", text)
        assert workspace.FetchBlob("s") == "hällo".encode()
    for array in (np.array(["a", "bc"]), np.array([b"a", b"bc"]), np.array(["a", b"bc"], object)):
        workspace.FeedBlob("s", array)
        assert workspace.FetchBlob("s").tolist() == [b"a", b"bc"]


def test_feeding_and_fetching_copy():
    x = X.copy()
    workspace.FeedBlob("x", x)
    x[:] = 7
    got = workspace.FetchBlob("x")
    np.testing.assert_array_equal(got, X)
    got[:] = 8
    np.testing.assert_array_equal(workspace.FetchBlob("x"), X)


def test_odd_memory_is_made_plain():
    for view in (X.T, X[:, ::-1], X.astype(">f4"), np.asfortranarray(X)):
        workspace.FeedBlob("x", view)
        got = workspace.FetchBlob("x")
        assert got.flags.c_contiguous
        assert got.dtype == np.dtype("=f4")
        np.testing.assert_array_equal(got, view)
        workspace.RunOperatorOnce(core.CreateOperator("Mish", "x", "y"))
        np.testing.assert_array_equal(workspace.FetchBlob("y"), mish.mish(got))


T = caffe2_pb2.TensorProto


@pytest.mark.parametrize(
    ("tensor", "expected"),
    [
        (T(dims=[2], float_data=[1, 2]), np.float32([1, 2])),
        (T(dims=[2, 1], data_type=T.DOUBLE, double_data=[1, 2]), np.float64([[1], [2]])),
        (T(dims=[2], data_type=T.INT32, int32_data=[1, -2]), np.int32([1, -2])),
        (T(dims=[2], data_type=T.UINT8, int32_data=[1, 200]), np.uint8([1, 200])),
        (T(dims=[2], data_type=T.BOOL, int32_data=[1, 0]), np.array([True, False])),
        (T(dims=[1], data_type=T.INT64, int64_data=[2**40]), np.int64([2**40])),
        (T(dims=[2], raw_data=np.float32([1, 2]).tobytes()), np.float32([1, 2])),
        (
            T(dims=[2], data_type=T.FLOAT16, byte_data=np.float16([1, 2]).tobytes()),
            np.float16([1, 2]),
        ),
        (T(float_data=[3]), np.array(3, np.float32)),
        (T(dims=[0, 2]), np.zeros((0, 2), np.float32)),
    ],
)
def test_tensor_messages(tensor, expected):
    workspace.FeedBlob("x", tensor)
    got = workspace.FetchBlob("x")
    assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(got, expected)


def test_names_may_be_references():
    ref = core.BlobReference("x")
    workspace.FeedBlob(ref, X)
    assert workspace.HasBlob(ref)
    assert workspace.HasBlob("x")
    assert workspace.Blobs() == ["x"]
    np.testing.assert_array_equal(workspace.FetchBlobs([ref, "x"])[1], X)


def test_blobs_as_a_dictionary():
    workspace.blobs["x"] = X
    np.testing.assert_array_equal(workspace.blobs["x"], X)
    assert "x" in workspace.blobs
    assert "y" not in workspace.blobs
    assert (list(workspace.blobs), len(workspace.blobs)) == (["x"], 1)


def test_reset_forgets_blobs_and_nets():
    workspace.FeedBlob("x", X)
    net = core.Net("n")
    net.Mish("x", "y")
    workspace.CreateNet(net)
    assert workspace.ResetWorkspace()
    assert workspace.Blobs() == []
    with pytest.raises(RuntimeError, match="no net 'n'"):
        workspace.RunNet("n")


def test_workspaces_are_apart():
    workspace.FeedBlob("x", X)
    assert workspace.SwitchWorkspace("other", create_if_missing=True)
    assert workspace.CurrentWorkspace() == "other"
    assert not workspace.HasBlob("x")
    workspace.FeedBlob("y", X)
    workspace.SwitchWorkspace("default")
    assert workspace.Blobs() == ["x"]
    assert set(workspace.Workspaces()) >= {"default", "other"}


def test_creating_a_net_makes_its_blobs_without_values():
    net = core.Net("n")
    net.Mish("x", "y")
    assert workspace.CreateNet(net, input_blobs=["x"])
    assert workspace.Blobs() == ["x", "y"]
    workspace.FeedBlob("x", X)
    assert workspace.RunNet(net)
    np.testing.assert_array_equal(workspace.FetchBlob("y"), mish.mish(X))
    assert workspace.CreateNet(net, overwrite=True)
    np.testing.assert_array_equal(workspace.FetchBlob("y"), mish.mish(X))


def test_a_blob_without_a_value():
    workspace.CreateBlob("x")
    assert workspace.HasBlob("x")
    workspace.FeedBlob("x", X)
    workspace.CreateBlob("x")
    np.testing.assert_array_equal(workspace.FetchBlob("x"), X)


def test_runs_are_repeated():
    net = core.Net("n")
    net.Sum(["x", "one"], "x")
    workspace.FeedBlob("x", np.float32([27]))
    workspace.FeedBlob("one", np.ones(1, np.float32))
    workspace.CreateNet(net)
    assert workspace.RunNet("n", 5)
    assert workspace.FetchBlob("x") == 32
    assert workspace.RunNet("n", 0)
    assert workspace.FetchBlob("x") == 32


def test_operators_and_nets_may_be_bytes():
    workspace.FeedBlob("x", X)
    assert workspace.RunOperatorOnce(core.CreateOperator("Mish", "x", "y").SerializeToString())
    net = core.Net("n")
    net.Mish("y", "z")
    assert workspace.RunNetOnce(net.Proto().SerializeToString())
    assert workspace.RunOperatorsOnce([core.CreateOperator("Mish", "z", "w")])
    assert workspace.Blobs() == ["w", "x", "y", "z"]


def test_running_once_leaves_the_given_net_as_it_is():
    workspace.FeedBlob("x", X)
    net = core.Net("n")
    net.Mish("x", "y")
    net.Proto().device_option.random_seed = 3
    before = net.Proto().SerializeToString()
    workspace.RunNetOnce(net.Proto())
    assert net.Proto().SerializeToString() == before


def test_the_nets_device_option_completes_that_of_operators():
    net = core.Net("n")
    net.GaussianFill([], "x", shape=[3])
    net.GaussianFill([], "y", shape=[3])
    net.Proto().device_option.random_seed = 3
    workspace.RunNetOnce(net)
    np.testing.assert_array_equal(*workspace.FetchBlobs(["x", "y"]))
    net.Proto().op[0].device_option.random_seed = 4
    workspace.RunNetOnce(net)
    assert (workspace.FetchBlob("x") != workspace.FetchBlob("y")).any()


def test_allow_fail():
    net = core.Net("n")
    net.Mish("x", "y")
    workspace.FeedBlob("x", np.ones(1, np.int32))
    workspace.CreateNet(net)
    assert workspace.RunNet("n", allow_fail=True) is False


def test_there_is_no_gpu():
    assert not workspace.has_gpu_support
    assert workspace.NumCudaDevices() == workspace.NumGpuDevices() == 0


def test_the_operators():
    known = workspace.RegisteredOperators()
    assert {"Mish", "MishGradient", "FC", "Conv"} <= set(known)
    assert core.IsOperator("Mish")
    assert not core.IsOperator("Mush")
