"""What is said of the shape of Mish, its slope, and its place next to Swish."""

from __future__ import annotations

import math

from flint import arb

from mish import reference
from mish._truth.balls import working_bits
from mish.facts import certified, points
from mish.facts._smooth import SMOOTH
from mish.facts.claims._types import PROVED, Claim, judge


def bounded() -> Claim:
    """Judge the range."""
    low = float(certified("mish")["range"].numbers["low"])
    with working_bits(128):
        high = float(reference.ball(arb(1000), 0))
    return Claim(
        "bounded-range",
        "Its range is bounded",
        judge(False, half=True),
        f"Below it is, by {_signed(low)}; above it is not: mish(1000) = {high:g}, and "
        "x − mish(x) < 2x·e⁻²ˣ for x > 0.",
        {"low": low, "at_1000": high},
        PROVED,
    )


def tail_gradient() -> Claim:
    """Judge the slopes far on the left."""
    with working_bits(256):
        slopes = {
            name: {x: SMOOTH[name].derivative(arb(x), 1) for x in (-20, -50)}
            for name in ("mish", "silu")
        }
        apart = float(abs(slopes["mish"][-50] / slopes["silu"][-50] - 1))
    mish, swish = (float(slopes[name][-20]) for name in ("mish", "silu"))
    return Claim(
        "tail-gradient",
        "Its gradient stays non-zero for x → −∞ while Swish's vanishes",
        judge(apart > 1),
        f"Both vanish, like (x + 1)·eˣ: the slopes at −20 are {_power(mish)} and {_power(swish)}, "
        f"and at −50 they agree to {int(-math.log10(apart))} digits. Neither ever reaches 0 there.",
        {"mish_at_-20": mish, "swish_at_-20": swish, "relative_difference_at_-50": apart},
        PROVED,
    )


def smoother() -> Claim:
    """Compare curvature with Swish's: at the minimum, at most, and in the complex plane."""
    curvature, largest = {}, {}
    for name in ("mish", "silu"):
        place = certified(name)["minimum"].numbers["x"]
        with working_bits(128):
            curvature[name] = float(SMOOTH[name].derivative(arb(float(place)), 2))
        largest[name] = float(certified(name)["lipschitz_of_slope"].numbers["value"])
    return Claim(
        "smoother-than-swish",
        "Its derivative is smoother, or its minimum flatter, than Swish's",
        judge(
            largest["mish"] < largest["silu"] and curvature["mish"] < curvature["silu"],
            half=largest["mish"] < largest["silu"] or curvature["mish"] < curvature["silu"],
        ),
        f"Both are analytic. |f″| is at most {largest['mish']:.4f} (Swish {largest['silu']:.4f}); "
        f"f″ at the minimum is {curvature['mish']:.4f} (Swish {curvature['silu']:.4f}), so Mish's "
        f"is the sharper; its poles lie {3 * math.pi / 4:.3f} off the line (Swish {math.pi:.3f}).",
        {
            "largest_curvature_mish": largest["mish"],
            "largest_curvature_swish": largest["silu"],
            "curvature_at_minimum_mish": curvature["mish"],
            "curvature_at_minimum_swish": curvature["silu"],
        },
        PROVED,
    )


def oscillates() -> Claim:
    """Count the sign changes of the second derivative."""
    kinds = [point.kind for point in points("mish", 2)]
    zeros = kinds.count("zero")
    turns = kinds.count("minimum") + kinds.count("maximum")
    return Claim(
        "oscillating-curvature",
        "Its second derivative oscillates",
        judge(zeros > 10),
        f"It changes its sign {zeros} times on the whole line and has {turns} extrema: negative, "
        "positive, negative, then it decays like x·eˣ and x·e⁻²ˣ.",
        {"zeros": zeros, "extrema": turns},
        PROVED,
    )


def analytic() -> Claim:
    """Find the least size of the denominator."""
    with working_bits(128):
        distance = float(3 * arb.pi() / 4)
    return Claim(
        "smooth",
        "It is continuously differentiable to every order",
        judge(distance > 0),
        "mish(x) = x·w(w + 2)/(w² + 2w + 2) with w = eˣ > 0, where the denominator is above 2; it "
        f"is 0 only at w = −1 ± i, which is {distance:.4f} off the real line.",
        {"distance_of_poles": distance},
        "proved, by algebra",
    )


def non_monotonic() -> Claim:
    """Count the sign changes of the slope."""
    found = [point for point in points("mish", 1) if point.kind == "zero"]
    place = float(found[0].x)
    return Claim(
        "non-monotonic",
        "It is non-monotonic because its derivative changes sign",
        judge(len(found) == 1),
        f"The derivative changes sign {_times(len(found))}, at x = {_signed(place, 8)}: negative "
        "on the left of it, positive on the right.",
        {"sign_changes": len(found), "x": place},
        PROVED,
    )


def regression_output() -> Claim:
    """Find what share of standardised targets it cannot give."""
    low = float(certified("mish")["range"].numbers["low"])
    share = (1 + math.erf(low / math.sqrt(2))) / 2
    return Claim(
        "regression-output",
        "It may serve as an output activation for regression",
        judge(share < 1e-3, half=True),
        f"It cannot give less than {_signed(low)}: that leaves out {share:.1%} of standard normal "
        "targets. It can where all targets are positive; there it bends them at no gain over "
        "the identity, and each value between the minimum and 0 has two inputs.",
        {"low": low, "share_below": share},
        "proved, for standard normal targets",
    )


def _signed(value: float, digits: int = 6) -> str:
    return f"{value:.{digits}g}".replace("-", "−")


def _power(value: float) -> str:
    mantissa, _, exponent = f"{value:.4e}".partition("e")
    return f"{mantissa}·10^{int(exponent)}".replace("-", "−")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
