"""The names of the activations, and the others by which people ask for them."""

from __future__ import annotations

import difflib

ACTIVATIONS = ("mish", "silu", "gelu", "gelu_tanh", "softplus", "elu", "hard_swish", "relu")
"""The names of the activations that there are facts of."""

_OTHER_NAMES = {
    "swish": "silu",
    "gelu_erf": "gelu",
    "gelu_new": "gelu_tanh",
    "hardswish": "hard_swish",
    "hswish": "hard_swish",
    "hard_silu": "hard_swish",
}


def check_name(name: str, argument: str = "activation") -> None:
    """See that there is an activation of a name.

    Raises:
        ValueError: there is none; the message names the argument, and the activation that is meant
            if that can be told.
    """
    if name in ACTIVATIONS:
        return
    plain = name.lower().replace("-", "_")
    near = difflib.get_close_matches(plain, [*ACTIVATIONS, *_OTHER_NAMES], n=1, cutoff=0.7)
    meant = _OTHER_NAMES.get(near[0], near[0]) if near else None
    hint = "" if meant is None else f"; did you mean {meant}?"
    raise ValueError(f"{argument} must be one of {', '.join(ACTIVATIONS)}, not {name!r}{hint}")
