"""A script for Caffe2: it trains a small network with Mish to follow a curve, and saves it.

Only the import line below differs from the script for Caffe2 itself, which reads

    from caffe2.python import core, workspace

Writes predict.pb and init.pb into the folder given, or the current one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from mish.caffe2 import core, workspace

HIDDEN = 16
RATE = 0.1
STEPS = 2000


def feed():
    """Feed the curve and the first weights; both are the same at every run."""
    rng = np.random.RandomState(0)
    x = np.linspace(-1, 1, 64).reshape(-1, 1)
    workspace.FeedBlob("x", x.astype(np.float32))
    workspace.FeedBlob("label", np.sin(3 * x).astype(np.float32))
    for name, shape in (("w1", (HIDDEN, 1)), ("b1", HIDDEN), ("w2", (1, HIDDEN)), ("b2", 1)):
        workspace.FeedBlob(name, rng.normal(0, 1, shape).astype(np.float32))
    workspace.FeedBlob("one", np.ones(1, np.float32))
    workspace.FeedBlob("rate", np.full(1, -RATE, np.float32))


def predict_net():
    net = core.Net("predict")
    x, w1, b1, w2, b2 = net.AddExternalInput("x", "w1", "b1", "w2", "b2")
    hidden = net.Mish(net.FC([x, w1, b1], "h"), "a")
    net.AddExternalOutput(net.FC([hidden, w2, b2], "y"))
    return net


def train_net(predict):
    net = predict.Clone("train")
    label, one, rate = net.AddExternalInput("label", "one", "rate")
    loss = net.AveragedLoss(net.SquaredL2Distance(["y", label], "distance"), "loss")
    gradients = net.AddGradientOperators([loss])
    for name in ("w1", "b1", "w2", "b2"):
        net.WeightedSum([name, one, gradients[name], rate], name)
    return net


def init_net():
    """A net that makes the weights as they are now."""
    net = core.Net("init")
    for name in ("w1", "b1", "w2", "b2"):
        values = workspace.FetchBlob(name)
        net.GivenTensorFill([], name, shape=list(values.shape), values=values.ravel())
    return net


def main(folder):
    feed()
    predict = predict_net()
    train = train_net(predict)
    workspace.CreateNet(train)
    for step in range(0, STEPS, STEPS // 8):
        workspace.RunNet(train, STEPS // 8)
        print(f"step {step + STEPS // 8:5}  loss {float(workspace.FetchBlob('loss')):.3e}")
    for name, net in (("predict.pb", predict), ("init.pb", init_net())):
        (folder / name).write_bytes(net.Proto().SerializeToString())


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
