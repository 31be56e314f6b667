"""What a workspace holds: blobs by name, and nets by name."""

from __future__ import annotations

import numpy as np

from mish.caffe2._contract.errors import Caffe2Error
from mish.caffe2._contract.registry import Array
from mish.caffe2._contract.tensors import DTYPE_NAMES, Caffe2TensorToNumpyArray
from mish.caffe2._run.operator import PreparedNet, frozen
from mish.caffe2.proto import caffe2_pb2


class Store:
    """Blobs and nets.

    Attributes:
        blobs: read-only arrays, or bytes, or None for a blob that has no value yet.
        nets: the nets that were created.
    """

    def __init__(self) -> None:
        self.blobs: dict[str, Array | bytes | None] = {}
        self.nets: dict[str, PreparedNet] = {}

    def feed(self, blob: str, value: object) -> None:
        """Put in a copy of a value; what is allowed is told at ``workspace.FeedBlob``."""
        if isinstance(value, caffe2_pb2.TensorProto):
            value = Caffe2TensorToNumpyArray(value)
        if isinstance(value, str | bytes):
            self.blobs[blob] = value.encode() if isinstance(value, str) else value
        elif isinstance(value, np.ndarray):
            self.blobs[blob] = frozen(_copied(blob, value))
        else:
            raise Caffe2Error(
                f"the blob '{blob}' must be fed a NumPy array, a TensorProto or a string, not "
                f"{type(value).__name__}; numpy.array(...) makes an array"
            )

    def value(self, blob: str) -> Array | bytes:
        """What a blob holds.

        Raises:
            Caffe2Error: there is no such blob, or it has no value yet.
        """
        self.require(blob)
        value = self.blobs[blob]
        if value is None:
            raise Caffe2Error(
                f"the blob '{blob}' has no value yet: nothing was fed to it, and no operator has "
                "written it"
            )
        return value

    def tensor(self, blob: str) -> Array:
        """What a blob holds, which must be a tensor.

        Raises:
            Caffe2Error: there is no such blob, it has no value yet, or holds a string.
        """
        value = self.value(blob)
        if isinstance(value, bytes):
            raise Caffe2Error(f"the blob '{blob}' holds a string, expected a tensor")
        return value

    def net(self, name: str) -> PreparedNet:
        """A net that was created.

        Raises:
            Caffe2Error: there is none of that name.
        """
        if name not in self.nets:
            raise Caffe2Error(
                f"there is no net '{name}' in the workspace; workspace.CreateNet takes one in"
            )
        return self.nets[name]

    def require(self, blob: str) -> None:
        """See that there is a blob, with or without a value.

        Raises:
            Caffe2Error: there is none.
        """
        if blob not in self.blobs:
            names = sorted(self.blobs)
            known = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
            raise Caffe2Error(
                f"there is no blob '{blob}' in the workspace, which has {known or 'no blobs'}; "
                "workspace.FeedBlob makes one"
            )


def _copied(blob: str, array: Array) -> Array:
    """A copy in row-major order and the machine's byte order; strings become bytes objects."""
    if array.dtype.kind in "SUO":
        texts = [text.encode() if isinstance(text, str) else text for text in array.ravel()]
        if not all(isinstance(text, bytes) for text in texts):
            raise Caffe2Error(f"the blob '{blob}' must hold numbers or strings, not other objects")
        held = np.empty(array.size, object)
        held[:] = texts
        return held.reshape(array.shape)
    if array.dtype.name not in DTYPE_NAMES:
        raise Caffe2Error(
            f"the blob '{blob}' cannot hold {array.dtype}; expected one of {', '.join(DTYPE_NAMES)}"
        )
    return np.array(array, array.dtype.newbyteorder("="), order="C", copy=True, subok=False)
