"""Make `native/inverse_tables.h`: Mish's input and slope from its output.

Run by hand, with python-flint and mpmath installed; the output is checked in:

    python native/coefficients/generate_inverse.py            # writes the header
    python native/coefficients/generate_inverse.py --check    # fails if the file on disk differs

With Y = mish(X0) the least value, s = ±√(y − Y), negative on the left of X0, is a function of x
that rises everywhere and is analytic at X0 too. So x and all that depends on it are analytic in s.

*Core.* In units of a step, s lies within 1/2 of the number r of a row, and a polynomial in
d = s − r gives the slope mish′(x), or x − y, which tends to 0.

*Left.* Towards y = −0, s ends at −√(−Y), where x is infinite. So from a bound on a row is an octave
of −y, or half of one, and a polynomial in the rest of the significand gives mish′(x)/y, or x. The
octaves end where mish′ no longer counts; beyond, x stays where it is.

Polynomials interpolate at Chebyshev nodes, which is within a small factor of the best, and their
coefficients are rounded; the first ones of the core's slopes, which are up to 1.09, come with low
parts behind them.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mpmath as mp
from files import write
from generate import FORMATS, Format, padded, row_line, zeros_of

OUTPUT = Path(__file__).parents[1] / "inverse_tables.h"
X0 = zeros_of[1][0]

Function = Callable[[mp.mpf], mp.mpf]


def mish(x: mp.mpf) -> mp.mpf:
    n = mp.expm1(x) + 1
    n *= n + 2
    return x * n / (n + 2)


def slope(x: mp.mpf) -> mp.mpf:
    e = mp.exp(x)
    omega = 4 * (x + 1) + e * (4 * x + 6 + e * (4 + e))
    return e * omega / (e * e + 2 * e + 2) ** 2


LEAST = mish(X0)


@functools.cache
def input_at(s: mp.mpf) -> mp.mpf:
    """The x whose s this is, by Newton's method on mish(x), or on log|mish(x)| in the left tail."""
    y = LEAST + s * s
    if s < -0.4:
        x = mp.log(-y) - mp.log(-mp.log(-y))
    elif s < 0.4:
        x = X0 + s * (2.737 - 1.9 * s)
    else:
        x = y / 0.6 if y < 1 else y
    for _ in range(100):
        miss = mp.log(mish(x) / y) * mish(x) if s < -0.4 else mish(x) - y
        step = miss / slope(x)
        x -= step
        if abs(step) < mp.mpf(2) ** -150:
            return x
    raise ArithmeticError(f"no input found for s = {s}")


def s_of(y: mp.mpf) -> mp.mpf:
    """That of an output on the left."""
    return -mp.sqrt(y - LEAST)


def slope_from_s(s: mp.mpf) -> mp.mpf:
    return slope(input_at(s))


def excess_from_s(s: mp.mpf) -> mp.mpf:
    return input_at(s) - (LEAST + s * s)


def slope_over_output(v: mp.mpf) -> mp.mpf:
    return slope(left_input(v)) / -v


def left_input(v: mp.mpf) -> mp.mpf:
    """The x on the left of which −v is Mish."""
    return input_at(s_of(-v))


@dataclass(frozen=True)
class Shape:
    """Of the two tables of one function."""

    degree: int
    left_degree: int
    left_from: int  # the left table serves outputs above −2^left_from
    low: bool  # whether the first coefficient of a row of the core comes in two parts


@dataclass(frozen=True)
class Tables:
    """Of one format."""

    fmt: Format
    steps: int  # rows for each unit of s
    rows: int  # of each table, a power of two
    first: int  # number of the first row of the core
    halvings: int  # an octave has 2^halvings rows on the left
    columns: int
    floor: int  # y − Y is taken to be 2^floor at least; see `floor`
    slope: Shape
    inverse: Shape


# floor: outputs next to Y stand for slopes from 0 to some hundred times the format's precision, and
# the lowest for the least of them. So what is taken for these is not 0 but about their middle.
TABLES = (
    Tables(FORMATS[0], 8, 32, -4, 0, 8, -29, Shape(5, 6, -3, True), Shape(7, 7, -3, False)),
    Tables(FORMATS[1], 24, 128, -13, 1, 16, -57, Shape(13, 15, -3, True), Shape(15, 15, -3, False)),
)


def polynomial(function: Function, left: mp.mpf, right: mp.mpf, degree: int) -> list[mp.mpf]:
    """Coefficients of the one that interpolates at Chebyshev nodes."""
    count = degree + 1
    nodes = [
        (left + right) / 2 + (right - left) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * count))
        for i in range(count)
    ]
    divided = [function(d) for d in nodes]  # Newton's divided differences
    for k in range(1, count):
        for i in range(count - 1, k - 1, -1):
            divided[i] = (divided[i] - divided[i - 1]) / (nodes[i] - nodes[i - k])
    coefficients = [mp.mpf(0)]
    for difference, node in zip(reversed(divided), reversed(nodes), strict=True):
        shifted = [mp.mpf(0), *coefficients]
        for i, c in enumerate(coefficients):
            shifted[i] -= node * c
        coefficients = shifted
        coefficients[0] += difference
    return coefficients[:count]


def worst(
    function: Function, left: mp.mpf, right: mp.mpf, coefficients: list[mp.mpf], relative: bool
) -> mp.mpf:
    error = mp.mpf(0)
    for i in range(21):
        d = left + (right - left) * i / 20
        value = function(d)
        miss = abs(mp.polyval(coefficients[::-1], d) - value)
        error = max(error, miss / abs(value) if relative else miss)
    return error


