"""Make `native/tables.h`: every constant of the kernel.

Run by hand, with python-flint and mpmath installed; the output is checked in:

    python native/coefficients/generate.py            # writes native/tables.h
    python native/coefficients/generate.py --check    # fails if the file on disk differs

What is made
------------
*Core tables.* On each row of the core range, Mish (as T = mish(x)/x) or one of its first three
derivatives is

    f(x) = f0 + p1·d + p2·d² + … + pn·dⁿ,   d = x − c.

T has no zero. Its centre c is chosen freely near the middle of the row such that f(c) lies
within a small fraction of an ulp of a floating-point number f0, and f'(c) of p1 (Gal's accurate
tables): then they need no low parts.

A derivative has zeros. In a row with one the centre is the floating-point number nearest to the
zero, and f0 and p1 come with low parts, f0 being 0 there, so that the relative error stays
bounded.

The remaining coefficients are fitted in the weighted least-squares sense at Chebyshev nodes,
with weight 1/|f|, and rounded one after the other, each time fitting the later ones anew to
what the rounding left over. All of it has 400 bits: in double precision rounding errors of the
fit itself would be the last bits of the highest coefficients in float64.

*exp.* exp(r) = 1 + r + r²·P(r) on |r| ≤ ln(2)/2, in the same way, for the tails.

*Tail series.* With e = exp(x), mish(x) = x·Σ a_j e^j on the left; with w = exp(−x),
mish(x) = x·(1 + Σ b_j w^j) on the right. Both follow from dividing two short polynomials.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import mpmath as mp
import numpy as np
from files import write
from flint import arb, arb_mat, arb_poly, arb_series, ctx

mp.mp.prec = 400
ctx.prec = 1000
TERMS = 80  # of the Taylor series that stands for the truth on a row: below 2^-200 there
ORDERS = (0, 1, 2, 3)
CLOSE_ENOUGH = 0.02  # of half an ulp: what f0 (and p1, by its weight) may lack
OUTPUT = Path(__file__).parents[1] / "tables.h"


@dataclass(frozen=True)
class Shape:
    """The shape of a core table.

    The row of x is the larger of round(steps_per_unit·x) and round(left_steps·x) + left_shift: far
    on the left, where the function is nearly an exponential, rows may be wider.
    """

    steps_per_unit: float
    rows: int  # a power of two
    first: int  # number of the leftmost row
    degree: int  # of the polynomials
    columns: int  # the numbers of a row, padded to a power of two
    left_steps: float = 0  # or 0: all rows are of the same width
    left_shift: int = 0

    def edge(self, fmt: Format, number: int) -> mp.mpf:
        """Where the row of this number begins."""
        edge = (number - mp.mpf(0.5)) / fmt.round(mp.mpf(self.steps_per_unit))
        if not self.left_steps:
            return edge
        steps = fmt.round(mp.mpf(self.left_steps))
        return min(edge, (number - mp.mpf(0.5) - self.left_shift) / steps)


@dataclass(frozen=True)
class Format:
    """A floating-point format with its tables."""

    name: str
    ctype: str
    precision: int  # bits of the significand
    shapes: tuple[Shape, ...]  # for each order
    center_bits: int  # candidates for a centre are multiples of 2^-center_bits
    exp_degree: int
    tail_terms: int  # powers of exp(∓x) kept in the tails, beyond the leading one
    tune_at_zero: bool  # see row_at_zero

    def round(self, value: mp.mpf) -> mp.mpf:
        """The nearest number of this format (ties to even, exponents unbounded)."""
        with mp.workprec(self.precision):
            return +value

    def literal(self, value: mp.mpf) -> str:
        """A C++ literal that is exactly `value`."""
        return float(value).hex() + ("f" if self.ctype == "float" else "")


# Next to a zero that lies near a row's edge, the neighbour's polynomial would cancel, and far from
# one in its own row d²·Q is no longer small beside u. So the rows of a derivative are as wide as
# keeps its zeros away from the edges and near the centres. In float32 the right end of orders 0 and
# 1, and in float64 that of order 0, lie where the limit is reached; see kSaturated in evaluate.h.
FORMATS = (
    Format(
        "f32",
        "float",
        24,
        (
            Shape(1.67, 32, -17, 6, 8),
            Shape(1.74, 32, -13, 8, 16),
            Shape(2.6837, 32, -12, 8, 16, 0.85, -5),
            Shape(1.9, 32, -17, 9, 16),
        ),
        14,
        6,
        2,
        True,
    ),
    Format(
        "f64",
        "double",
        53,
        (
            Shape(30, 1024, -451, 6, 8),
            Shape(15.934, 512, -256, 8, 16),
            Shape(16.8135, 512, -256, 8, 16),
            Shape(15.2, 512, -256, 9, 16),
        ),
        24,
        11,
        2,
        False,
    ),
)


def series(order: int, center: mp.mpf) -> list[mp.mpf]:
    """Taylor coefficients at `center` of mish(x)/x (order 0) or of mish's derivative."""
    ctx.cap = TERMS + order
    x = arb_series([_to_arb(mp.mpf(center)), 1])
    e = x.exp()
    n = e * (e + 2)
    t = n / (n + 2)
    f = x * t if order else t
    for _ in range(order):
        f = f.derivative()
    return [_to_mpf(f[i]) for i in range(TERMS)]


