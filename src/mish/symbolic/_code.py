"""Closed forms as functions in Python, C and JavaScript, arranged so that nothing overflows.

The exponential is taken of −|x|, so it is at most 1: right of 0 the form with eˣ is divided by its
highest power and written in e⁻ˣ. 1 − σ is computed by itself, not by subtraction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mish.symbolic._closed import Closed, Product

_ORDINALS = ("", "first ", "second ", "third ")


@dataclass(frozen=True)
class _Language:
    head: str
    set: str
    if_right: str
    otherwise: str
    close: str
    give: str
    tail: str
    number: str
    power: str
    absolute: str
    positive_part: str
    choice: str

    def integer(self, value: int) -> str:
        return self.number.format(value)

    def raised(self, base: str, n: int) -> str:
        return "*".join([base] * n) if n < 4 else self.power.format(base, n)


_PYTHON = _Language(
    head='from math import exp, log1p, tanh\n\n\ndef {name}(x):\n    """{doc}"""',
    set="{} = {}",
    if_right="if x > 0:",
    otherwise="else:",
    close="",
    give="return {}",
    tail="",
    number="{}",
    power="{}**{}",
    absolute="abs(x)",
    positive_part="max(x, 0)",
    choice="{1} if {0} else {2}",
)
_C = _Language(
    head="#include <math.h>\n\n/* {doc} */\ndouble {name}(double x) {{",
    set="double {} = {};",
    if_right="if (x > 0) {",
    otherwise="} else {",
    close="}",
    give="return {};",
    tail="}",
    number="{}.0",
    power="pow({}, {})",
    absolute="fabs(x)",
    positive_part="fmax(x, 0)",
    choice="{0} ? {1} : {2}",
)
_JAVASCRIPT = _Language(
    head="// {doc}\nfunction {name}(x) {{\n    const {{ exp, log1p, tanh }} = Math;",
    set="const {} = {};",
    if_right="if (x > 0) {",
    otherwise="} else {",
    close="}",
    give="return {};",
    tail="}",
    number="{}",
    power="{}**{}",
    absolute="Math.abs(x)",
    positive_part="Math.max(x, 0)",
    choice="{0} ? {1} : {2}",
)


def python(given: Closed) -> str:
    """Write a function of a float in Python, with the standard library alone."""
    return _function(given, _PYTHON)


def c(given: Closed) -> str:
    """Write a function of a double in C."""
    return _function(given, _C)


def javascript(given: Closed) -> str:
    """Write a function of a number in JavaScript."""
    return _function(given, _JAVASCRIPT)


def _function(given: Closed, language: _Language) -> str:
    order = given.order
    name = "mish" if order == 0 else f"mish_d{order}"
    ordinal = _ORDINALS[order] if order < len(_ORDINALS) else f"{order}-th "
    what = f"The {ordinal}derivative of Mish" if order else "Mish"
    doc = f"{what}, x*tanh(log(1 + exp(x))), at a finite x."
    body = {"exp": _by_exp, "sigmoid": _by_sigmoid, "tanh": _by_tanh}[given.form]
    lines = [f"    {line}" for line in body(given, language)]
    head = language.head.format(name=name, doc=doc)
    if given.form != "tanh":
        head = head.replace("exp, log1p, tanh", "exp")
    return "\n".join([head, *lines, *filter(None, [language.tail])])


def _by_exp(given: Closed, to: _Language) -> list[str]:
    (product,) = given.products
    ((_, outside),) = product.factors
    terms = {powers[0]: coefficients for powers, coefficients in product.terms.items()}
    top = 2 * given.power - outside  # what of the highest power is left for the sum
    mirrored = {top - n: coefficients for n, coefficients in terms.items()}
    least = min(mirrored)
    mirrored = {n - least: coefficients for n, coefficients in sorted(mirrored.items())}
    two = to.integer(2)
    branches = [
        (to.if_right, mirrored, least, f"{to.integer(1)} + {two}*e*({to.integer(1)} + e)"),
        (to.otherwise, terms, outside, f"{two} + e*({two} + e)"),
    ]
    lines = [to.set.format("e", f"exp(-{to.absolute})")]
    for opening, coefficients, power, denominator in branches:
        above = _times([*_lead(product, to), *["e"] * power], _horner(coefficients, "e", to))
        lines += [
            opening,
            "    " + to.set.format("d", denominator),
            "    " + to.give.format(f"{above}/{_grouped('d', given.power, to)}"),
        ]
    return [*lines, *filter(None, [to.close])]


def _sigmoids(to: _Language, *names: str) -> list[str]:
    one = to.integer(1)
    near, far = f"{one}/({one} + e)", f"e/({one} + e)"
    pairs = {"s": (near, far), "q": (far, near)}
    return [to.set.format(name, to.choice.format("x > 0", *pairs[name])) for name in names]


def _by_sigmoid(given: Closed, to: _Language) -> list[str]:
    (product,) = given.products
    (_, s_power), (_, q_power) = product.factors
    terms = {powers[0]: coefficients for powers, coefficients in product.terms.items()}
    factors = [*_lead(product, to), *["s"] * s_power, *["q"] * q_power]
    above = _times(factors, _horner(terms, "s", to))
    return [
        to.set.format("e", f"exp(-{to.absolute})"),
        *_sigmoids(to, "s", "q"),
        to.set.format("d", f"{to.integer(1)} + q*q"),
        to.give.format(f"{above}/{_grouped('d', given.power, to)}"),
    ]


def _by_tanh(given: Closed, to: _Language) -> list[str]:
    lines = [
        to.set.format("e", f"exp(-{to.absolute})"),
        to.set.format("t", f"tanh({to.positive_part} + log1p(e))"),
    ]
    if given.order:
        lines += _sigmoids(to, "s")
    parts = []
    for product in given.products:
        (_, s_power), (_, u_power) = product.factors
        one = to.integer(1)
        factors = [*_lead(product, to), *["s"] * s_power, *[f"({one} - t*t)"] * u_power]
        rows: dict[int, dict[int, tuple[int, int]]] = {}
        for (t, s), coefficients in product.terms.items():
            rows.setdefault(t, {})[s] = coefficients
        inner = _nested({t: _horner(row, "s", to) for t, row in rows.items()}, "t")
        parts.append(_times(factors, inner))
    return [*lines, to.give.format(" + ".join(parts))]


def _lead(product: Product, to: _Language) -> list[str]:
    content = [] if product.content == 1 else [to.integer(product.content)]
    return content + (["x"] if product.by_x else [])


def _times(factors: Sequence[str], inner: str) -> str:
    if inner in {"1", "1.0"} and factors:
        return "*".join(factors)
    return "*".join([*factors, _bracketed(inner)])


def _is_sum(text: str) -> bool:
    return " " in text


def _grouped(base: str, n: int, to: _Language) -> str:
    text = to.raised(base, n)
    return f"({text})" if text.count(base) > 1 else text


def _linear(a: int, b: int, to: _Language) -> str:
    if not a:
        return to.integer(b)
    by_x = "x" if a == 1 else "-x" if a == -1 else f"{to.integer(a)}*x"
    return by_x if not b else f"{by_x} {'+' if b > 0 else '-'} {to.integer(abs(b))}"


def _horner(terms: dict[int, tuple[int, int]], letter: str, to: _Language) -> str:
    """Write Σ (a·x + b)·letterⁿ."""
    return _nested({n: _linear(a, b, to) for n, (a, b) in terms.items()}, letter)


def _nested(terms: dict[int, str], letter: str) -> str:
    """Write Σ textₙ·letterⁿ with one multiplication by the letter a power."""
    text = ""
    for n in range(max(terms), -1, -1):
        minus = ""
        if text in {"1", "1.0"}:
            text = letter
        elif text:
            minus = "-" if text.startswith("-") and not _is_sum(text) else ""
            inner = text.removeprefix(minus)
            text = letter if inner in {"1", "1.0"} else f"{letter}*{_bracketed(inner)}"
        if n in terms and text:
            text = f"{terms[n]} {minus or '+'} {text}"
        elif n in terms:
            text = terms[n]
        else:
            text = minus + text
    return text


def _bracketed(text: str) -> str:
    return f"({text})" if _is_sum(text) else text
