"""A model that keeps less in training: `lean`."""

from __future__ import annotations

from types import TracebackType
from typing import Any, NamedTuple

from torch import nn

from mish.torch._lean.account import kept_bytes
from mish.torch._lean.sites import Change, Place, Plan


class Saving(NamedTuple):
    """What `Lean.saving` returns: bytes kept of one forward pass."""

    before: int
    after: int

    def __str__(self) -> str:
        """In megabytes."""
        part = 1 - self.after / self.before if self.before else 0.0
        return (
            f"kept for the backward pass: {self.before / 1e6:.1f} MB before, "
            f"{self.after / 1e6:.1f} MB now, {part:.0%} less"
        )


class Lean(dict[str, Place]):
    """What `lean` did: the name of each place, what stood there, what is kept now, and why.

    It is a context manager too, which undoes everything at the end. ``str`` makes a table of it.

    Attributes:
        left: the name of each place that was looked at and left, and why.
    """

    def __init__(self, model: nn.Module, plan: Plan) -> None:
        super().__init__(plan.places)
        self.left = plan.left
        self._model = model
        self._changes: list[Change] = plan.changes

    def __enter__(self) -> Lean:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.undo()

    def undo(self) -> None:
        """Give every module back the class and the attributes that it had."""
        while self._changes:
            self._changes.pop().undo()

    def saving(self, *inputs: Any, **options: Any) -> Saving:
        """Call the model as it was and as it is now, and add up what autograd keeps.

        The random state and running statistics are put back.

        Args:
            inputs: what the model is called with.
            options: the same, by name.
        """
        after = kept_bytes(self._model, *inputs, **options)
        for change in reversed(self._changes):
            change.undo()
        try:
            before = kept_bytes(self._model, *inputs, **options)
        finally:
            for change in self._changes:
                change.do()
        return Saving(before, after)

    def __str__(self) -> str:
        """A line for each place."""
        rows = [(name or "the model", place.save, place.why) for name, place in self.items()]
        rows += [(name or "the model", "left", why) for name, why in self.left.items()]
        widths = [max((len(row[i]) for row in rows), default=0) for i in (0, 1)]
        return "\n".join(f"{a:{widths[0]}}  {b:{widths[1]}}  {c}" for a, b, c in rows)


def lean(model: nn.Module, save: str = "auto", otherwise: str = "input") -> Lean:
    """Make a model keep less for the backward pass, where that is safe.

    Replaced are Mish modules, as `mish.torch.convert` finds them; batch and group normalisations
    that feed nothing but one Mish, which become `mish.torch.BatchNormMish` and `GroupNormMish`,
    those of timm with Mish inside too; and calls of `torch.nn.functional.mish` in ``forward``
    methods. The objects stay the same and change their class; parameters, buffers and state dicts
    stay as they are.

    Where an output goes is read from the ``forward`` methods of the model, each traced by torch.fx.
    With ``save="auto"`` the output is kept where a convolution, a linear layer, a matrix product or
    another that needs its input keeps it anyway; a normalisation that feeds a Mish keeps its own
    input, or the output. An output that somebody writes over, or that cannot be followed, is not
    kept.

    Args:
        model: changed in place.
        save: ``"auto"``, or what all shall keep; see `mish.torch.mish`. Normalisations, which keep
            their input or the output, take ``"input"`` for ``"1bit"`` to ``"4bit"``.
        otherwise: with ``"auto"``, what a Mish keeps whose output nobody keeps: ``"input"``, or
            ``"4bit"`` and the like, which makes gradients rough.

    Returns:
        A dict of what was done, with the methods ``undo`` and ``saving``.

    Raises:
        TypeError: if ``model`` is no `torch.nn.Module`.
        ValueError: if ``save`` or ``otherwise`` is none of these.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, not {type(model).__name__}")
    plan = Plan(model, save, otherwise)
    for change in plan.changes:
        change.do()
    return Lean(model, plan)
