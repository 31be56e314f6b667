"""Reads net files."""

from __future__ import annotations

from pathlib import Path

from google.protobuf import text_format  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from mish.caffe2.errors import Caffe2Error
from mish.caffe2.proto import caffe2_pb2

_TEXT = {".pbtxt", ".prototxt", ".txt"}


def read_net(path: Path) -> caffe2_pb2.NetDef:
    """Read a net: in the text format if the name ends in .pbtxt, .prototxt or .txt, else binary.

    Raises:
        Caffe2Error: the file cannot be read or holds no net.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Caffe2Error(f"cannot read {path}: {error.strerror}") from error
    net = caffe2_pb2.NetDef()
    try:
        if path.suffix in _TEXT:
            text_format.Parse(data, net)
        else:
            net.ParseFromString(data)
    except (DecodeError, UnicodeDecodeError, text_format.ParseError) as error:
        raise Caffe2Error(
            f"{path} is not a net of Caffe2 (a NetDef), or it is truncated or damaged"
        ) from error
    if not net.op or not all(op.type for op in net.op):
        raise Caffe2Error(f"{path} is not a net of Caffe2 (a NetDef): it has no operators")
    return net