def _to_arb(value: mp.mpf) -> arb:
    sign, man, exp, _ = value._mpf_
    return arb((-man if sign else man, exp))


def _to_mpf(value: arb) -> mp.mpf:
    man, exp = value.mid().man_exp()
    assert value.rad() < arb(2) ** -250, "raise the working precision"
    return mp.ldexp(mp.mpf(int(man)), int(exp))


def function_of(coefficients: list[mp.mpf]) -> Callable[[mp.mpf], mp.mpf]:
    """The polynomial's value at a point. Horner's scheme in mpmath would take ten times as long."""
    exact = arb_poly([_to_arb(c) for c in coefficients])
    return lambda d: _to_mpf(exact(_to_arb(d)))


def zeros(order: int) -> list[mp.mpf]:
    """The zeros of the derivative of this order (T has none)."""
    starts = {0: [], 1: [-1.19], 2: [-2.256, 1.4906], 3: [-3.267, -0.0879, 2.1148]}[order]
    found = []
    for start in starts:
        x = mp.mpf(start)
        for _ in range(12):
            s = series(order, x)
            x -= s[0] / s[1]
        found.append(x)
    return found


def choose_center(fmt: Format, order: int, nominal: mp.mpf, row: mp.mpf) -> mp.mpf:
    """Where the polynomial of a row of this width is developed; see above."""
    for zero in zeros_of[order]:
        if abs(zero - nominal) <= row / 2:
            return fmt.round(zero)
    if order > 0:
        return fmt.round(nominal + towards_zero(order, nominal, row))
    base = series(order, nominal)
    truth = function_of(base[:30])
    slopes = function_of([base[k + 1] * (k + 1) for k in range(30)])
    best, best_miss = nominal, mp.inf
    for i in range(2048):  # outwards: 0, 1, -1, 2, -2, …
        d = mp.mpf((i + 1) // 2 * (-1) ** (i + 1)) / 2**fmt.center_bits
        if abs(d) > row / 16:
            break
        value, slope = truth(d), slopes(d)
        # The accuracy of p1 matters less, by the ratio of |d·p1| to |f|.
        miss = ulps_to_nearest(fmt, value)
        miss += ulps_to_nearest(fmt, slope) * min(1, abs(slope / value) * row / 2)
        if miss < best_miss:
            best, best_miss = nominal + d, miss
        if miss < CLOSE_ENOUGH:
            break
    return best


def towards_zero(order: int, nominal: mp.mpf, row: mp.mpf) -> mp.mpf:
    """The step from the middle of a row to where |f| is at most 1.9 of its least value there.

    Then f0 − u is exact all over the row. The middle serves but beside a zero.
    """
    truth = function_of(series(order, nominal))
    near = min((-row / 2, row / 2), key=lambda d: abs(truth(d)))
    step = mp.mpf(0)
    while abs(truth(step)) > 1.9 * abs(truth(near)):
        step += near / 64
    return step


def ulps_to_nearest(fmt: Format, value: mp.mpf) -> mp.mpf:
    """Distance of `value` to the nearest number of the format, relative, times 2^precision."""
    return abs(fmt.round(value) / value - 1) * 2**fmt.precision


def row_at_zero(fmt: Format, degree: int, width: mp.mpf) -> list[mp.mpf]:
    """Centre and coefficients of T's row around 0, such that T(0) = 0.6 comes out exactly.

    For x about the least normal number the product x·rest of the kernel has few bits left. Where it
    falls next to a halfway point of those, `rest` must lie on the right side of it. u is the
    number nearest to 0.6 if c² is below 2^-20, rest then is 0.4 ulp of it, and the inputs that come
    nearest, multiples of 10 in units of the least subnormal, leave room for a relative error of
    2^-22. Centres are tried in turn, with p2 changed by some ulps.
    """
    truth_at_zero = series(0, mp.mpf(0))
    fitted, _ = fit(fmt, truth_at_zero, -width / 2, width / 2, truth_at_zero[:2], degree)
    shift = fitted[2] - truth_at_zero[2]  # of p2, by the fit: much the same for every centre
    # The error at 0 for very many centres: p2 can make up for little of it, since d² is small.
    number = np.arange(2**20, 2**21)
    centers = (number * np.where(number % 2, -1, 1)).astype(np.longdouble) / 2**31
    taylor = [np.longdouble(mp.nstr(c, 25)) for c in truth_at_zero[:12]]
    value = np.polynomial.polynomial.polyval(centers, taylor)
    slope = np.polynomial.polynomial.polyval(centers, np.arange(1, 12) * taylor[1:])
    miss = (_float32(value) - value) - centers * (_float32(slope) - slope)
    miss = np.abs(miss + centers**2 * np.longdouble(float(shift)))
    for i in np.argsort(miss)[:20]:
        center = mp.mpf(float(centers[i]))
        truth = series(0, center)
        bounds = (-width / 2 - center, width / 2 - center)
        heads = [fmt.round(truth[0]), fmt.round(truth[1])]
        coefficients, _ = fit(fmt, truth, *bounds, heads, degree)
        for ulps in range(-80, 81):
            tried = list(coefficients)
            tried[2] += ulps * ulp_of(fmt, coefficients[2])
            wanted, got = rest_at_zero(fmt, center, tried)
            if abs(got / wanted - 1) < mp.mpf(2) ** -23:
                return [center, *tried]
    raise ArithmeticError("no centre serves the row around 0")


def _float32(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32).astype(np.longdouble)


def ulp_of(fmt: Format, value: mp.mpf) -> mp.mpf:
    return mp.ldexp(1, int(mp.floor(mp.log(abs(value), 2))) + 1 - fmt.precision)


def rest_at_zero(fmt: Format, center: mp.mpf, row: list[mp.mpf]) -> tuple[mp.mpf, mp.mpf]:
    """T(0) − u, and what the kernel computes for it, operation by operation."""
    d = -center
    q = row[-1]
    for coefficient in reversed(row[2:-1]):
        q = fmt.round(q * d + coefficient)
    u = fmt.round(row[1] * d + row[0])
    low = fmt.round(row[1] * d + fmt.round(row[0] - u))
    return mp.mpf(6) / 10 - u, fmt.round(fmt.round(d * d) * q + low)


def fit(
    fmt: Format, truth: list[mp.mpf], left: mp.mpf, right: mp.mpf, fixed: list[mp.mpf], degree: int
) -> tuple[list[mp.mpf], float]:
    """Coefficients of the format on [left, right] (in d), the first ones given; largest error.

    The error is relative, in units of 2^-precision.
    """
    nodes = [
        (left + right) / 2 + (right - left) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * 48))
        for i in range(48)
    ]
    exact = [*map(function_of(truth), nodes)]
    # With b_k = dᵏ/f, the sums of b_i·b_j, which depend on i + j alone, and of b_i·1.
    weights = [1 / v for v in exact]
    squares = [w * w for w in weights]
    powers = [[d**k for d in nodes] for k in range(2 * degree + 1)]
    sums = [mp.fdot(p, squares) for p in powers]
    wanted = [mp.fdot(p, weights) for p in powers[: degree + 1]]
    coefficients = list(fixed)
    for k in range(len(fixed), degree + 1):
        later = range(k, degree + 1)
        left_over = [[wanted[i] - mp.fdot(coefficients, sums[i : i + k])] for i in later]
        matrix, right_side = (
            arb_mat([[_to_arb(v) for v in row] for row in rows])
            for rows in ([[sums[i + j] for j in later] for i in later], left_over)
        )
        coefficients.append(fmt.round(_to_mpf(matrix.solve(right_side)[0, 0])))
    fitted = map(function_of(coefficients), nodes)
    worst = max(abs(y / v - 1) for y, v in zip(fitted, exact, strict=True))
    return coefficients, float(worst * 2**fmt.precision)


