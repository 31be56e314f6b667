"""Arrays and Caffe2's tensors: which types there are, and one made from the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mish.caffe2._contract.errors import Caffe2Error
from mish.caffe2._contract.registry import Array
from mish.caffe2.proto import caffe2_pb2

_DTYPES: dict[int, tuple[type[np.generic], str]] = {  # with the field that holds the numbers
    caffe2_pb2.TensorProto.FLOAT: (np.float32, "float_data"),
    caffe2_pb2.TensorProto.DOUBLE: (np.float64, "double_data"),
    caffe2_pb2.TensorProto.INT64: (np.int64, "int64_data"),
    caffe2_pb2.TensorProto.INT32: (np.int32, "int32_data"),
    caffe2_pb2.TensorProto.INT16: (np.int16, "int32_data"),
    caffe2_pb2.TensorProto.INT8: (np.int8, "int32_data"),
    caffe2_pb2.TensorProto.UINT16: (np.uint16, "int32_data"),
    caffe2_pb2.TensorProto.UINT8: (np.uint8, "int32_data"),
    caffe2_pb2.TensorProto.BOOL: (np.bool_, "int32_data"),
    caffe2_pb2.TensorProto.FLOAT16: (np.float16, "byte_data"),
}
DTYPE_NAMES = (*(np.dtype(dtype).name for dtype, _ in _DTYPES.values()), "bfloat16")
"""The types of tensors that a blob can hold: Caffe2's, and ml_dtypes' bfloat16."""


def dtype_of(data_type: int, error: Callable[[str], Caffe2Error] = Caffe2Error) -> np.dtype[Any]:
    """The NumPy type for a TensorProto.DataType.

    Raises:
        Caffe2Error: there is none; made by ``error``.
    """
    if data_type not in _DTYPES:
        names = {value: name for name, value in caffe2_pb2.TensorProto.DataType.items()}
        raise error(f"the data type {names.get(data_type, data_type)} is not supported")
    return np.dtype(_DTYPES[data_type][0])


def data_type_of(dtype: np.dtype[Any]) -> int:
    """The TensorProto.DataType for a NumPy type; UNDEFINED where Caffe2 has none."""
    if dtype.kind == "O":
        return int(caffe2_pb2.TensorProto.STRING)
    known = {np.dtype(each): number for number, (each, _) in _DTYPES.items()}
    return int(known.get(dtype, caffe2_pb2.TensorProto.UNDEFINED))


def Caffe2TensorToNumpyArray(tensor: caffe2_pb2.TensorProto) -> Array:
    """Make an array of a tensor.

    Raises:
        Caffe2Error: its type is not supported, or it holds too few or too many numbers.
    """
    dtype = dtype_of(tensor.data_type)
    shape = tuple(tensor.dims)
    if tensor.raw_data or tensor.byte_data:
        held = tensor.raw_data or tensor.byte_data
        numbers = np.frombuffer(held[: len(held) // dtype.itemsize * dtype.itemsize], dtype)
    else:
        field = _DTYPES[tensor.data_type][1]
        numbers = np.array(getattr(tensor, field) if field != "byte_data" else [], dtype)
    if numbers.size != int(np.prod(shape, dtype=np.int64)) or min(shape, default=0) < 0:
        raise Caffe2Error(
            f"the tensor '{tensor.name}' of shape {list(shape)} holds {numbers.size} numbers"
        )
    return numbers.reshape(shape)
