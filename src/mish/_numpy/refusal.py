"""What is said of arrays that hold no numbers of Mish: their type, and what to do about it."""

from __future__ import annotations

from typing import Any

import numpy as np

_DENSE = ("toarray", "todense", "to_dense")  # what sparse arrays of any package have


def of_inputs(ufunc: str, inputs: tuple[np.ndarray[Any, Any], ...]) -> str | None:
    """Say which of a ufunc's inputs it refuses; None if there is no such one."""
    names = ("dy", "x")[-len(inputs) :]
    for name, each in zip(names, inputs, strict=True):
        if not np.can_cast(each.dtype, np.float64):
            return f"{ufunc}: {of(each, name)}"
    return None


def of(array: np.ndarray[Any, Any], name: str = "x") -> str:
    """Say why the array of this name is refused."""
    refused = array.dtype.name
    if array.dtype.kind in "SUTV":  # their names end in a number of bits, which nobody asks for
        refused = refused.rstrip("0123456789")
    if array.dtype.kind == "O" and array.size:
        refused += f" ({type(array.flat[0]).__name__})"
    remedy = _remedy(array, name)
    return (
        f"{name} must hold integers, booleans or float16, bfloat16, float32 or float64 numbers, "
        f"not {refused}{'; ' if remedy else ''}{remedy}"
    )


def _remedy(array: np.ndarray[Any, Any], name: str) -> str:
    converted = f"numpy.asarray({name}, float) converts it"
    if array.dtype.kind == "c":
        return f"{name}.real is the real part"
    if array.dtype.kind in "fSUT":
        return converted
    if array.dtype.kind != "O" or not array.size:
        return ""
    first = array.flat[0]
    if sparse := next((method for method in _DENSE if hasattr(first, method)), None):
        return f"{name}.{sparse}() is a dense array"
    if hasattr(first, "nominal_value"):
        return "uncertainties.wrap(mish.mish, [mish.mish_d1]) is Mish for numbers with errors"
    if hasattr(first, "__float__"):
        return converted
    return ""
