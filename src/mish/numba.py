"""Mish inside functions that Numba compiles: the ufuncs of mish, on numbers and on arrays.

>>> import mish, numba, numpy as np
>>> @numba.njit
... def loss(x):
...     return mish.mish(x).sum()
>>> loss(np.ones(4, np.float32))
3.4603936672210693

Nothing has to be imported but mish: Numba finds this module by its entry point when it compiles its
first function. The names here are the ufuncs themselves. Arrays go to the native kernel in one
call, with the threads of ``mish.set_num_threads``; numbers to the same kernel one by one, which
takes longer for each. The bits are those of the ufuncs, whatever ``fastmath`` says.

Types: float32 and float64; booleans and integers are promoted as Numba promotes them for
``np.exp``. Maximum error: below 1 ulp in float32, for every input; 2 ulp in float64, where 1.0 was
the largest seen. Other types are a ``numba.TypingError``, arrays of unfitting shapes a ValueError.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from mish._numpy import native
from mish._numpy.config import get_library
from mish._numpy.native import mish, mish_d1, mish_d2, mish_d3, mish_grad
from mish._support.extras import needs

with needs("numba", "mish.numba"):
    import llvmlite.binding
    import numba
    from numba import types
    from numba.core.errors import NumbaTypeError
    from numba.extending import overload, register_jitable

__all__ = ["mish", "mish_d1", "mish_d2", "mish_d3", "mish_grad", "register"]

_FORMATS = {types.float32: 2, types.float64: 3}  # numbers of mish_format, in mish_types.h
_FIRST_INTEGERS = (types.boolean, types.int8, types.uint8, types.int16, types.uint16)


def register() -> None:
    """Let Numba know the ufuncs; it calls this itself. Importing the module has done it."""


def _external(name: str, result: Any, *arguments: Any) -> Any:
    """A function of the C interface, known to compiled code by its name.

    So code that Numba has cached finds it in the next process, at another address. It lies in the
    library of the ufuncs, whose threads and instruction set it shares.
    """
    symbol = f"mish_for_numba_{name}"
    address = ctypes.cast(getattr(_LIBRARY, name), ctypes.c_void_p).value
    llvmlite.binding.add_symbol(symbol, address)
    return types.ExternalFunction(symbol, result(*arguments))


_LIBRARY = ctypes.CDLL(get_library())
_LIBRARY.mish_set_isa(native.isa().encode())
_ARRAY = (types.uintp, types.intp)  # where it begins, its stride
_array = _external("mish_array", types.intc, types.intc, types.intc, *_ARRAY, *_ARRAY, types.uintp)
_grad_array = _external(
    "mish_grad_array", types.intc, types.intc, *_ARRAY, *_ARRAY, *_ARRAY, types.uintp
)


@register_jitable  # type: ignore[untyped-decorator]
def _check(status: int) -> None:
    if status:
        raise ValueError("mish: the native kernel refused the arrays: are they aligned?")


def _number(x: Any) -> Any:
    """The number that a number, or an array without dimensions, is."""


@overload(_number)  # type: ignore[untyped-decorator]
def _implement_number(x: Any) -> Any:
    def of_array(x: Any) -> Any:
        return x[()]

    def of_number(x: Any) -> Any:
        return x

    return of_array if isinstance(x, types.Array) else of_number


def _result(name: str, *inputs: Any) -> Any:
    """The type of the result's numbers: float64 unless all that goes in fits into float32."""
    real = types.float32
    for each in inputs:
        number = each.dtype if isinstance(each, types.Array) else each
        if number not in _FORMATS and not isinstance(number, types.Integer | types.Boolean):
            raise NumbaTypeError(
                f"mish.{name} takes float32, float64, integers, and arrays of these, not {each}"
            )
        if number not in (types.float32, *_FIRST_INTEGERS):
            real = types.float64
    return real


def _dims(argument: Any) -> int:
    return argument.ndim if isinstance(argument, types.Array) else 0


def _has_out(name: str, out: Any, real: Any, *inputs: Any) -> bool:
    """Whether there is an output, which must be one that the result fits into."""
    if out is None or isinstance(out, types.NoneType | types.Omitted):
        return False
    dims = max(map(_dims, inputs))
    fits = isinstance(out, types.Array) and (out.dtype, out.ndim) == (real, dims) and out.mutable
    if not fits or dims == 0:
        raise NumbaTypeError(
            f"mish.{name}: out must be a writable array of {real} with {dims} dimensions, 1 at "
            f"least, not {out}"
        )
    return True


def _is_plain(array: Any, real: Any) -> bool:
    """Whether the kernel can take the array as it is, from end to end."""
    return bool(array.dtype == real and array.layout in "CF" and array.aligned)


# Compiled in a tenth of the time that Numba takes for `out[...] = x`, and so are those that follow.
@numba.vectorize  # type: ignore[untyped-decorator]
def _copy(x: Any) -> Any:
    return x


def _converter(real: Any) -> Any:
    """A function that makes new arrays of this type, contiguous ones."""

    def convert(x: Any) -> Any:
        return real(x)

    return numba.vectorize(convert)


