"""Lets the ufuncs take pint's dimensionless quantities, as np.exp does, when pint is there."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

from mish._numpy import native
from mish._support.when_imported import when_imported

_UFUNCS = (native.mish, native.mish_d1, native.mish_d2, native.mish_d3, native.mish_grad)


def register_when_available() -> None:
    """Register now, or as soon as pint's part for NumPy has been imported."""
    when_imported("pint.facets.numpy.numpy_func", _register)


def _register(numpy_func: ModuleType) -> None:
    for ufunc in _UFUNCS:  # pint knows ufuncs by their names
        numpy_func.implements(ufunc.__name__, "ufunc")(functools.partial(_call, ufunc))


def _call(ufunc: Any, *inputs: Any, **options: Any) -> Any:
    """Raise what pint raises for a quantity that has a dimension."""
    quantities = [each for each in inputs if hasattr(each, "m_as")]
    if not quantities or "out" in options:
        return NotImplemented
    plain = [each.m_as("dimensionless") if hasattr(each, "m_as") else each for each in inputs]
    return type(quantities[0])(ufunc(*plain, **options), "dimensionless")
