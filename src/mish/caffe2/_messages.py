"""Messages from bytes and from files."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from google.protobuf import text_format  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from mish._support.files import open_regular
from mish.caffe2._contract.errors import Caffe2Error
from mish.caffe2.proto import caffe2_pb2

_TEXT = {".pbtxt", ".prototxt", ".txt"}

_M = TypeVar("_M", caffe2_pb2.NetDef, caffe2_pb2.OperatorDef)


def parse(kind: type[_M], data: bytes) -> _M:
    """Parse a net or an operator.

    Raises:
        Caffe2Error: the bytes are none, or a name in it is not UTF-8.
    """
    try:
        parsed: _M = kind.FromString(data)
    except (DecodeError, UnicodeDecodeError) as error:  # the latter in pure Python
        raise Caffe2Error(
            f"these bytes are no {kind.__name__}, or they are truncated or damaged: {error}"
        ) from error
    require_text(parsed)
    return parsed


def require_text(message: caffe2_pb2.NetDef | caffe2_pb2.OperatorDef) -> None:
    """See that names are text: protobuf gives bytes where they are not UTF-8.

    Raises:
        Caffe2Error: one is not.
    """
    if isinstance(message, caffe2_pb2.OperatorDef):
        names = [message.type, message.name, *message.input, *message.output]
        names += [argument.name for argument in message.arg]
    else:
        names = [message.name, *message.external_input, *message.external_output]
        for op in message.op:
            require_text(op)
    if not all(isinstance(name, str) for name in names):
        raise Caffe2Error(f"a name in the {type(message).__name__} is not UTF-8")


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
