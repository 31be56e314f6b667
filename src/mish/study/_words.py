"""Verdicts and numbers in plain words, as the page, the documents and the terminal say them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mish.study._cells import Measure, Study, Value

if TYPE_CHECKING:
    import pandas as pd

MEANINGS = {
    "better": "a difference in its favour was found, and it may be larger than δ",
    "worse": "a difference against it was found, and it may be larger than δ",
    "the same": "the difference was shown to be less than δ",
    "the same, a little better": "there is a difference in its favour, shown to be less than δ",
    "the same, a little worse": "there is a difference against it, shown to be less than δ",
    "not known": "neither was shown: more pairs would be needed",
}

_SENTENCES = {
    "better": "{baseline} is better than {others}.",
    "worse": "{baseline} is worse than {others}.",
    "the same": "{baseline} is the same as {others} within {margin}.",
    "not known": "How {baseline} compares with {others} is not known.",
}


def group(word: str) -> str:
    """Give the part of a word of a verdict that tells its kind: one of four."""
    return word.partition(",")[0]


def decimals(measure: Measure) -> int:
    """Count the decimals to show: two digits of the margin."""
    return max(0, 1 - math.floor(math.log10(measure.margin)))


def number(value: float, places: int) -> str:
    """Write a number with a true minus; a dash where there is none."""
    if math.isnan(value):
        return "—"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{places}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", "−")


def signed(value: float, places: int) -> str:
    """Write a number with its sign; 0 has none."""
    text = number(value, places)
    return f"+{text}" if value > 0 and text.strip("0.") else text


def difference_unit(measure: Measure) -> str:
    """Name the unit of differences: those of percentages are points."""
    return "points" if measure.unit == "%" else measure.unit


def with_unit(text: str, unit: str) -> str:
    """Write a number and its unit."""
    return f"{text} {unit}".rstrip()


def margin(measure: Measure) -> str:
    """Write the margin of a measure with its unit."""
    unit = difference_unit(measure)
    one = unit == "points" and measure.margin == 1
    return with_unit(f"{measure.margin:g}", "point" if one else unit)


def p_value(value: float) -> str:
    """Write a p value: three decimals, and no false 0."""
    if math.isnan(value):
        return "—"
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def setting(settings: Mapping[str, Value]) -> str:
    """Write a setting on a line."""
    texts = [
        f"{name.replace('_', ' ')} {_value(value)}"
        if not isinstance(value, bool)
        else f"{'with' if value else 'without'} {name.replace('_', ' ')}"
        for name, value in settings.items()
    ]
    return ", ".join(texts) or "all runs"


def _value(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).replace("_", " ")


def axis(measure: Measure) -> str:
    """Write a measure and its unit, as at an axis."""
    name = measure.name.replace("_", " ")
    return f"{name}, {measure.unit}" if measure.unit else name


def difference(row: Mapping[str, Any], measure: Measure) -> str:
    """Write the difference of a verdict with its interval."""
    places = decimals(measure)
    text = signed(row["difference"], places)
    if math.isnan(row["low"]):
        return text
    return f"{text} ({signed(row['low'], places)} to {signed(row['high'], places)})"


def diverged(row: Mapping[str, Any]) -> str:
    """Say how many runs of a comparison diverged; empty if none did."""
    counts = [
        f"{row[f'diverged_{which}']} of {row[which]}"
        for which in ("baseline", "other")
        if row[f"diverged_{which}"]
    ]
    return f"{' and '.join(counts)} diverged, of {row['pairs']} each" if counts else ""


def summary(verdicts: pd.DataFrame, study: Study) -> list[str]:
    """Say what a study found, a sentence for each kind of verdict.

    Each other activation is named with the number of settings in which the verdict is so.
    """
    total = len(verdicts.drop_duplicates(_settings(verdicts)))
    said: dict[str, Counter[str]] = {}
    for other, word in zip(verdicts["other"], verdicts["word"], strict=True):
        said.setdefault(other, Counter())[word] += 1
    sentences = []
    for kind, sentence in _SENTENCES.items():
        named = [
            f"{other} ({', '.join(counts)})" if total > 1 or len(counts) > 1 else other
            for other, words in said.items()
            if (counts := _counts(words, kind, total))
        ]
        if named:
            told = {"others": _listed(named), "margin": margin(study.measures[0])}
            sentences.append(sentence.format(baseline=study.baseline, **told))
    return sentences


def _counts(said: Counter[str], kind: str, total: int) -> list[str]:
    """Tell in how many settings a kind of word was said, and in how many with a sign."""
    count = sum(number for word, number in said.items() if group(word) == kind)
    if not count:
        return []
    signs = [
        f"{word.partition(', ')[2]} in {number}"
        for word, number in said.items()
        if group(word) == kind and word != kind
    ]
    return [f"{count} of {total}", *signs]


def _settings(verdicts: pd.DataFrame) -> list[str]:
    """Name the columns that tell settings apart: those before the measure."""
    return list(verdicts.columns[: verdicts.columns.get_loc("measure")])


def _listed(names: Sequence[str]) -> str:
    *firsts, last = names
    return f"{', '.join(firsts)} and {last}" if firsts else last
