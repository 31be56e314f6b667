"""Reads net files."""

from __future__ import annotations

from pathlib import Path

from google.protobuf import text_format  # type: ignore[import-untyped]

from mish._support.files import open_regular
from mish.caffe2.errors import Caffe2Error
from mish.caffe2.parsing import parse, require_text
from mish.caffe2.proto import caffe2_pb2

_TEXT = {".pbtxt", ".prototxt", ".txt"}


def read_net(path: Path) -> caffe2_pb2.NetDef:
    """Read a net: in the text format if the name ends in .pbtxt, .prototxt or .txt, else binary.

    Raises:
        Caffe2Error: the file cannot be read or holds no net.
    """
    try:
        with open_regular(path) as file:
            data = file.read()
    except OSError as error:
        raise Caffe2Error(f"cannot read {path}: {error.strerror}") from error
    try:
        if path.suffix in _TEXT:
            net = caffe2_pb2.NetDef()
            text_format.Parse(data, net)
            require_text(net)
        else:
            net = parse(caffe2_pb2.NetDef, data)
        if not net.op or not all(op.type for op in net.op):
            raise Caffe2Error("it has no operators")
    except (Caffe2Error, UnicodeDecodeError, text_format.ParseError) as error:
        raise Caffe2Error(f"{path} is not a net of Caffe2 (a NetDef): {error}") from error
    return net