def _overload_unary(ufunc: np.ufunc, order: int) -> None:
    name = ufunc.__name__
    scalars = {
        types.float32: _external(f"{name}f", types.float32, types.float32),
        types.float64: _external(name, types.float64, types.float64),
    }

    converters = {real: _converter(real) for real in _FORMATS}

    @overload(ufunc, target="cpu")  # type: ignore[untyped-decorator]
    def implement(x: Any, out: Any = None) -> Any:
        real = _result(name, x)
        scalar, form, size = scalars[real], _FORMATS[real], real.bitwidth // 8
        converted = converters[real]

        def of_number(x: Any, out: Any = None) -> Any:
            return scalar(real(_number(x)))

        def of_plain_array(x: Any, out: Any = None) -> Any:
            y = np.empty_like(x)
            _check(_array(order, form, x.ctypes.data, size, y.ctypes.data, size, x.size))
            return y

        def of_array(x: Any, out: Any = None) -> Any:
            y = converted(x)
            _check(_array(order, form, y.ctypes.data, size, y.ctypes.data, size, y.size))
            return y

        def into_plain_array(x: Any, out: Any = None) -> Any:
            if x.shape != out.shape:
                raise ValueError("mish: out must have the shape of x")
            _check(_array(order, form, x.ctypes.data, size, out.ctypes.data, size, x.size))
            return out

        def into_array(x: Any, out: Any = None) -> Any:
            if x.shape != out.shape:
                raise ValueError("mish: out must have the shape of x")
            _copy(ufunc(x), out)
            return out

        into = _has_out(name, out, real, x)
        if _dims(x) == 0:
            return of_number
        plain = _is_plain(x, real)
        if not into:
            return of_plain_array if plain else of_array
        same = plain and _is_plain(out, real) and x.layout == out.layout
        return into_plain_array if same else into_array


def _broadcasts(real: Any) -> tuple[Any, Any]:
    """Two functions that give their first and their second argument in the shape of both."""

    def first(dy: Any, x: Any) -> Any:
        return real(dy)

    def second(dy: Any, x: Any) -> Any:
        return real(x)

    return numba.vectorize(first), numba.vectorize(second)


def _overload_grad(ufunc: np.ufunc) -> None:
    name = ufunc.__name__
    scalars = {
        types.float32: _external(f"{name}f", types.float32, types.float32, types.float32),
        types.float64: _external(name, types.float64, types.float64, types.float64),
    }

    broadcasts = {real: _broadcasts(real) for real in _FORMATS}

    @overload(ufunc, target="cpu")  # type: ignore[untyped-decorator]
    def implement(dy: Any, x: Any, out: Any = None) -> Any:
        real = _result(name, dy, x)
        scalar, form, size = scalars[real], _FORMATS[real], real.bitwidth // 8
        gradients, inputs = broadcasts[real]

        def of_numbers(dy: Any, x: Any, out: Any = None) -> Any:
            return scalar(real(_number(dy)), real(_number(x)))

        @register_jitable  # type: ignore[untyped-decorator]
        def fill(dy: Any, x: Any, dx: Any) -> None:
            at = (dy.ctypes.data, size, x.ctypes.data, size, dx.ctypes.data, size)
            _check(_grad_array(form, at[0], at[1], at[2], at[3], at[4], at[5], dx.size))

        def of_plain_arrays(dy: Any, x: Any, out: Any = None) -> Any:
            if dy.shape == x.shape:
                dx = np.empty_like(x)
                fill(dy, x, dx)
                return dx
            return broadcast(dy, x)

        @register_jitable  # type: ignore[untyped-decorator]
        def broadcast(dy: Any, x: Any) -> Any:
            dx, points = gradients(dy, x), inputs(dy, x)
            fill(dx, points, dx)
            return dx

        def of_arrays(dy: Any, x: Any, out: Any = None) -> Any:
            return broadcast(dy, x)

        def of_transposed(dy: Any, x: Any, out: Any = None) -> Any:
            return ufunc(dy.T, x.T).T

        def into_plain_array(dy: Any, x: Any, out: Any = None) -> Any:
            if dy.shape != x.shape or x.shape != out.shape:
                raise ValueError("mish: out must have the shape of dy and x")
            fill(dy, x, out)
            return out

        def into_array(dy: Any, x: Any, out: Any = None) -> Any:
            dx = ufunc(dy, x)
            if dx.shape != out.shape:
                raise ValueError("mish: out must have the shape of the result")
            _copy(dx, out)
            return out

        into = _has_out(name, out, real, dy, x)
        if _dims(dy) == _dims(x) == 0:
            return of_numbers
        alike = (
            _dims(dy) == _dims(x)
            and _is_plain(dy, real)
            and _is_plain(x, real)
            and dy.layout == x.layout
        )
        if into:
            same = alike and _is_plain(out, real) and out.layout == x.layout
            return into_plain_array if same else into_array
        if alike and x.layout == "F" and x.ndim > 1:
            return of_transposed
        return of_plain_arrays if alike else of_arrays


for _order, _ufunc in enumerate((mish, mish_d1, mish_d2, mish_d3)):
    _overload_unary(_ufunc, _order)
_overload_grad(mish_grad)