def core_row(fmt: Format, order: int, number: int) -> tuple[list[mp.mpf], float]:
    """A row [c, f0, p1, p2, …], with low parts behind f0 and p1 for order > 0; largest error."""
    shape = fmt.shapes[order]
    left, right = shape.edge(fmt, number), shape.edge(fmt, number + 1)
    width, nominal = right - left, fmt.round((left + right) / 2)
    if order == 0 and number == 0 and fmt.tune_at_zero:
        return padded(row_at_zero(fmt, shape.degree, width), shape.columns), 0.0
    center = choose_center(fmt, order, nominal, width)
    truth = series(order, center)
    if order == 0:
        heads = [[fmt.round(truth[0])], [fmt.round(truth[1])]]
    else:
        near_zero = any(center == fmt.round(zero) for zero in zeros_of[order])
        f0 = mp.mpf(0) if near_zero else fmt.round(truth[0])
        p1 = fmt.round(truth[1])
        heads = [[f0, fmt.round(truth[0] - f0)], [p1, fmt.round(truth[1] - p1)]]
    fixed = [sum(head) for head in heads]
    coefficients, error = fit(fmt, truth, left - center, right - center, fixed, shape.degree)
    return padded([center, *heads[0], *heads[1], *coefficients[2:]], shape.columns), error


