"""Caffe2's protocol buffers; ``caffe2_pb2`` is what the compiler makes of ``caffe2.proto``.

Needs the ``caffe2`` extra (protobuf).
"""

from __future__ import annotations

from typing import Final

from mish.caffe2.proto import caffe2_pb2

# Caffe2's Python scripts say caffe2_pb2.CUDA; its messages say PROTO_CUDA.
_PREFIX: Final = "PROTO_"
for _name, _number in caffe2_pb2.DeviceTypeProto.items():
    setattr(caffe2_pb2, _name.removeprefix(_PREFIX), _number)

__all__ = ["caffe2_pb2"]
