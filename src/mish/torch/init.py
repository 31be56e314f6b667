"""Initial weights for networks with Mish, in the manner of ``torch.nn.init``.

>>> import torch
>>> from mish.torch import init
>>> first, second = torch.nn.Linear(64, 256), torch.nn.Linear(256, 256)
>>> weight = init.kaiming_normal_(first.weight, nonlinearity="linear")  # its inputs are data
>>> weight = init.kaiming_normal_(second.weight)  # its inputs are outputs of Mish
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

# mish.facts.gains computes them; a test holds these against it.
_GAINS = {"fan_in": 1.486847581273208, "fan_out": 1.4447552325473196}


def calculate_gain(
    nonlinearity: str = "mish", param: float | None = None, mode: str = "fan_in"
) -> float:
    """The gain of weights that follow an activation: their deviation is gain/√fan.

    For Mish it is 1.4868 with ``fan_in``, which keeps the variance of standard normal
    pre-activations from layer to layer, and 1.4448 with ``fan_out``, which keeps the mean square of
    gradients on their way back. Both are good to 1e-12.

    Args:
        nonlinearity: ``mish``, or what ``torch.nn.init.calculate_gain`` knows; ``linear`` for
            weights that no activation precedes.
        param: the parameter of the nonlinearity, which Mish has not.
        mode: ``fan_in`` or ``fan_out``; other activations than Mish have one gain for both.

    Raises:
        ValueError: the nonlinearity or the mode is unknown, or Mish is given a parameter.
    """
    if nonlinearity != "mish":
        return float(torch.nn.init.calculate_gain(nonlinearity, param))  # type: ignore[arg-type]
    if param is not None:
        raise ValueError(f"param must be None for mish, which has no parameter, not {param!r}")
    if mode not in _GAINS:
        raise ValueError(f"mode must be one of {', '.join(_GAINS)}, not {mode!r}")
    return _GAINS[mode]


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "mish",
    generator: torch.Generator | None = None,
) -> Tensor:
    """Fill weights with normal numbers of mean 0 and deviation gain/√fan, for Mish by default.

    ``torch.nn.init.kaiming_normal_`` with the gain of :func:`calculate_gain`. It is for layers
    whose input is the output of the activation. The first layer's input is data: standardised data
    keeps its variance of 1 with ``nonlinearity="linear"``. With Mish's gain there pre-activations
    would begin at variance 2.21 and grow with depth.

    Args:
        tensor: the weights, of two dimensions or more, changed in place.
        a: the slope of a leaky ReLU; for no other nonlinearity.
        mode: ``fan_in`` keeps the size of pre-activations, ``fan_out`` that of gradients.
        nonlinearity: as in :func:`calculate_gain`.
        generator: where the random numbers come from.

    Returns:
        The tensor.

    Raises:
        ValueError: a nonlinearity or a mode is unknown, or the tensor has less than two dimensions.
    """
    return _scaled(torch.nn.init.kaiming_normal_, tensor, a, mode, nonlinearity, generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "mish",
    generator: torch.Generator | None = None,
) -> Tensor:
    """Fill weights with uniform numbers between ±gain·√(3/fan), for Mish by default.

    The deviation, the arguments and the errors are those of :func:`kaiming_normal_`.
    """
    return _scaled(torch.nn.init.kaiming_uniform_, tensor, a, mode, nonlinearity, generator)


def _scaled(
    fill: Callable[..., Tensor],
    tensor: Tensor,
    a: float,
    mode: str,
    nonlinearity: str,
    generator: torch.Generator | None,
) -> Tensor:
    """Fill by PyTorch's function, for Mish as for a linear layer and then times its gain."""
    options: dict[str, Any] = {"mode": mode, "generator": generator}
    if nonlinearity != "mish":
        return fill(tensor, a, nonlinearity=nonlinearity, **options)
    gain = calculate_gain(mode=mode)
    with torch.no_grad():
        return fill(tensor, nonlinearity="linear", **options).mul_(gain)
