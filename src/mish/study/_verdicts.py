"""Verdicts: the baseline of a study against every other activation, in each setting."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np

from mish._support.extras import needs
from mish.study import _frame
from mish.study._cells import Better, Measure, Study

with needs("study", "mish.study"):
    import pandas as pd

    from mish.study import _power
    from mish.study import _statistics as statistics

if TYPE_CHECKING:
    from mish.study._statistics import Array

Word: TypeAlias = Literal[
    "better",
    "worse",
    "the same",
    "the same, a little better",
    "the same, a little worse",
    "not known",
]
WORDS: tuple[Word, ...] = get_args(Word)

_NUMBERS = (
    *("pairs", "diverged_baseline", "diverged_other", "equal"),
    *("mean_baseline", "mean_other", "difference", "low", "high", "spread", "effect"),
    *("p_t", "p_wilcoxon", "p_wilcoxon_holm", "test", "p_holm"),
    *("margin", "p_tost", "p_tost_holm", "pairs_needed", "word"),
)


def word(p_difference: float, p_equivalence: float, difference: float, better: Better) -> Word:
    """Say what two tests found; p values are corrected, and NaN is a test that was not possible.

    Args:
        p_difference: of the hypothesis that there is no difference.
        p_equivalence: of the hypothesis that the difference is as large as the margin.
        difference: how much more the baseline has than the other.
        better: which way is better.
    """
    differs = p_difference < statistics.ALPHA
    ahead = (difference > 0) == (better == "higher")
    if p_equivalence < statistics.ALPHA:
        if not differs:
            return "the same"
        return "the same, a little better" if ahead else "the same, a little worse"
    if not differs:
        return "not known"
    return "better" if ahead else "worse"


def judge(frame: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Compare the baseline of a study with every other activation, pair by pair, in each setting.

    The first measure of the study is judged. All comparisons of one scale are a family, over which
    p values are corrected by Holm's method. docs/studies.md says what each word means.

    Where a run diverged (its value is NaN), no mean can have it. Means, intervals and effect sizes
    are then of the pairs that both ended, the diverged are counted, "the same" is not said, and
    Wilcoxon's test decides, in which a run that diverged is worse than any that ended.

    Args:
        frame: results as `mish.study.results` gives them.
        study: the study that they are of.

    Returns:
        A row for each comparison: study, scale, a column for each setting, measure, baseline and
        other, then

        - ``pairs`` that were run, ``diverged_baseline`` and ``diverged_other`` of them, and
          ``equal``, the pairs with the same result,
        - ``mean_baseline``, ``mean_other``, ``difference`` of the means with the 95 % bootstrap
          interval from ``low`` to ``high``, ``spread`` (the standard deviation of the differences)
          and ``effect`` (d_z),
        - ``p_t`` of Student's paired t test, ``p_wilcoxon`` and ``p_wilcoxon_holm`` of Wilcoxon's,
          ``test``, which of them decides, and ``p_holm``, its corrected p value,
        - ``margin`` δ, ``p_tost`` and ``p_tost_holm`` of the equivalence test,
        - ``pairs_needed`` for a verdict at the margin with a power of 0.8 under Holm's correction,
        - ``word``, one of `WORDS`: what the baseline is.

        Numbers that cannot be had, as a spread of one pair, are NaN.

    Raises:
        ValueError: the frame is not of this study, or lacks its baseline; the message says how.
        ModuleNotFoundError: the extra ``study`` is not installed.
    """
    _frame.check(frame, study)
    measure = study.measures[0]
    families = [_decide(rows, measure) for rows in _families(frame, study, measure)]
    found = pd.concat(families, ignore_index=True) if families else pd.DataFrame()
    return found.reindex(columns=[*_comparison(frame), *_NUMBERS])


