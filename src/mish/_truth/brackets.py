"""How far inverses are from the truth: by the function itself, on either side of each result.

Mish is monotonic on each branch, so the exact x of an output y lies between two points if y lies
between their images. The float64 kernel gives those: its error moves them by less than a
thousandth of a float32 ulp of x, next to the minimum too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mish._numpy import native

if TYPE_CHECKING:
    import numpy.typing as npt

    from mish._taylor.inverse import Branch

_AT_MINIMUM = -1.1924312145154952
_SIDE = {"right": 1.0, "left": -1.0}


def holds(
    x: npt.NDArray[Any], y: npt.NDArray[Any], branch: Branch, within: float
) -> npt.NDArray[np.bool_]:
    """Tell where the exact inverse of y is less than some part of an ulp away from x.

    Args:
        x: results in float32.
        y: outputs of Mish that the branch reaches, in float32; not NaN, and on the left not 0.
        branch: ``"right"`` or ``"left"`` of the minimum.
        within: which part of the distance to the next float32 on either side, above 0.5.

    Returns:
        Truth values of the shape of ``x``.
    """
    centre, outputs = x.astype(np.float64), y.astype(np.float64)
    side = _SIDE[branch]
    ends = []
    for towards in (-side, side):  # the minimum, and away from it
        with np.errstate(over="ignore"):
            neighbour = np.nextafter(x, np.float32(towards * np.inf)).astype(np.float64)
        # beyond the largest float32, where the next one would be with a wider exponent
        neighbour = np.where(np.isfinite(neighbour), neighbour, np.copysign(2.0**128, neighbour))
        ends.append(centre + within * (neighbour - centre))
    inner, outer = ends
    past = (inner - _AT_MINIMUM) * side < 0  # on the other branch, where no output is lower
    held: npt.NDArray[np.bool_] = past | (native.mish(inner) <= outputs)
    held &= outputs <= native.mish(outer)
    return held
