"""Functions of arrays that are no ufuncs, and behave as much like one as can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mish._numpy import refusal
from mish._truth.formats import format_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from mish._taylor.expansions import Floats

_BLOCK = 1 << 14  # elements at a time: what lies between two steps stays in the cache


class Elementwise:
    """A function of one array, as much like a ufunc as arrays of other libraries ask for.

    Their ``__array_ufunc__`` is given it in the place of a ufunc. They call it on the plain arrays
    that they hold, maybe later and in another process.
    """

    nin, nout, nargs, signature = 1, 1, 2, None

    def __init__(
        self,
        name: str,
        compute: Callable[..., Any],
        argument: str = "x",
        what: str = "",
    ) -> None:
        """Make one.

        Args:
            name: what it is called, as a ufunc is.
            compute: gets an array in one of the four formats and a ufunc's options; a module's
                function or a partial one, so that it can be sent to another process.
            argument: the name of its argument.
            what: what it computes, in words, for errors; without any it is the name.
        """
        self.__name__, self.compute = name, compute
        self.argument, self.what = argument, what or name

    def __call__(self, x: Any, **options: Any) -> Any:
        """Compute it; ``options`` are those of a ufunc's call, for arrays that pass them on."""
        if not isinstance(x, np.ndarray) and getattr(type(x), "__array_ufunc__", None) is not None:
            y = x.__array_ufunc__(self, "__call__", x, **options)
            if y is NotImplemented:
                kind = getattr(x, "dtype", "unknown")
                raise TypeError(
                    f"{self.argument} must hold numbers whose {self.what} its own library "
                    f"can take; {type(x).__name__} of dtype {kind} cannot"
                )
            return y
        y = self.compute(self._as_floats(x), **options)
        if isinstance(x, np.ndarray) and type(x) is not np.ndarray and options.get("out") is None:
            y = x.__array_wrap__(np.asarray(y), (self, (x,), 0))  # type: ignore[arg-type]
        return y

    def _as_floats(self, x: npt.ArrayLike) -> npt.NDArray[Any]:
        points = np.asarray(x)
        if points.dtype.kind in "biu":
            return points.astype(np.float64)
        try:
            format_of(points.dtype)
        except TypeError:
            raise TypeError(refusal.of(points, self.argument)) from None
        return points


def in_float64(
    points: npt.NDArray[Any],
    compute: Callable[[Floats], Floats],
    out: npt.NDArray[Any] | tuple[npt.NDArray[Any]] | None = None,
    where: Any = True,
) -> Any:
    """Compute in float64, in blocks, and round to the format of the points.

    Args:
        points: an array in one of the four formats.
        compute: gets flat float64 blocks; warnings are silenced.
        out: an array to put the results in, of the shape that ``points`` and ``where`` have
            together and of a dtype to which that of the results may be cast as same kind.
        where: truth values, broadcast against ``points``; elsewhere ``out`` keeps what it holds,
            or the result is uninitialised.

    Raises:
        TypeError, ValueError: ``out`` or ``where`` does not fit.
    """
    flat = points.astype(np.float64).ravel()
    with np.errstate(all="ignore"):
        for start in range(0, flat.size, _BLOCK):
            block = flat[start : start + _BLOCK]
            block[:] = compute(block)
        result = flat.reshape(points.shape).astype(np.result_type(points.dtype), copy=False)
    if out is None and where is True:
        return result[()]  # a scalar where it is 0-d, as from a ufunc
    # the ufunc of identity casts, broadcasts and leaves out as any ufunc does
    with np.errstate(all="ignore"):
        return np.positive(result, out=out, where=where)
