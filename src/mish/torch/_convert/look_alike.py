"""Whether a module, or a function of one tensor, is Mish: judged by its values in float64.

Mish of a scale k too, mish(kx)/k = x·tanh(softplus(kx)).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mish._support.scale import OCTAVES, told
from mish.torch._ops import derivative_formula, mish_formula

# Where implementations differ, if anywhere; and the middle, where imitations differ. In float64 a
# real Mish agrees far below this bound, also one that loses the digits of its left tail.
_HARD = [-1e4, -800, -104, -88.8, -40, -20, -17, -1.1924312, -1e-3, 0, 1e-3, 8, 19, 20, 21, 40]
_HARD += [88.8, 104, 800, 1e4, 1e6, 3e38, -1e6, -3e38]
_TOLERANCE = 1e-10


class NotMish(Exception):
    """Says in what a module differs from Mish."""


def points() -> Tensor:
    """Where values are compared; fewer than PyTorch divides among threads."""
    grid = torch.linspace(-30, 30, 993, dtype=torch.float64)
    return torch.cat([torch.tensor(_HARD, dtype=torch.float64), grid])


class Likeness(NamedTuple):
    """What a module that is Mish does beside.

    Attributes:
        inplace: whether it writes its result into its input.
        scale: k, where it is mish(kx)/k; 1 for Mish itself.
    """

    inplace: bool
    scale: float


def works_in_place(module: nn.Module) -> bool:
    """Whether a module that is Mish itself writes its result into its input.

    Raises:
        NotMish: if it is not Mish, or Mish of a scale.
    """
    inplace, scale = likeness(module)
    if scale != 1:
        raise NotMish(f"it is Mish of the scale {scale:.7g}")
    return inplace


def likeness(module: nn.Module) -> Likeness:
    """What a module that is Mish, with a scale or without, does beside.

    It is evaluated as a copy, in training and in evaluation mode; the random state is kept.

    Raises:
        NotMish: if it is not Mish.
    """
    if type(module) is nn.Mish:
        return Likeness(module.inplace, 1.0)
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            training, evaluation = (
                _evaluate(copy.deepcopy(module).train(mode)) for mode in (True, False)
            )
    except NotMish:
        raise
    except Exception as error:  # whatever a module that is not Mish may raise
        text = str(error).partition("\n")[0]
        raise NotMish(f"it raised {type(error).__name__}: {text}") from error
    if training != evaluation:
        raise NotMish("it works in place in one mode, training or evaluation, and not in the other")
    return training


def scale_of(function: Callable[[Tensor], Tensor]) -> float:
    """The scale k for which a function is mish(kx)/k by its values; 1 for Mish itself.

    Raises:
        NotMish: if there is none.
    """
    x = points()
    try:
        compare("values", function(x.clone()), mish_formula(x), x)
    except NotMish:
        octaves = torch.from_numpy(OCTAVES.copy())
        values = function(octaves)
        right = isinstance(values, Tensor) and values.shape == octaves.shape
        scale = told(values.detach().numpy()) if right else None
        if scale is None:
            raise
        if not _is_scaled(function, x / scale, scale):
            raise
        return scale
    return 1.0


def _is_scaled(function: Callable[[Tensor], Tensor], x: Tensor, scale: float) -> bool:
    inner = scale * x
    try:
        compare("values", function(x) * scale, mish_formula(inner), inner)
    except NotMish:
        return False
    return True


def _evaluate(module: nn.Module) -> Likeness:
    scale = scale_of(module)
    x = points() / scale
    leaf = x.clone().requires_grad_()
    given = leaf.clone()
    y = module(given)
    inplace = y is given
    try:
        (gradient,) = torch.autograd.grad(y.sum(), leaf)
    except RuntimeError:
        # What needs its input for the backward pass and writes over it cannot be trained as it is.
        if not inplace:
            raise
    else:
        # Where exp overflows, the gradient of log(1 + exp(x)) is NaN; ours need not be.
        inner = scale * x
        middle = inner.abs() <= 104
        inner = inner[middle]
        compare("gradients", gradient[middle], derivative_formula(inner, 1), inner)
    # Elementwise: the same numbers in another shape and order.
    matrix = x.flip(0)[:-1].reshape(4, -1, 2)
    inner, got = scale * matrix, module(matrix.clone()) * scale
    compare("values in another shape", got, mish_formula(inner), inner)
    return Likeness(inplace, scale)


def compare(what: str, got: object, expected: Tensor, x: Tensor) -> None:
    """Raise NotMish unless ``got`` is ``expected`` to the precision of a careless Mish at ``x``."""
    if not isinstance(got, Tensor):
        raise NotMish(f"its result is no tensor but {type(got).__name__}")
    if got.shape != expected.shape or got.dtype != expected.dtype:
        raise NotMish("its result has another shape or dtype than its input")
    wrong = ~((got - expected).abs() <= _TOLERANCE * (1 + x.abs()))
    if wrong.any():
        at, theirs, ours = (float(v[wrong][0]) for v in (x, got.detach(), expected))
        raise NotMish(f"its {what} differ: {theirs:.7g} at x = {at:.7g}, where Mish has {ours:.7g}")
