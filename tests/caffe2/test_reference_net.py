"""The small network that Caffe2 1.10.2 wrote: built, run and trained here."""

from __future__ import annotations

import numpy as np
import pytest

from mish.caffe2 import caffe2_pb2, core, workspace

PARAMETERS = ("w1", "b1", "w2", "b2")
FEEDS = ("x", "label", *PARAMETERS)


@pytest.fixture
def blobs(data):
    with np.load(data / "mish_net_blobs.npz") as archive:
        return dict(archive)


def network():
    net = core.Net("mish_mlp")
    x, w1, b1, w2, b2, label = net.AddExternalInput("x", "w1", "b1", "w2", "b2", "label")
    hidden = net.FC([x, w1, b1], "h")
    active = hidden.Mish([], "a")
    y = net.FC([active, w2, b2], "y")
    distance = net.SquaredL2Distance([y, label], "dist")
    loss = net.AveragedLoss(distance, "loss")
    net.AddExternalOutput(y, loss)
    return net, loss


def test_building_it_gives_the_same_bytes(data):
    net, loss = network()
    assert net.Proto().SerializeToString() == (data / "mish_net_forward.pb").read_bytes()
    gradients = net.AddGradientOperators([loss])
    assert net.Proto().SerializeToString() == (data / "mish_net.pb").read_bytes()
    assert gradients["w1"] == "w1_grad"
    assert gradients["loss"] == "loss_autogen_grad"


def test_fan_out_is_summed_as_in_caffe2(data):
    net = core.Net("mish_fanout")
    x = net.AddExternalInput("X")
    net.Mish(x, "Y1")
    net.Mish(x, "Y2")
    gradients = net.AddGradientOperators({"Y1": "Y1_grad", "Y2": "Y2_grad"})
    assert net.Proto().SerializeToString() == (data / "mish_net_fanout.pb").read_bytes()
    assert gradients["X"] == "X_grad"


def test_a_gradient_of_ones_is_made_as_in_caffe2(data):
    net = core.Net("mish_fromy")
    net.Mish(net.AddExternalInput("X"), "Y")
    net.AddGradientOperators(["Y"])
    assert net.Proto().SerializeToString() == (data / "mish_net_single.pb").read_bytes()


def test_running_it_gives_every_blob(data, blobs):
    for name in FEEDS:
        workspace.FeedBlob(name, blobs[name])
    workspace.RunNetOnce((data / "mish_net.pb").read_bytes())
    assert set(workspace.Blobs()) == set(blobs)
    for name, expected in blobs.items():
        got = workspace.FetchBlob(name)
        assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5, err_msg=name)


def test_running_the_fan_out_adds_the_gradients(data, blobs):
    x = blobs["h"]
    workspace.FeedBlob("X", x)
    for name, weight in (("Y1_grad", 2), ("Y2_grad", 3)):
        workspace.FeedBlob(name, np.full_like(x, weight))
    workspace.RunNetOnce((data / "mish_net_fanout.pb").read_bytes())
    workspace.FeedBlob("Y_grad", np.full_like(x, 5))
    workspace.RunOperatorOnce(core.CreateOperator("MishGradient", ["X", "Y1", "Y_grad"], "once"))
    np.testing.assert_allclose(
        workspace.FetchBlob("X_grad"), workspace.FetchBlob("once"), rtol=1e-6, atol=1e-7
    )


def test_training_it_converges(blobs):
    net, loss = network()
    gradients = net.AddGradientOperators([loss])
    for name in FEEDS:
        workspace.FeedBlob(name, blobs[name])
    workspace.FeedBlob("one", np.ones(1, np.float32))
    workspace.FeedBlob("rate", np.full(1, -0.15, np.float32))
    for name in PARAMETERS:
        net.WeightedSum([name, "one", gradients[name], "rate"], name)
    workspace.CreateNet(net)
    workspace.RunNet(net)
    first = float(workspace.FetchBlob(loss))
    assert first == pytest.approx(float(blobs["loss"]), rel=1e-5)
    workspace.RunNet(net.Name(), 800)
    last = float(workspace.FetchBlob(loss))
    assert last < 1e-6 * first
    np.testing.assert_allclose(workspace.FetchBlob("y"), blobs["label"], atol=0.01)


def test_the_net_keeps_the_definition_that_was_created():
    net, _ = network()
    for name in FEEDS:
        workspace.FeedBlob(name, np.zeros(3, np.float32))
    workspace.CreateNet(net)
    del net.Proto().op[:]
    assert isinstance(net.Proto(), caffe2_pb2.NetDef)
    with pytest.raises(RuntimeError, match="operator 1 of 5"):
        workspace.RunNet("mish_mlp")
