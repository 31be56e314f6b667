"""How far a runtime's Mish is from the truth, where, and what it makes of special values."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

import mish
from mish.ulp import error_against

SPECIALS = {
    **{"-inf": -np.inf, "inf": np.inf, "nan": np.nan, "-1e4": -1e4, "1e4": 1e4},
    **{"65504": 65504.0, "3e38": 3e38, "-3e38": -3e38, "0": 0.0, "-0": -0.0, "1e-40": 1e-40},
}
LEAST = 2.0**-126  # smaller ones are judged as special values alone
REGIONS = {"left": (-87.0, -20.0), "middle": (-20.0, 20.0), "right": (20.0, 1e4)}


HALVES = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
HALVES = HALVES[np.isfinite(HALVES)].astype(np.float32)


def points(count: int) -> np.ndarray:
    """Special values, all numbers of float16, then the regions evenly, most in the middle."""
    special = np.concatenate([np.array(list(SPECIALS.values()), np.float32), HALVES])
    rest = count - len(special)
    parts = [
        np.linspace(*REGIONS[name], rest // share, dtype=np.float32)
        for name, share in (("left", 4), ("right", 8), ("middle", 2))
    ]
    found = np.concatenate([special, *parts])
    return np.concatenate([found, np.linspace(-3, 3, count - len(found), dtype=np.float32)])


@dataclass
class Verdict:
    """What was found of one form in one runtime.

    Attributes:
        absolute: the largest absolute error from -20 to 20.
        ulp: the largest error in each region, in float32 ulp.
        half: the largest error at the numbers of float16, in ulp of that; inf where a result is no
            number.
        specials: special inputs whose result is wrong: not the exact one within a thousandth,
            or of another kind.
    """

    absolute: float
    ulp: dict[str, float]
    half: float
    specials: dict[str, float]

    def as_dict(self) -> dict[str, object]:
        """The verdict for JSON."""
        return asdict(self)


def judge(x: np.ndarray, y: np.ndarray) -> Verdict:
    """Compare with mish.mish in float64, which is within 1 ulp of the exact value there.

    Args:
        x: what :func:`points` gave.
        y: what the runtime made of it, flat.
    """
    exact = mish.mish(x.astype(np.float64))
    ulp = {}
    for name, (low, high) in REGIONS.items():
        where = (low <= x) & (x <= high) & (np.abs(x) > LEAST)
        ulp[name] = float(np.max(error_against(y[where], exact[where])))
    wrong = {}
    for place, name in enumerate(SPECIALS):
        want, got = np.float32(exact[place]), y[place]
        same = np.isnan(want) == np.isnan(got) and (
            np.isnan(want) or got == want or abs(got - want) <= 1e-3 * abs(want)
        )
        if not same:
            wrong[name] = float(got)
    middle = np.abs(x) <= 20
    with np.errstate(invalid="ignore"):
        absolute = float(np.max(np.abs(y[middle] - exact[middle])))
    halves = slice(len(SPECIALS), len(SPECIALS) + len(HALVES))
    with np.errstate(over="ignore"):
        half = float(np.max(error_against(y[halves].astype(np.float16), exact[halves])))
    return Verdict(absolute, ulp, half, wrong)
