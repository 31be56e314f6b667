"""The functions that an expression may call, under the names that libraries give them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from mish.check._program import Program

REQUIRED = object()


class Function(NamedTuple):
    """A function.

    Attributes:
        parameters: names of the parameters, each with its default.
        build: adds its steps to a program; gets the program, the text of the call, and for each
            parameter the place of the argument, or its default.
    """

    parameters: tuple[tuple[str, object], ...]
    build: Callable[..., int]


PREFIXES = frozenset(
    [
        *("F", "K", "activations", "backend", "cp", "cupy", "functional", "jax", "jnp", "keras"),
        *("lax", "math", "mx", "nd", "nn", "np", "numpy", "ops", "scipy", "sp", "special"),
        *("tf", "torch"),
    ]
)
"""The names of modules that may stand before a function's."""

_PYTORCH = frozenset({"F", "torch", "functional"})

CONSTANTS = {"e": "e", "E": "e", "pi": "pi", "π": "pi"}


def find(name: str, prefix: tuple[str, ...]) -> Function | None:
    """Look a function up by its name and the modules before it."""
    if name == "softplus" and _PYTORCH.intersection(prefix):
        return _SOFTPLUS_OF_PYTORCH
    return FUNCTIONS.get(name)


def _plain(op: str, *names: str) -> Function:
    def build(program: Program, text: str, *inputs: int) -> int:
        return program.add(op, inputs, text=text)

    return Function(tuple((name, REQUIRED) for name in names), build)


def _number(program: Program, value: int) -> int:
    return program.add("number", number=Fraction(value), text=str(value))


def _relu(program: Program, text: str, x: int) -> int:
    return program.add("max", (x, _number(program, 0)), text=text)


def _square(program: Program, text: str, x: int) -> int:
    return program.add("*", (x, x), text=text)


def _silu(program: Program, text: str, x: int) -> int:
    return program.add("*", (x, program.add("sigmoid", (x,), text=text)), text=text)


def _clip(program: Program, text: str, x: int, low: int | None, high: int | None) -> int:
    if low is not None:
        x = program.add("max", (x, low), text=text)
    return x if high is None else program.add("min", (x, high), text=text)


def _softplus(program: Program, text: str, x: int, beta: int | None, threshold: int | None) -> int:
    """log(1 + exp(beta·x))/beta; x itself where beta·x is above the threshold."""
    scaled = x if beta is None else program.add("*", (beta, x), text=text)
    smooth = program.add("softplus", (scaled,), text=text)
    if beta is not None:
        smooth = program.add("/", (smooth, beta), text=text)
    if threshold is None:
        return smooth
    above = program.add("<", (threshold, scaled), text=text)
    return program.add("where", (above, x, smooth), text=text)


def _softplus_of_pytorch(
    program: Program, text: str, x: int, beta: int | None, threshold: int | None
) -> int:
    known = _number(program, 20) if threshold is None else threshold
    return _softplus(program, text, x, beta, known)


_SMOOTH = (("x", REQUIRED), ("beta", None), ("threshold", None))
_SOFTPLUS_OF_PYTORCH = Function(_SMOOTH, _softplus_of_pytorch)
_ABS, _POW = _plain("abs", "x"), _plain("**", "x", "exponent")
_SIGMOID, _SILU = _plain("sigmoid", "x"), Function((("x", REQUIRED),), _silu)
_MAX, _MIN = _plain("max", "x", "other"), _plain("min", "x", "other")
_CLIP = (("x", REQUIRED), ("min", None), ("max", None))

FUNCTIONS = {
    **{name: _plain(name, "x") for name in ("exp", "expm1", "log1p", "sqrt")},
    **{name: _plain(name, "x") for name in ("sinh", "cosh", "tanh")},
    **dict.fromkeys(("log", "ln"), _plain("log", "x")),
    **dict.fromkeys(("abs", "absolute", "fabs"), _ABS),
    **dict.fromkeys(("sigmoid", "expit", "logistic", "σ"), _SIGMOID),
    **dict.fromkeys(("silu", "swish"), _SILU),
    **dict.fromkeys(("max", "maximum", "fmax"), _MAX),
    **dict.fromkeys(("min", "minimum", "fmin"), _MIN),
    **dict.fromkeys(("pow", "power"), _POW),
    **dict.fromkeys(("clip", "clamp"), Function(_CLIP, _clip)),
    "logaddexp": _plain("logaddexp", "x", "other"),
    "relu": Function((("x", REQUIRED),), _relu),
    "square": Function((("x", REQUIRED),), _square),
    "softplus": Function(_SMOOTH, _softplus),
    "where": _plain("where", "condition", "x", "y"),
}
"""Each by every name that it goes by."""
