"""References to blobs by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias

from mish.caffe2._build import scope


class _Net(Protocol):
    """What a reference needs of the net that its blob comes from: a method for each operator."""

    def __getattr__(self, op_type: str) -> Callable[..., Any]: ...


class BlobReference:
    """The name of a blob, and the net that it comes from, if any.

    It equals its name. ``blob.Relu(...)`` adds an operator on the blob to its net.
    """

    def __init__(self, name: str | bytes | BlobReference, net: _Net | None = None) -> None:
        self._name = name.decode() if isinstance(name, bytes) else str(name)
        self._net = net

    def __eq__(self, other: object) -> bool:
        if isinstance(other, bytes):
            return self._name == other.decode()
        return isinstance(other, str | BlobReference) and self._name == str(other)

    def __hash__(self) -> int:
        return hash(self._name)

    def __str__(self) -> str:
        return self._name

    def __repr__(self) -> str:
        return f'BlobReference("{self._name}")'

    def __add__(self, other: str) -> BlobReference:
        return BlobReference(self._name + other, self._net)

    def __radd__(self, other: str) -> BlobReference:
        return BlobReference(other + self._name, self._net)

    def Net(self) -> _Net | None:
        """The net that the blob comes from."""
        return self._net

    def GetNameScope(self) -> str:
        """The name up to and with its last slash."""
        return self._name[: self._name.rfind(scope.SEPARATOR) + 1]

    def GetUnscopedName(self) -> str:
        """The name after its last slash."""
        return self._name[self._name.rfind(scope.SEPARATOR) + 1 :]

    def __getattr__(self, op_type: str) -> Callable[..., Any]:
        if op_type.startswith("_"):
            raise AttributeError(f"a BlobReference has no attribute {op_type}")
        if self._net is None:
            raise AttributeError(
                f"the blob '{self._name}' comes from no net that {op_type} could be added to; "
                "call it on a net"
            )
        add = getattr(self._net, op_type)

        def on_this_blob(inputs: Blobs = (), *args: Any, **options: Any) -> Any:
            return add([self, *as_list(inputs)], *args, **options)

        return on_this_blob


Blob: TypeAlias = str | bytes | BlobReference
Blobs: TypeAlias = Blob | Iterable[Blob]


def ScopedName(name: str | bytes) -> str:
    """The name with the current name scope before it."""
    return scope.CurrentNameScope() + (name.decode() if isinstance(name, bytes) else name)


def ScopedBlobReference(name: str | bytes, net: _Net | None = None) -> BlobReference:
    """A reference to the blob of that name in the current name scope."""
    return BlobReference(ScopedName(name), net)


def as_list(blobs: Blobs) -> list[Blob]:
    """One blob or several, as a list."""
    return [blobs] if isinstance(blobs, str | bytes | BlobReference) else list(blobs)


def references(blobs: Blobs, net: _Net | None = None) -> list[BlobReference]:
    """References to blobs: strings are taken within the current name scope.

    Raises:
        TypeError: something is neither a string nor a reference.
    """
    if not isinstance(blobs, str | bytes | BlobReference | list | tuple):
        raise TypeError(f"blobs must be a name, a BlobReference or a list of these, not {blobs!r}")
    found = []
    for blob in as_list(blobs):
        if isinstance(blob, BlobReference):
            found.append(blob)
        elif isinstance(blob, str | bytes):
            found.append(ScopedBlobReference(blob, net))
        else:
            raise TypeError(f"a blob must be a name or a BlobReference, not {blob!r}")
    return found
