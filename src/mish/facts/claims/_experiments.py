"""What is said of training with Mish, judged by small experiments and by quadrature."""

from __future__ import annotations

import statistics

import numpy as np

from mish.facts.claims._networks import (
    ACTIVATIONS,
    accuracy_on_digits,
    fit_by_levenberg_marquardt,
)
from mish.facts.claims._types import Claim, judge
from mish.facts.gains import gain

_SEEDS = 10
_WRONG_LABELS = 0.4
_FITS = 20
_DEPTH = 50


def vanishing_gradients() -> Claim:
    """Compare what a layer does to gradients with the same weights as for ReLU."""
    by_mish, by_relu = (2 / gain(name).backward ** 2 for name in ("mish", "relu"))
    own = gain("mish").growth
    return Claim(
        "vanishing-gradients",
        "It avoids vanishing gradients",
        judge(False, half=own >= 1),
        f"With weights scaled for ReLU (gain √2) a layer multiplies the mean square of gradients "
        f"by {by_mish:.3f} (ReLU {by_relu:.3f}): {by_mish**_DEPTH:.2f} after {_DEPTH} layers. With "
        f"its own gain {gain('mish').forward:.4f} it is {own:.3f}, and they grow. On the left of "
        "−1.19 its slope is small and negative, and tends to 0, where ReLU's is 0.",
        {"factor_mish": by_mish, "factor_relu": by_relu, "factor_own_gain": own},
        "computed by quadrature, for normal pre-activations and wide layers. In `mish study depth` "
        "normalised networks of 20 and 25 layers came out better with Mish than with ReLU, SiLU "
        "and GELU, and those of 25 better still with ELU",
    )


def noisy_data() -> Claim:
    """Train on digits with wrong labels."""
    scores = {
        name: np.array([accuracy_on_digits(name, seed, _WRONG_LABELS) for seed in range(_SEEDS)])
        for name in ACTIVATIONS
    }
    parts, numbers, better = [], {"mish": float(scores["mish"].mean())}, []
    for name in ("relu", "silu", "gelu_tanh"):
        differences = scores["mish"] - scores[name]
        mean, error = float(differences.mean()), float(differences.std(ddof=1)) / _SEEDS**0.5
        numbers |= {name: float(scores[name].mean()), f"mish_less_{name}": mean}
        numbers[f"standard_error_{name}"] = error
        parts.append(f"{100 * mean:+.1f} ± {100 * error:.1f} points against {name}")
        better.append(mean > 2 * error)
    return Claim(
        "noisy-data",
        "It suits noisy data",
        judge(all(better), half=any(better)),
        f"With {_WRONG_LABELS:.0%} of the labels drawn anew, a small network reaches "
        f"{numbers['mish']:.1%} on clean images: {', '.join(parts)}.".replace("-", "−"),
        numbers,
        f"measured: {_SEEDS} seeds, one small data set, one network, one rate; the standard error "
        "is that of the mean difference. It says little of large networks. `mish study labels` "
        "and `mish study inputs` gave each activation its own rate: by the kind of noise Mish was "
        "between 4 points worse and 1 better than ReLU, and 12 worse where tests alone had it",
        exact=False,
    )


def newton() -> Claim:
    """Fit a curve by a Newton-like method."""
    medians = {
        name: statistics.median(fit_by_levenberg_marquardt(name, seed) for seed in range(_FITS))
        for name in ACTIVATIONS
    }
    best = min(medians, key=lambda name: medians[name])
    return Claim(
        "newton",
        "It helps Newton-like methods",
        judge(best == "mish", half=medians["mish"] < medians["relu"] / 2),
        "A least-squares fit by Levenberg and Marquardt's method ends at an error of "
        f"{medians['mish']:.1e}, with ReLU at {medians['relu']:.1e}, with SiLU at "
        f"{medians['silu']:.1e}, with GELU at {medians['gelu_tanh']:.1e}. It is smoothness that "
        "helps, and all smooth activations have it.",
        medians,
        f"measured: medians of {_FITS} starts, 12 units, one curve. In `mish study optimizer` "
        "Newton's method ended lower with Mish than with ReLU in both problems, and no lower than "
        "with GELU",
        exact=False,
    )
