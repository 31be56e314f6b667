"""Runs the nets of ../cases.py in Caffe2 1.10.2 and writes what it makes to cases.npz.

pip install torch==1.10.2 'numpy<1.24' 'protobuf<3.21' future six    # Python 3.9
PYTHONHASHSEED=0 python make_reference.py
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


if __name__ == "__main__":
    made = {}
    for name, build in CASES.items():
        try:
            made.update({f"{name}/{key}": value for key, value in run(build)})
        except Exception as error:
            print(name, str(error).split("frame #0")[0])
    np.savez_compressed(HERE / "cases.npz", **made)