def differences(frame: pd.DataFrame, study: Study, measure: Measure) -> pd.DataFrame:
    """Compare by any measure, as `judge` does by the first, but judge nothing.

    Returns:
        The same columns as far as ``effect``.
    """
    _frame.check(frame, study)
    rows = [row for family in _families(frame, study, measure) for row in family]
    last = _NUMBERS.index("effect") + 1
    return pd.DataFrame(rows).reindex(columns=[*_comparison(frame), *_NUMBERS[:last]])


def _comparison(frame: pd.DataFrame) -> list[str]:
    """The columns that say what is compared."""
    return ["study", "scale", *_frame.settings_columns(frame), "measure", "baseline", "other"]


def _families(frame: pd.DataFrame, study: Study, measure: Measure) -> list[list[dict[str, Any]]]:
    """Compare by a measure, scale by scale."""
    measured = frame[frame["measure"] == measure.name]
    families = [
        _rows(family, study, measure) for _, family in measured.groupby("scale", sort=False)
    ]
    return [rows for rows in families if rows]


def _rows(frame: pd.DataFrame, study: Study, measure: Measure) -> list[dict[str, Any]]:
    """Compare what one scale has, without the corrections over all of it."""
    rows = []
    for settings, _, part in _frame.by_setting(frame):
        values = part.pivot(index="seed", columns="activation", values="value")
        if study.baseline not in values:
            continue
        ran = part.groupby("activation", sort=False)["seed"].agg(set)
        for other in ran.index.drop(study.baseline):
            pairs = sorted(ran[study.baseline] & ran[other])
            baseline, against = (values.loc[pairs, each] for each in (study.baseline, other))
            rows.append(
                {
                    "study": study.name,
                    "scale": part["scale"].iloc[0],
                    **settings,
                    "measure": measure.name,
                    "baseline": study.baseline,
                    "other": other,
                    **_compare(baseline.to_numpy(), against.to_numpy(), measure),
                }
            )
    return rows


def _compare(baseline: Array, other: Array, measure: Measure) -> dict[str, Any]:
    """Compare results pair by pair."""
    ended = ~np.isnan(baseline) & ~np.isnan(other)
    whole = bool(ended.all())
    found = statistics.differences(baseline[ended], other[ended])
    ranked = statistics.worst_ranked(baseline, other, measure.better)
    low, high = statistics.interval(found)
    p_t = statistics.t_test(found) if whole else math.nan
    p_wilcoxon = statistics.wilcoxon(ranked)
    return {
        "pairs": len(baseline),
        "diverged_baseline": int(np.isnan(baseline).sum()),
        "diverged_other": int(np.isnan(other).sum()),
        "equal": int((ranked == 0).sum()),
        "mean_baseline": _mean(baseline[ended]),
        "mean_other": _mean(other[ended]),
        "difference": _mean(found),
        "low": low,
        "high": high,
        "spread": statistics.spread(found),
        "effect": statistics.effect(found),
        "p_t": p_t,
        "p_wilcoxon": p_wilcoxon,
        "test": "t" if whole else "wilcoxon",
        "p": p_t if whole else p_wilcoxon,
        "ahead": _mean(found) if whole else statistics.signed_ranks(ranked),
        "margin": measure.margin,
        "p_tost": statistics.equivalence(found, measure.margin) if whole else math.nan,
    }


def _decide(family: list[dict[str, Any]], measure: Measure) -> pd.DataFrame:
    """Correct the p values of a family, and say the words."""
    rows = pd.DataFrame(family)
    rows["p_holm"] = statistics.holm(rows.pop("p"))
    rows["p_wilcoxon_holm"] = statistics.holm(rows["p_wilcoxon"])
    rows["p_tost_holm"] = statistics.holm(rows["p_tost"])
    rows["pairs_needed"] = [
        _power.pairs_needed(each, measure.margin, len(rows)) for each in rows["spread"]
    ]
    rows["word"] = [
        word(p, same, ahead, measure.better)
        for p, same, ahead in zip(
            rows["p_holm"], rows["p_tost_holm"], rows.pop("ahead"), strict=True
        )
    ]
    return rows


def _mean(values: Array) -> float:
    return float(np.mean(values)) if len(values) else math.nan
