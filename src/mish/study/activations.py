"""The activations that studies compare: a registry, which takes more.

>>> import torch
>>> from mish.study import activations
>>> activations.register("softsign", torch.nn.Softsign, smooth=False)
>>> round(activations.get("softsign").gain, 4)  # keeps the variance from layer to layer
2.3375
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mish._support.extras import needs

if TYPE_CHECKING:
    import torch

COMPARED = ("mish", "relu", "leaky_relu", "silu", "gelu", "elu", "tanh", "softplus")
"""The activations that every study compares."""


@dataclass(frozen=True)
class Activation:
    """An activation that networks of a study can be made with.

    Attributes:
        name: what it is called in cells and tables.
        make: makes a new module of it.
        smooth: whether all its derivatives exist everywhere.
    """

    name: str
    make: Callable[[], torch.nn.Module]
    smooth: bool

    @functools.cached_property
    def gain(self) -> float:
        """The gain for weights that follow it: 1/√E[f(z)²], z standard normal."""
        with needs("study", "mish.study"):
            from mish.facts import ACTIVATIONS
            from mish.facts.gains import forward_gain, gain
        return gain(self.name).forward if self.name in ACTIVATIONS else forward_gain(self.values)

    def values(self, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Its values at numbers."""
        import torch

        with torch.no_grad():
            return np.asarray(self.make()(torch.from_numpy(x)), dtype=np.float64)


def get(name: str) -> Activation:
    """Find an activation.

    Raises:
        ValueError: there is none of that name; the message says which one may be meant.
        MissingExtra: PyTorch is not installed.
    """
    with needs("study", "mish.study"):
        import torch  # noqa: F401
    if name not in _REGISTRY:
        near = difflib.get_close_matches(name.lower().replace("-", "_"), _REGISTRY, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"activation must be one of {', '.join(names())}, not {name!r}{hint}")
    return _REGISTRY[name]


def names() -> tuple[str, ...]:
    """All names: what is compared, ``torch-mish``, which is PyTorch's own, and what was added."""
    return tuple(_REGISTRY)


def register(name: str, make: Callable[[], torch.nn.Module], *, smooth: bool) -> None:
    """Add an activation, in this process; worker processes know it if a module of a study adds it.

    Args:
        name: what it is called from here on.
        make: makes a new module, which maps each element of a tensor to one of the result.
        smooth: whether all its derivatives exist everywhere.

    Raises:
        ValueError: the name is taken, or the module changes the shape, has no derivative that
            training could follow, or has one that is not that of its values.
        MissingExtra: PyTorch is not installed.
    """
    with needs("study", "mish.study"):
        import torch  # noqa: F401
    if name in _REGISTRY:
        raise ValueError(f"name must be new, and there is an activation {name!r} already")
    _check_derivative(name, make)
    _REGISTRY[name] = Activation(name, make, smooth)


def adopt(activation: Activation) -> None:
    """Take an activation from another process, which registered it, unless the name is known."""
    _REGISTRY.setdefault(activation.name, activation)


def _check_derivative(name: str, make: Callable[[], torch.nn.Module]) -> None:
    """Compare the derivative that training would follow with differences of values."""
    import torch

    step = 1e-6
    # odd multiples of 1/64: no kink of a usual activation lies at one
    x = torch.arange(-255, 256, 2, dtype=torch.float64) / 64
    module = make()
    leaf = x.clone().requires_grad_()
    y = module(leaf)
    if y.shape != x.shape:
        raise ValueError(
            f"activation {name!r} must keep the shape {tuple(x.shape)}, not make {tuple(y.shape)}"
        )
    if not y.requires_grad:
        raise ValueError(
            f"activation {name!r} has no derivative: its result does not depend on its input for "
            "autograd; write it with differentiable operations, or as a torch.autograd.Function"
        )
    (slope,) = torch.autograd.grad(y.sum(), leaf)
    with torch.no_grad():
        difference = (module(x + step) - module(x - step)) / (2 * step)
    finite = y.isfinite() & slope.isfinite()
    if not finite.all():
        at = x[~finite][0].item()
        raise ValueError(f"activation {name!r} or its derivative is no finite number at {at}")
    if not slope.any():
        raise ValueError(f"activation {name!r} has the derivative 0 everywhere; it cannot train")
    wrong = (slope - difference).abs() > 1e-4 * (1 + slope.abs())
    if wrong.any():
        at = int(wrong.nonzero()[0])
        raise ValueError(
            f"activation {name!r} has a derivative that is not that of its values: at {x[at]} it "
            f"is {slope[at]:.6g}, but differences give {difference[at]:.6g}"
        )


def _mish() -> torch.nn.Module:
    from mish.torch import Mish

    return Mish()


def _torch_mish() -> torch.nn.Module:
    from torch import nn

    from mish.torch import _state

    if _state.accelerated:
        raise RuntimeError(
            "activation torch-mish is PyTorch's own Mish, but mish.torch.accelerate() holds and "
            "makes it ours; undo that first"
        )
    return nn.Mish()


def _of_torch(name: str) -> Callable[[], torch.nn.Module]:
    """A maker of one of PyTorch's modules, which imports PyTorch when it is called."""

    def make() -> torch.nn.Module:
        from torch import nn

        module: torch.nn.Module = getattr(nn, name)()
        return module

    return make


_REGISTRY = {
    each.name: each
    for each in (
        Activation("mish", _mish, smooth=True),
        Activation("relu", _of_torch("ReLU"), smooth=False),
        Activation("leaky_relu", _of_torch("LeakyReLU"), smooth=False),
        Activation("silu", _of_torch("SiLU"), smooth=True),
        Activation("gelu", _of_torch("GELU"), smooth=True),
        Activation("elu", _of_torch("ELU"), smooth=False),
        Activation("tanh", _of_torch("Tanh"), smooth=True),
        Activation("softplus", _of_torch("Softplus"), smooth=True),
        Activation("torch-mish", _torch_mish, smooth=True),
    )
}

SHIPPED = frozenset(_REGISTRY)
"""The names that every process knows; others must be sent to worker processes."""
