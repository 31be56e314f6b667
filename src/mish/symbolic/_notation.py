"""Closed forms as people write them: Unicode for a terminal, and LaTeX."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mish.symbolic._closed import SHAPES, Closed, Powers, Product

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class _Style:
    """What a notation makes of names and powers."""

    letters: dict[str, str]
    exp: str  # with a place for the multiple of x
    exponent: str  # with a place for the exponent
    minus: str
    denominators: dict[str, str]
    factors: dict[str, tuple[str, ...]]

    def power(self, base: str, n: int) -> str:
        return base if n == 1 else base + self.raised(n)

    def raised(self, n: int) -> str:
        text = str(n) if "{" in self.exponent else str(n).translate(_SUPERSCRIPTS)
        return self.exponent.replace("#", text)

    def monomial(self, form: str, powers: Powers) -> str:
        if form == "exp":
            (n,) = powers
            count = "" if n == 1 else str(n)
            if "{" not in self.exp:
                count = count.translate(_SUPERSCRIPTS)
            return self.exp.replace("#", count) if n else ""
        names = {"sigmoid": ("s",), "tanh": ("t", "s")}[form]
        parts = [
            self.power(self.letters[name], n) for name, n in zip(names, powers, strict=True) if n
        ]
        return "".join(parts)


_UNICODE = _Style(
    {"s": "σ", "t": "t"},
    "e#ˣ",
    "#",
    "−",
    {"exp": "(2 + 2eˣ + e²ˣ)", "sigmoid": "(2 − 2σ + σ²)", "tanh": ""},
    {"exp": ("eˣ",), "sigmoid": ("σ", "(1 − σ)"), "tanh": ("σ", "(1 − t²)")},
)
_LATEX = _Style(
    {"s": r"\sigma", "t": "t"},
    "e^{#x}",
    "^{#}",
    "-",
    {
        "exp": r"\left(2 + 2e^{x} + e^{2x}\right)",
        "sigmoid": r"\left(2 - 2\sigma + \sigma^{2}\right)",
        "tanh": "",
    },
    {
        "exp": ("e^{x}",),
        "sigmoid": (r"\sigma", r"\left(1 - \sigma\right)"),
        "tanh": (r"\sigma", r"\left(1 - t^{2}\right)"),
    },
)

_MEANINGS = {"s": "σ = 1/(1 + e⁻ˣ)", "t": "t = tanh(ln(1 + eˣ))"}
_LATEX_MEANINGS = {
    "s": r"\sigma = \frac{1}{1 + e^{-x}}",
    "t": r"t = \tanh\left(\ln\left(1 + e^{x}\right)\right)",
}


def unicode(given: Closed, width: int = 80) -> str:
    """Write a formula for a terminal, as a fraction over two lines where it is one.

    Args:
        given: the closed form.
        width: columns to keep within, where a line can be broken at a sign.
    """
    name = f"mish{_prime(given.order)}(x) = "
    room = width - len(name)
    lines = _wrapped(_signed(_numerator(given, _UNICODE, "(", ")"), "−"), room)
    if given.power:
        below = _UNICODE.denominators[given.form]
        if given.power == 1:
            below = below[1:-1]
        else:
            below += _UNICODE.raised(given.power)
        bar = max(len(line) for line in [*lines, below])
        middle = len(lines)
        lines = [*(line.center(bar) for line in lines), "─" * bar, below.center(bar)]
    else:
        middle = 0
    lead = " " * len(name)
    text = [(name if i == middle else lead) + line for i, line in enumerate(lines)]
    used = letters_used(given)
    if used:
        text += ["", "with " + ", ".join(_MEANINGS[each] for each in used)]
    return "\n".join(line.rstrip() for line in text)


def latex(given: Closed) -> str:
    """Write a formula in LaTeX, for a display."""
    above = _signed(_numerator(given, _LATEX, r"\left(", r"\right)"), "-")
    if given.power:
        below = _LATEX.denominators[given.form]
        if given.power == 1:
            below = below.removeprefix(r"\left(").removesuffix(r"\right)")
        else:
            below += _LATEX.raised(given.power)
        above = rf"\frac{{{above}}}{{{below}}}"
    primes = "'" * given.order if given.order < 4 else f"^{{({given.order})}}"
    where = "".join(rf",\quad {_LATEX_MEANINGS[each]}" for each in letters_used(given))
    return rf"\operatorname{{mish}}{primes}(x) = {above}{where}"


def letters_used(given: Closed) -> list[str]:
    """Name the letters in a formula that need an explanation."""
    if given.form == "exp":
        return []
    names = SHAPES[given.form].letters
    used = set()
    for each in given.products:
        used |= {name for powers in each.terms for name, n in zip(names, powers, strict=True) if n}
        if given.form == "sigmoid" or each.factors[0][1]:
            used.add("s")
    return [name for name in names if name in used]


def _prime(order: int) -> str:
    return ("", "′", "″", "‴")[order] if order < 4 else f"⁽{order}⁾".translate(_SUPERSCRIPTS)


def _numerator(given: Closed, style: _Style, opening: str, closing: str) -> list[tuple[int, str]]:
    """Write the numerator as signed summands."""
    whole = [_product(each, given.form, style, opening, closing) for each in given.products]
    return [summand for product in whole for summand in product]


def _product(
    given: Product, form: str, style: _Style, opening: str, closing: str
) -> list[tuple[int, str]]:
    terms = [
        _term(a, b, style.monomial(form, powers), style, opening, closing)
        for powers, (a, b) in given.terms.items()
    ]
    content = abs(given.content)
    lead = "x" if given.by_x else ""
    lead += "".join(
        style.power(name, power)
        for name, (_, power) in zip(style.factors[form], given.factors, strict=True)
        if power
    )
    if content != 1:
        lead = f"{content}{lead}"
    sign = -1 if given.content < 0 else 1
    if not lead:
        return [(sign * each, text) for each, text in terms]
    if len(terms) > 1:
        inner = _signed(terms, style.minus)
        return [(sign, f"{lead}{opening}{inner}{closing}")]
    ((inner_sign, only),) = terms
    return [(sign * inner_sign, lead if only == "1" else lead + only)]


def _term(
    a: int, b: int, monomial: str, style: _Style, opening: str, closing: str
) -> tuple[int, str]:
    """Write (a·x + b)·monomial."""
    sign = -1 if (a or b) < 0 else 1
    a, b = sign * a, sign * b
    if not a or not b:
        number = a or b
        text = ("" if number == 1 else str(number)) + ("x" if a else "") + monomial
        return sign, text or "1"
    common = math.gcd(a, b)
    a, b = a // common, b // common
    inner = f"{'' if a == 1 else a}x {'+' if b > 0 else style.minus} {abs(b)}"
    if common == 1 and not monomial and sign > 0:
        return sign, inner
    return sign, f"{'' if common == 1 else common}{opening}{inner}{closing}{monomial}"


def _signed(terms: list[tuple[int, str]], minus: str) -> str:
    first, *others = terms
    text = (minus if first[0] < 0 else "") + first[1]
    return text + "".join(f" {'+' if sign > 0 else minus} {term}" for sign, term in others)


def _wrapped(text: str, width: int) -> list[str]:
    """Break a sum before signs, outside the inner brackets, so that lines fit."""
    lines, line = [], ""
    for piece in _breakable(text):
        if line and len(line) + len(piece) > width:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line]


def _breakable(text: str) -> list[str]:
    """Split before each sign that stands at most one bracket deep."""
    pieces, start, depth = [], 0, 0
    for i, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter in "+−" and depth <= 1 and i and text[i - 1] == " ":
            pieces.append(text[start:i])
            start = i
    return [*pieces, text[start:]]
