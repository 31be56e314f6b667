"""What is commonly said of Mish, each judged by a number that is computed when asked for.

>>> from mish.facts import claims
>>> claims.judge("bounded-range").verdict
'half true'
"""

from __future__ import annotations

from collections.abc import Callable

from mish.facts.claims import (
    _approximations,
    _experiments,
    _formulas,
    _page,
    _properties,
    _work,
)
from mish.facts.claims._types import Claim, Verdict

__all__ = ["NAMES", "Claim", "Verdict", "judge", "judge_all", "page"]

page = _page.page

_JUDGES: dict[str, Callable[[], Claim]] = {
    "derivative-sech": _formulas.sech_of_x,
    "derivative-square": _formulas.squared_denominator,
    "second-derivative": _formulas.second,
    "bounded-range": _properties.bounded,
    "cheaper-than-swish": _work.cheaper_than_swish,
    "one-exponential": _work.one_exponential,
    "tail-gradient": _properties.tail_gradient,
    "smoother-than-swish": _properties.smoother,
    "oscillating-curvature": _properties.oscillates,
    "smooth": _properties.analytic,
    "non-monotonic": _properties.non_monotonic,
    "vanishing-gradients": _experiments.vanishing_gradients,
    "noisy-data": _experiments.noisy_data,
    "cudnn": _work.cudnn,
    "regression-output": _properties.regression_output,
    "newton": _experiments.newton,
    "approximation-sigmoid": _approximations.best_sigmoid,
    "approximation-hard-mish": _approximations.hard_mish,
    "approximation-relu5": _approximations.relu5,
    "approximation-cubic": _approximations.cubics,
}

NAMES = tuple(_JUDGES)
"""The names of the claims."""


def judge(name: str) -> Claim:
    """Compute the number that decides a claim, and judge it.

    Args:
        name: one of ``NAMES``.

    Raises:
        ModuleNotFoundError: ``noisy-data`` needs scikit-learn (the ``claims`` extra).
        ValueError: there is no claim of that name.
    """
    if name not in _JUDGES:
        raise ValueError(f"claim must be one of {', '.join(NAMES)}, not {name!r}")
    return _JUDGES[name]()


def judge_all() -> list[Claim]:
    """Judge every claim; the experiments among them take half a minute."""
    return [judge(name) for name in NAMES]
