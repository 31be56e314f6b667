"""The same Caffe2 code, run by Caffe2 1.10.2 and here, makes the same nets and blobs."""

from __future__ import annotations

import numpy as np

from mish.caffe2 import caffe2_pb2, workspace


def test_the_net_is_the_same_byte_for_byte(case):
    assert str(case.net.Proto()) == str(caffe2_pb2.NetDef.FromString(case.definition))
    assert case.net.Proto().SerializeToString() == case.definition


def test_every_blob_is_the_same(case):
    for blob, value in case.feeds.items():
        workspace.FeedBlob(blob, value)
    workspace.RunNetOnce(case.net)
    assert set(workspace.Blobs()) == set(case.blobs)
    for blob, expected in case.blobs.items():
        got = workspace.FetchBlob(blob)
        assert (got.dtype, got.shape) == (expected.dtype, expected.shape), blob
        np.testing.assert_allclose(got, expected, rtol=5e-6, atol=5e-6, err_msg=blob)


def test_a_net_read_from_bytes_runs_the_same(case):
    for blob, value in case.feeds.items():
        workspace.FeedBlob(blob, value)
    workspace.RunNetOnce(case.net)
    first = {blob: workspace.FetchBlob(blob) for blob in workspace.Blobs()}
    workspace.ResetWorkspace()
    for blob, value in case.feeds.items():
        workspace.FeedBlob(blob, value)
    workspace.CreateNet(case.definition)
    workspace.RunNet(case.net.Name())
    for blob, value in first.items():
        np.testing.assert_array_equal(workspace.FetchBlob(blob), value, err_msg=blob)
