"""What is said of the work that Mish takes, and of its rounding errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

import mish
from mish.facts.claims._types import Claim, judge
from mish.ulp import error_against

_CUDNN_ACTIVATIONS = ("sigmoid", "relu", "tanh", "clipped_relu", "elu", "identity", "swish")
_CUDNN_POINTWISE = (
    *("relu", "tanh", "sigmoid", "elu", "gelu", "softplus", "swish", "gelu_approx_tanh"),
)
"""The modes of cudnnActivationMode_t and the forward activations of cudnnPointwiseMode_t."""


class _Counted:
    """A number that counts the operations done with it."""

    def __init__(self, counts: Counter[str]) -> None:
        self.counts = counts

    def _count(self, operation: str) -> _Counted:
        self.counts[operation] += 1
        return self

    def __add__(self, other: object) -> _Counted:
        return self._count("addition")

    def __mul__(self, other: object) -> _Counted:
        return self._count("multiplication")

    def __truediv__(self, other: object) -> _Counted:
        return self._count("division")

    def exp(self) -> _Counted:
        """Count one exponential."""
        return self._count("exponential")


def _mish(x: Any) -> Any:
    e = x.exp()
    n = e * (e + 2)
    return x * n / (n + 2)


def _swish(x: Any) -> Any:
    e = x.exp()
    return x * e / (e + 1)


def _operations(function: Callable[[Any], Any]) -> Counter[str]:
    counts: Counter[str] = Counter()
    function(_Counted(counts))
    return counts


def one_exponential() -> Claim:
    """Count the operations of the leanest formula."""
    counts = _operations(_mish)
    return Claim(
        "one-exponential",
        "It needs one exponential and one multiplication",
        judge(counts == Counter(exponential=1, multiplication=1), counts["exponential"] == 1),
        f"One exponential suffices: x·n/(n + 2), n = e(e + 2), e = eˣ. Then come "
        f"{counts['multiplication']} multiplications, {counts['addition']} additions and "
        f"{counts['division']} division. This package's kernels use none of it but a table and a "
        "polynomial on the core of the range.",
        dict(counts),
        "counted, by running the formula on numbers that count",
    )


def cheaper_than_swish() -> Claim:
    """Compare operations, and rounding errors of the formulas as people write them."""
    ours, theirs = _operations(_mish), _operations(_swish)
    x = np.linspace(-20, 20, 1 << 18, dtype=np.float32)
    wide = x.astype(np.float64)
    one = np.float32(1)
    truth = {"mish": mish.mish(wide), "swish": wide / (1 + np.exp(-wide))}
    computed: dict[str, npt.NDArray[Any]] = {
        "mish": x * np.tanh(np.log1p(np.exp(x))),
        "swish": x / (one + np.exp(-x)),
    }
    worst = {name: float(error_against(computed[name], truth[name]).max()) for name in truth}
    log = float(error_against(x * np.tanh(np.log(one + np.exp(x))), truth["mish"]).max())
    cheaper = ours.total() < theirs.total()
    stable = worst["mish"] < worst["swish"]
    return Claim(
        "cheaper-than-swish",
        "It is cheaper and more stable than Swish",
        judge(cheaper and stable, cheaper or stable),
        f"At best it takes {ours.total()} operations, Swish {theirs.total()}; both have one "
        "exponential and one division. In float32 on [−20, 20] x·tanh(log1p(exp(x))) errs by up "
        f"to {worst['mish']:.1f} ulp, x/(1 + exp(−x)) by {worst['swish']:.1f}; with "
        f"log(1 + exp(x)) Mish loses every digit on the left ({log:.0e} ulp).",
        {
            "operations_mish": ours.total(),
            "operations_swish": theirs.total(),
            "ulp_mish": worst["mish"],
            "ulp_swish": worst["swish"],
            "ulp_mish_with_log": log,
        },
        "counted, and measured with this NumPy's exp and tanh",
        exact=False,
    )


def cudnn() -> Claim:
    """Look for Mish among cuDNN's activations."""
    modes = (*_CUDNN_ACTIVATIONS, *_CUDNN_POINTWISE)
    found = sum("mish" in mode for mode in modes)
    return Claim(
        "cudnn",
        "cuDNN has an optimised Mish",
        judge(found > 0),
        f"{found} of cuDNN 9's {len(_CUDNN_ACTIVATIONS)} activation modes and of its "
        f"{len(_CUDNN_POINTWISE)} forward activations for graphs is Mish; softplus and tanh are "
        "there, from which a graph can compose it.",
        {"modes": len(modes), "mish": found},
        "documented: the enumerators of cuDNN 9.1's headers, copied; later versions not looked at",
    )
