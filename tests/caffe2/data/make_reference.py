"""Runs Caffe2 1.10.2 and writes what it computes: cases.npz and values.npz.

    pip install torch==1.10.2 'numpy<1.24' 'protobuf<3.21' future six    # Python 3.9
    PYTHONHASHSEED=0 python make_reference.py

cases.npz holds the nets of ../cases.py, as Caffe2 builds them, and all their blobs. values.npz
holds Mish and its gradient (for an output gradient of 1) in float32 and float64.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from caffe2.proto import caffe2_pb2
from caffe2.python import core, workspace

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from cases import CASES  # noqa: E402


def run(build):
    core.Net._net_names_used.clear()
    workspace.ResetWorkspace()
    net, feeds = build(core, caffe2_pb2)
    yield "net", np.frombuffer(net.Proto().SerializeToString(), np.uint8)
    for blob, value in feeds.items():
        workspace.FeedBlob(blob, np.asarray(value))
    workspace.RunNetOnce(net)
    for blob in workspace.Blobs():
        yield f"blob/{blob}", workspace.FetchBlob(blob)


def values(dtype):
    """Caffe2's Mish and its gradient over a grid and at special places."""
    special = [np.inf, -np.inf, np.nan, 0.0, -0.0, -1.1924312, 8, 20, 88.8, 1e4, -1e4]
    x = np.concatenate([np.linspace(-120, 120, 2401), special]).astype(dtype)
    workspace.ResetWorkspace()
    workspace.FeedBlob("x", x)
    workspace.FeedBlob("one", np.ones_like(x))
    workspace.RunOperatorOnce(core.CreateOperator("Mish", "x", "y"))
    workspace.RunOperatorOnce(core.CreateOperator("MishGradient", ["x", "y", "one"], "dx"))
    return {blob: workspace.FetchBlob(blob) for blob in ("x", "y", "dx")}


if __name__ == "__main__":
    cases = {f"{name}/{key}": array for name, build in CASES.items() for key, array in run(build)}
    np.savez_compressed(HERE / "cases.npz", **cases)
    made = {
        f"{blob}_{dtype.__name__}": array
        for dtype in (np.float32, np.float64)
        for blob, array in values(dtype).items()
    }
    np.savez_compressed(HERE / "values.npz", **made)
