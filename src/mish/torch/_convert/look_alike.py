"""Whether a module, or a function of one tensor, is Mish: judged by its values in float64."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

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


def works_in_place(module: nn.Module) -> bool:
    """Whether a module that is Mish writes its result into its input.

    It is evaluated as a copy, in training and in evaluation mode; the random state is kept.

    Raises:
        NotMish: if it is not Mish.
    """
    if type(module) is nn.Mish:
        return module.inplace
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


def _evaluate(module: nn.Module) -> bool:
    x = points()
    leaf = x.clone().requires_grad_()
    given = leaf.clone()
    y = module(given)
    compare("values", y, mish_formula(x), x)
    inplace = y is given
    try:
        (gradient,) = torch.autograd.grad(y.sum(), leaf)
    except RuntimeError:
        # What needs its input for the backward pass and writes over it cannot be trained as it is.
        if not inplace:
            raise
    else:
        # Where exp overflows, the gradient of log(1 + exp(x)) is NaN; ours need not be.
        middle = x.abs() <= 104
        compare("gradients", gradient[middle], derivative_formula(x[middle], 1), x[middle])
    # Elementwise: the same numbers in another shape and order.
    matrix = x.flip(0)[:-1].reshape(4, -1, 2)
    compare("values in another shape", module(matrix.clone()), mish_formula(matrix), matrix)
    return inplace


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