def padded(row: list[mp.mpf], columns: int) -> list[mp.mpf]:
    return row + [mp.mpf(0)] * (columns - len(row))


def core_table(fmt: Format, order: int) -> tuple[list[list[mp.mpf]], float]:
    """All rows and their largest error.

    They stand in the order in which the kernel's index finds them: by number modulo the rows.
    """
    shape = fmt.shapes[order]
    table: list[list[mp.mpf]] = [[] for _ in range(shape.rows)]
    worst = 0.0
    for number in range(shape.first, shape.first + shape.rows):
        table[number % shape.rows], error = core_row(fmt, order, number)
        worst = max(worst, error)
    return table, worst


def exp_polynomial(fmt: Format) -> tuple[list[mp.mpf], float]:
    """P of exp(r) = 1 + r + r²·P(r)."""
    truth = [1 / mp.factorial(k) for k in range(40)]
    half = mp.log(2) / 2 * (1 + mp.mpf(2) ** -10)
    coefficients, error = fit(fmt, truth, -half, half, truth[:2], fmt.exp_degree)
    return coefficients[2:], error


def quotient(numerator: list[int], denominator: list[int], terms: int) -> list[Fraction]:
    """Power series of numerator / denominator."""
    result: list[Fraction] = []
    for k in range(terms):
        rest = Fraction(numerator[k] if k < len(numerator) else 0)
        rest -= sum(
            (denominator[i] * result[k - i] for i in range(1, min(k, len(denominator) - 1) + 1)),
            Fraction(0),
        )
        result.append(rest / denominator[0])
    return result


def tail_series(order: int, terms: int) -> tuple[list[list[Fraction]], list[list[Fraction]]]:
    """Coefficients of A and B on the left and on the right, lowest power first.

    Left:  mish^(k) = e·[(x + k) + x·A(e) + B(e)], since (x·e^j)^(k) = j^k·(x + k/j)·e^j.
    Right: mish^(k) = (limit) + w²·[b2·(−2)^k·(x − k/2) + x·A(w) + B(w)].
    A and B start with the first power.
    """
    # T = (e² + 2e) / (e² + 2e + 2) = Σ a_j e^j, and with w = 1/e, T = (1 + 2w) / (1 + 2w + 2w²).
    a = quotient([0, 2, 1], [2, 2, 1], terms + 3)
    b = quotient([1, 2], [1, 2, 2], terms + 3)
    k = order
    left = [
        [a[j] * j**k for j in range(2, terms + 2)],
        [a[j] * k * Fraction(j) ** (k - 1) for j in range(2, terms + 2)],
    ]
    right = [
        [b[j] * (-j) ** k for j in range(3, terms + 3)],
        [b[j] * k * Fraction(-j) ** (k - 1) for j in range(3, terms + 3)],
    ]
    return left, right


