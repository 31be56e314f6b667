"""Modules that change their class and attributes, and can be changed back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import Any, TypeVar

from torch import nn

Place = TypeVar("Place")
Self = TypeVar("Self", bound="UndoneAtEnd")

# the attributes that a change may set
_TOUCHED = ("inplace", "save", "scale", "mish_save", "mish_form", "mish_scale")


class Undoable(ABC):
    """Something that is done and undone."""

    @abstractmethod
    def do(self) -> None:
        """Do it."""

    @abstractmethod
    def undo(self) -> None:
        """Undo it."""


class UndoneAtEnd(ABC):
    """A context manager whose end undoes what was done when it was made."""

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.undo()

    @abstractmethod
    def undo(self) -> None:
        """Undo it."""


class Change(Undoable):
    """A module's class and attributes before and after."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._states = [_state(module)]

    def end(self) -> Change:
        """The module has become what it is to be; it goes back for now."""
        self._states.append(_state(self._module))
        self.undo()
        return self

    def do(self) -> None:
        """Make it what it is to be."""
        self._take(1)

    def undo(self) -> None:
        """Make it what it was. What was given to it since, as hooks and data, stays."""
        self._take(0)

    def _take(self, which: int) -> None:
        kind, attributes, children = self._states[which]
        vars(self._module).update(attributes)
        for name in self._states[1 - which][1].keys() - attributes.keys():
            vars(self._module).pop(name, None)
        if children != self._states[1 - which][2]:
            self._module._modules.clear()
            self._module._modules.update(children)
        self._module.__class__ = kind


def _state(module: nn.Module) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    attributes = {name: vars(module)[name] for name in _TOUCHED if name in vars(module)}
    return module.__class__, attributes, dict(module._modules)


class Changes(UndoneAtEnd, dict[str, Place]):
    """What was done to a model: the name of each place, and what is to be said of it.

    It is a context manager too, which undoes everything at the end.

    Attributes:
        left: the name of each place that was looked at and left, and why.
    """

    def __init__(
        self, places: dict[str, Place], left: dict[str, str], changes: Sequence[Undoable]
    ) -> None:
        super().__init__(places)
        self.left = left
        self._changes = list(changes)
        for change in changes:
            change.do()

    def undo(self) -> None:
        """Give every module back the class and the attributes that it had."""
        while self._changes:
            self._changes.pop().undo()


def table(rows: list[tuple[str, str, str]], left: dict[str, str]) -> str:
    """A line for each place, and for each that was left."""
    rows = [(name or "the model", what, why) for name, what, why in rows]
    rows += [(name or "the model", "left", why) for name, why in left.items()]
    widths = [max((len(row[i]) for row in rows), default=0) for i in (0, 1)]
    return "\n".join(f"{a:{widths[0]}}  {b:{widths[1]}}  {c}" for a, b, c in rows)
