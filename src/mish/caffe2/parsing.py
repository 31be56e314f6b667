"""Messages from bytes."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from mish.caffe2.errors import Caffe2Error
from mish.caffe2.proto import caffe2_pb2

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