def array(fmt: Format, name: str, values: list[mp.mpf], shape: str) -> str:
    body = ", ".join(fmt.literal(v) for v in values)
    return f"inline constexpr {fmt.ctype} {name}{shape} = {{{body}}};"


def row_line(fmt: Format, row: list[mp.mpf]) -> str:
    return "      " + ", ".join(map(fmt.literal, row)) + ","


def constants(fmt: Format) -> list[str]:
    ln2_hi = fmt.round(mp.log(2))
    lines = [f"namespace {fmt.name} {{", ""]
    lines += [
        f"inline constexpr int kTailTerms = {fmt.tail_terms};",
        f"inline constexpr {fmt.ctype} kLog2E = {fmt.literal(fmt.round(1 / mp.log(2)))};",
        f"inline constexpr {fmt.ctype} kLn2Hi = {fmt.literal(ln2_hi)};",
        f"inline constexpr {fmt.ctype} kLn2Lo = {fmt.literal(fmt.round(mp.log(2) - ln2_hi))};",
    ]
    polynomial, error = exp_polynomial(fmt)
    lines += [f"// Largest relative error of the polynomial: {error:.4f} · 2^-{fmt.precision}."]
    lines += [f"inline constexpr int kExpTerms = {len(polynomial)};"]
    lines += [array(fmt, "kExp", polynomial, f"[{len(polynomial)}]"), ""]
    lines += ["template <int order> struct Core;", "template <int order> struct Tail;", ""]
    for order in ORDERS:
        table, worst = core_table(fmt, order)
        print(f"{fmt.name} order {order}: {worst:.4f} · 2^-{fmt.precision}", file=sys.stderr)
        shape = fmt.shapes[order]
        steps = fmt.round(mp.mpf(shape.steps_per_unit))
        left_steps = fmt.round(mp.mpf(shape.left_steps))
        lines += [
            f"// Largest relative error of a row's polynomial: {worst:.4f} · 2^-{fmt.precision}.",
            f"template <> struct Core<{order}> {{",
            f"  static constexpr {fmt.ctype} kStepsPerUnit = {fmt.literal(steps)};",
            f"  static constexpr {fmt.ctype} kLeftStepsPerUnit = {fmt.literal(left_steps)};",
            f"  static constexpr int kLeftShift = {shape.left_shift};",
            f"  static constexpr int kRows = {shape.rows};",
            f"  static constexpr int kFirstRow = {shape.first};",
            f"  static constexpr int kUsed = {shape.degree + (2 if order == 0 else 4)};",
            f"  static constexpr int kColumns = {shape.columns};",
            f"  alignas(64) static constexpr {fmt.ctype} kTable[kRows * kColumns] = {{",
        ]
        lines += [row_line(fmt, row) for row in table]
        lines += ["  };", "};", ""]
        left, right = tail_series(order, fmt.tail_terms)
        lines += [f"template <> struct Tail<{order}> {{"]
        for side, (a, b) in (("Left", left), ("Right", right)):
            for letter, values in (("A", a), ("B", b)):
                body = ", ".join(fmt.literal(mp.mpf(v.numerator) / v.denominator) for v in values)
                lines += [
                    f"  static constexpr {fmt.ctype} k{side}{letter}[kTailTerms] = {{{body}}};"
                ]
        lines += ["};", ""]
    return [*lines, f"}}  // namespace {fmt.name}", ""]


def render() -> str:
    lines = [
        "// Generated by native/coefficients/generate.py, which says how each constant is made.",
        "// Do not edit.",
        "// clang-format off",
        "#pragma once",
        "",
        "namespace mish::tables {",
        "",
    ]
    for fmt in FORMATS:
        lines += constants(fmt)
    return "\n".join([*lines, "}  // namespace mish::tables", ""])


zeros_of = {order: zeros(order) for order in ORDERS}

if __name__ == "__main__":
    sys.exit(write(__doc__, lambda: {OUTPUT: render()}))
