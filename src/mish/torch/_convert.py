"""Mish modules of other packages replaced by ours: `convert`."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from mish.torch._module import Mish
from mish.torch._ops import derivative_formula, mish_formula

# Where implementations differ, if anywhere; and the middle, where imitations differ. In float64 a
# real Mish agrees far below this bound, also one that loses the digits of its left tail.
_POINTS = [-1e4, -800, -104, -88.8, -40, -20, -17, -1.1924312, -1e-3, 0, 1e-3, 8, 19, 20, 21, 40]
_POINTS += [88.8, 104, 800, 1e4]
_TOLERANCE = 1e-10


def convert(module: nn.Module) -> dict[str, str]:
    """Make every Mish module in ``module``, itself included, a `mish.torch.Mish`.

    What counts as one: `torch.nn.Mish`; and modules of any class outside of PyTorch that have no
    parameters and no buffers and turn out to be Mish when they are evaluated, values and gradients,
    in both training and evaluation mode. Those of timm, MONAI and transformers and hand-written
    x·tanh(softplus(x)) do. They are evaluated as copies, and the random state is kept.

    The objects stay the same and change their class, so hooks, shared modules and references to
    them hold. State dicts are unchanged. A module that works in place, as seen when it is
    evaluated, goes on to do so. Calls of `torch.nn.functional.mish` are no modules; see
    `accelerate`.

    Args:
        module: the model, changed in place.

    Returns:
        The name of each changed module, as `torch.nn.Module.named_modules` gives it, and the class
        that it had.

    Raises:
        TypeError: if ``module`` is no `torch.nn.Module`.
    """
    if not isinstance(module, nn.Module):
        raise TypeError(f"module must be a torch.nn.Module, not {type(module).__name__}")
    names: dict[str, str] = {}
    _visit(module, "", names, {})
    return names


def _visit(module: nn.Module, name: str, names: dict[str, str], changed: dict[int, str]) -> None:
    """Change ``module`` or what lies in it; ``changed`` knows shared modules by their identity."""
    if id(module) not in changed and _may_be_mish(module):
        was = f"{type(module).__module__}.{type(module).__qualname__}"
        inplace = _works_in_place(module)
        if inplace is not None:
            _become_mish(module, inplace)
            changed[id(module)] = was
    if id(module) in changed:
        names[name] = changed[id(module)]
        return
    for key, child in list(module._modules.items()):
        if child is not None:
            _visit(child, f"{name}.{key}" if name else key, names, changed)


def _may_be_mish(module: nn.Module) -> bool:
    if type(module) in (nn.Mish, Mish):
        return type(module) is nn.Mish
    if type(module).__module__.startswith("torch."):  # compiled and scripted modules among them
        return False
    if any(isinstance(each, nn.Mish) for each in module.modules()):
        return isinstance(module, nn.Mish)  # a container: what it holds is changed
    return next(module.parameters(), None) is None and next(module.buffers(), None) is None


def _works_in_place(module: nn.Module) -> bool | None:
    """None if the module is not Mish, else whether it writes its result into its input."""
    if type(module) is nn.Mish:
        return module.inplace
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            found = {_evaluate(copy.deepcopy(module).train(mode)) for mode in (False, True)}
    except Exception:  # whatever a module that is not Mish may raise
        return None
    return found.pop() if len(found) == 1 else None


def _evaluate(module: nn.Module) -> bool | None:
    grid = torch.linspace(-30, 30, 2045, dtype=torch.float64)
    x = torch.cat([torch.tensor(_POINTS, dtype=torch.float64), grid])
    leaf = x.clone().requires_grad_()
    given = leaf.clone()
    y = module(given)
    if not _close(y, mish_formula(x), x):
        return None
    (gradient,) = torch.autograd.grad(y.sum(), leaf)
    # Where exp overflows, the gradient of log(1 + exp(x)) is NaN; ours need not be.
    middle = x.abs() <= 104
    if not _close(gradient[middle], derivative_formula(x[middle], 1), x[middle]):
        return None
    # Elementwise: the same numbers in another shape and order.
    matrix = x.flip(0)[:-1].reshape(4, -1, 2)
    if not _close(module(matrix.clone()), mish_formula(matrix), matrix):
        return None
    return bool(y is given)


def _close(got: object, expected: Tensor, x: Tensor) -> bool:
    return (
        isinstance(got, Tensor)
        and got.shape == expected.shape
        and got.dtype == expected.dtype
        and bool(torch.all((got - expected).abs() <= _TOLERANCE * (1 + x.abs())))
    )


def _become_mish(module: nn.Module, inplace: bool) -> None:
    module._modules.clear()
    module.__class__ = Mish
    vars(module)["inplace"] = inplace
