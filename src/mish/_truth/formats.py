"""The four binary formats that Mish is computed in, and what rounding to them needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt  # importing it takes a tenth of the time of `import mish`


class Format(NamedTuple):
    """One binary floating-point format."""

    precision: int  # bits of the significand, the hidden one included
    least: int  # the least subnormal is 2**least
    top: int  # finite values lie below 2**top

    def spacing(self, top: int) -> int:
        """Give the exponent of the unit in the last place in the binade that ends at 2**top."""
        return max(top - self.precision, self.least)


_FORMATS = {
    "float16": Format(11, -24, 16),
    "bfloat16": Format(8, -133, 128),
    "float32": Format(24, -149, 128),
    "float64": Format(53, -1074, 1024),
}

BYTES = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}
"""The size of an element by the name of its format; no package is needed to know it."""


def as_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Make a NumPy dtype of one of the four formats.

    Raises:
        ModuleNotFoundError: ``dtype`` is ``"bfloat16"`` and ml_dtypes is not installed.
        TypeError: ``dtype`` is not one of the four formats.
    """
    if dtype == "bfloat16":
        import ml_dtypes  # registers the name with NumPy

        dtype = ml_dtypes.bfloat16
    found = np.dtype(dtype)
    if found.name not in _FORMATS:
        raise TypeError(f"dtype must be one of {', '.join(_FORMATS)}, not {found.name}")
    return found


def format_of(dtype: npt.DTypeLike) -> Format:
    """Look up the format of a NumPy dtype; raises as ``as_dtype`` does."""
    return _FORMATS[as_dtype(dtype).name]