def core(tables: Tables, function: Function, shape: Shape) -> tuple[list[list[mp.mpf]], mp.mpf]:
    """Rows by number modulo their number, and the largest error."""
    result: list[list[mp.mpf]] = [[] for _ in range(tables.rows)]
    error = mp.mpf(0)
    half = mp.mpf(1) / 2
    least = s_of(-(mp.mpf(2) ** shape.left_from)) * tables.steps
    for number in range(tables.first, tables.first + tables.rows):
        row: list[mp.mpf] = []
        if number + half > least:

            def scaled(d: mp.mpf, number: int = number) -> mp.mpf:
                return function((number + d) / tables.steps)

            left = max(-half, least - number)
            exact = polynomial(scaled, left, half, shape.degree)
            row = [tables.fmt.round(c) for c in exact]
            low = tables.fmt.round(exact[0] - row[0]) if shape.low else mp.mpf(0)
            used = [row[0] + low, *row[1:]]
            error = max(error, worst(scaled, left, half, used, relative=False))
            if shape.low:
                row.insert(1, low)
        result[number % tables.rows] = padded(row, tables.columns)
    return result, error


def octaves(tables: Tables, function: Function, shape: Shape) -> tuple[list[list[mp.mpf]], mp.mpf]:
    """The same on the left, by the lower bits of the exponent and the first of the significand."""
    result: list[list[mp.mpf]] = [[] for _ in range(tables.rows)]
    error = mp.mpf(0)
    parts = 2**tables.halvings
    half = mp.mpf(1) / (2 * parts)
    bias = BIAS[tables.fmt.name]
    for exponent in range(shape.left_from - tables.rows // parts, shape.left_from):
        for part in range(parts):
            center = 1 + mp.mpf(part) / parts + half

            def scaled(d: mp.mpf, center: mp.mpf = center, exponent: int = exponent) -> mp.mpf:
                return function((center + d) * mp.mpf(2) ** exponent)

            exact = polynomial(scaled, -half, half, shape.left_degree)
            row = [tables.fmt.round(c) for c in exact]
            error = max(error, worst(scaled, -half, half, row, relative=True))
            result[((exponent + bias) * parts + part) % tables.rows] = padded(row, tables.columns)
    return result, error


BIAS = {"f32": 127, "f64": 1023}


def table(tables: Tables, name: str, rows: list[list[mp.mpf]]) -> list[str]:
    kind = f"alignas(64) static constexpr {tables.fmt.ctype}"
    head = f"  {kind} {name}[kRows * kColumns] = {{"
    return [head, *(row_line(tables.fmt, row) for row in rows), "  };"]


def functions(tables: Tables, name: str, shape: Shape, ofs: Function, ofv: Function) -> list[str]:
    rows, error = core(tables, ofs, shape)
    left_rows, left_error = octaves(tables, ofv, shape)
    fmt = tables.fmt
    begin = fmt.literal(fmt.round(-(mp.mpf(2) ** shape.left_from)))
    least = fmt.literal(mp.mpf(2) ** (shape.left_from - tables.rows // 2**tables.halvings))
    return [
        f"// Largest error {mp.nstr(error, 2)}, on the left {mp.nstr(left_error, 2)} of the value.",
        f"struct {name} {{",
        f"  static constexpr int kRows = {tables.rows}, kColumns = {tables.columns};",
        f"  static constexpr int kUsed = {shape.degree + 1 + shape.low};",
        f"  static constexpr int kLeftUsed = {shape.left_degree + 1};",
        "  // The outputs that the left table serves lie from the first to minus the second.",
        f"  static constexpr {fmt.ctype} kLeftBegin = {begin}, kLeftEnd = {least};",
        *table(tables, "kCore", rows),
        *table(tables, "kLeft", left_rows),
        "};",
        "",
    ]


def constants(tables: Tables) -> list[str]:
    fmt = tables.fmt
    high = fmt.round(LEAST)
    most = fmt.literal(mp.mpf(tables.first + tables.rows - 1) / tables.steps)
    # The least number of the format that lies on the right of X0.
    border = fmt.round(X0)
    if border < X0:
        border += mp.ldexp(1, 1 - fmt.precision)
    return [
        f"namespace {fmt.name} {{",
        "",
        f"inline constexpr {fmt.ctype} kRightOf = {fmt.literal(border)};",
        f"inline constexpr {fmt.ctype} kLeast = {fmt.literal(high)};",
        f"inline constexpr {fmt.ctype} kLeastLow = {fmt.literal(fmt.round(LEAST - high))};",
        f"inline constexpr {fmt.ctype} kFloor = {fmt.literal(mp.mpf(2) ** tables.floor)};",
        f"inline constexpr {fmt.ctype} kSteps = {tables.steps}, kMost = {most};",
        f"inline constexpr int kHalvings = {tables.halvings};",
        "",
        *functions(tables, "Slope", tables.slope, slope_from_s, slope_over_output),
        *functions(tables, "Inverse", tables.inverse, excess_from_s, left_input),
        f"}}  // namespace {fmt.name}",
        "",
    ]


def render() -> str:
    lines = [
        "// Generated by native/coefficients/generate_inverse.py, which says how each constant is",
        "// made. Do not edit.",
        "// clang-format off",
        "#pragma once",
        "",
        "namespace mish::inverse_tables {",
        "",
    ]
    for tables in TABLES:
        lines += constants(tables)
    return "\n".join([*lines, "}  // namespace mish::inverse_tables", ""])


if __name__ == "__main__":
    sys.exit(write(__doc__, lambda: {OUTPUT: render()}))
