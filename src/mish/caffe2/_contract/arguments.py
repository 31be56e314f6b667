"""The arguments of operators: making them from Python values, and reading them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from google.protobuf.message import Message  # type: ignore[import-untyped]

from mish.caffe2._contract.errors import Caffe2Error
from mish.caffe2.proto import caffe2_pb2

_FIELDS = {
    "f": "a float",
    "i": "an integer",
    "s": "a string",
    "floats": "a list of floats",
    "ints": "a list of integers",
    "strings": "a list of strings",
    "t": "a tensor",
    "n": "a net",
}

_LISTS = {"f": "floats", "i": "ints", "s": "strings", "n": "nets"}


def MakeArgument(key: str, value: object) -> caffe2_pb2.Argument:
    """Make an argument; the type of the value decides which field holds it.

    Args:
        key: the argument's name.
        value: a float, an integer, a boolean (held as an integer), a string, a net, another
            message (held serialised), a NumPy number or array, or a list of one kind of these.
            A NumPy array is flattened.

    Raises:
        ValueError: the value is none of these.
    """
    argument = caffe2_pb2.Argument(name=key)
    if isinstance(value, np.ndarray | np.generic):
        value = value.ravel().tolist() if isinstance(value, np.ndarray) else value.item()
    if isinstance(value, str | bytes | Message) or not isinstance(value, Iterable):
        field, held = _one(value)
        if field == "n":
            argument.n.CopyFrom(held)
        elif field:
            setattr(argument, field, held)
    else:
        items = [_one(item.item() if isinstance(item, np.generic) else item) for item in value]
        fields = {field for field, _ in items} or {"f"}  # Caffe2 calls an empty list floats
        field = fields.pop() if len(fields) == 1 else None
        if field:
            getattr(argument, _LISTS[field]).extend(held for _, held in items)
    if not field:
        raise ValueError(
            f"the argument {key} must be a number, a string, a message, or a list of one kind of "
            f"these, not {value!r}"
        )
    return argument


def _one(value: object) -> tuple[str | None, Any]:
    """The field for a single value, None if there is none, and what it holds."""
    if isinstance(value, float):
        return "f", value
    if isinstance(value, int):  # booleans too
        return "i", int(value)
    if isinstance(value, str | bytes):
        return "s", value.encode() if isinstance(value, str) else value
    if isinstance(value, caffe2_pb2.NetDef):
        return "n", value
    if isinstance(value, Message):
        return "s", value.SerializeToString()
    return None, value


class Arguments:
    """Reads the arguments of one operator.

    As in Caffe2, an argument of the wrong type is an error, and unknown ones do not matter.
    """

    def __init__(self, operator: caffe2_pb2.OperatorDef) -> None:
        self._owner = operator.type
        self._all = {argument.name: argument for argument in operator.arg}

    def __contains__(self, name: str) -> bool:
        return name in self._all

    def number(self, name: str, default: float) -> float:
        """Read a float."""
        return default if name not in self else float(self._field(name, "f"))

    def integer(self, name: str, default: int) -> int:
        """Read an integer, or a boolean as 0 or 1."""
        return default if name not in self else int(self._field(name, "i"))

    def text(self, name: str, default: str) -> str:
        """Read a string."""
        held = default.encode() if name not in self else self._field(name, "s")
        try:
            return str(held.decode())
        except UnicodeDecodeError:
            raise Caffe2Error(
                f"operator {self._owner}: the argument {name} is not UTF-8: {held!r}"
            ) from None

    def integers(self, name: str, default: Sequence[int] = ()) -> list[int]:
        """Read a list of integers."""
        return list(default) if name not in self else list(self._field(name, "ints"))

    def numbers(self, name: str, default: Sequence[float] = ()) -> list[float]:
        """Read a list of floats."""
        return list(default) if name not in self else list(self._field(name, "floats"))

    def kind(self, name: str) -> str | None:
        """Which field of an argument is set: ``f``, ``i``, ``s``, ``floats``, ..., or None."""
        set_fields = {field.name for field, _ in self._all[name].ListFields()}
        return next((field for field in _FIELDS if field in set_fields), None)

    def _field(self, name: str, field: str) -> Any:
        kind = self.kind(name)
        if kind != field and not (kind is None and field.endswith("s") and len(field) > 1):
            found = _FIELDS.get(kind or "", "nothing")
            raise Caffe2Error(
                f"operator {self._owner}: the argument {name} holds {found}, expected "
                f"{_FIELDS[field]}"
            )
        return getattr(self._all[name], field)
