"""All that a study found at one scale, as the page and the documents show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mish._support.extras import needs
from mish.study import _frame
from mish.study import _words as words
from mish.study._cells import SCALES, Measure, Study
from mish.study._provenance import provenance

with needs("study", "mish.study"):
    import pandas as pd

    from mish.study._figures import (
        Drawing,
        Panel,
        draw_forest,
        draw_means,
        panels_by,
        setting_along,
    )
    from mish.study._means import means
    from mish.study._verdicts import differences, judge


@dataclass(frozen=True)
class Findings:
    """What a study found.

    Attributes:
        study: which.
        scale: at which scale.
        settings: what it varies.
        verdicts: as `mish.study.judge` gives them.
        beside: the differences by the study's other measures, by their names, which nobody judges.
        means: as `mish.study._means.means` gives them.
        made: what the results were made by, if that is known.
    """

    study: Study
    scale: str
    settings: list[str]
    verdicts: pd.DataFrame
    beside: Mapping[str, pd.DataFrame]
    means: pd.DataFrame
    made: Mapping[str, Any] | None

    @property
    def command(self) -> str:
        """What makes the results anew."""
        return f"mish study {self.study.name}{' --quick' if self.scale == 'quick' else ''}"

    def facts(self) -> dict[str, str]:
        """Say what the results were made by; empty where that is not known."""
        if (made := self.made) is None:
            return {}
        hours = f"{made['seconds'] / 3600:.1f} hours of one thread"
        return {
            "Runs": f"{made['jobs']} with those for learning rates, {hours}",
            "Ended": f"{made['first']} to {made['last']}",
            "Machine": ", ".join(made["machines"]),
            "Versions": "; ".join(
                f"{package} {', '.join(versions)}" for package, versions in made["software"].items()
            ),
        }

    def by_setting(self, rows: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
        """Group rows by their setting, in words, in their order."""
        grouped: dict[str, list[dict[str, Any]]] = {}
        for row in rows.to_dict("records"):
            setting = words.setting({name: row[name] for name in self.settings})
            grouped.setdefault(setting, []).append(row)
        return grouped

    def power(self) -> str:
        """Say in a sentence how many pairs verdicts need, and how many there were."""
        rows = self.verdicts
        measure = self.study.measures[0]
        needed = rows["pairs_needed"].dropna()
        if needed.empty:
            return "No comparison has two pairs that ended, so no spread is known."
        enough = int((rows["pairs"] >= rows["pairs_needed"]).sum())
        return (
            f"A verdict at δ = {words.margin(measure)} with a power of 0.8, Holm's correction over "
            f"{len(rows)} comparisons counted, needs {_range(needed)} pairs at the spreads found; "
            f"there were {_range(rows['pairs'])}. {enough} of {len(rows)} comparisons had enough."
        )

    @property
    def measures(self) -> list[Measure]:
        """What the results have of the study's measures."""
        there = set(self.means["measure"])
        return [each for each in self.study.measures if each.name in there]

    def mean_drawings(self, measure: Measure, *, single: bool) -> list[Drawing]:
        """Draw the means of a measure: a figure for each panel, or one of all."""
        rows = self.means[self.means["measure"] == measure.name]
        along = setting_along(rows, self.settings)
        panels = panels_by(rows, [name for name in self.settings if name != along])
        order = list(dict.fromkeys([self.study.baseline, *self.means["activation"]]))
        return [
            draw_means(each, measure, along, order, f"{self.study.name}-{measure.name}-{i}")
            for i, each in enumerate(_parts(panels, single))
        ]

    def forest_drawings(self, *, single: bool) -> list[Drawing]:
        """Draw the differences: a figure for each setting, or one of all."""
        panels = panels_by(self.verdicts, self.settings)
        return [
            draw_forest(each, self.study, self.study.measures[0], f"{self.study.name}-forest-{i}")
            for i, each in enumerate(_parts(panels, single))
        ]


def findings(frame: pd.DataFrame, study: Study) -> Findings | None:
    """Gather what a study found: at the full scale if it has comparisons there, else at the quick.

    Args:
        frame: results of the study, maybe with columns of other studies.
        study: which.

    Returns:
        None where nothing was compared yet.

    Raises:
        ValueError: the frame is not of the study; the message says how.
    """
    own = frame[frame["study"] == study.name]
    unused = [name for name in _frame.settings_columns(own) if own[name].isna().all()]
    own = own.drop(columns=unused)
    for scale in reversed(SCALES):
        rows = own[own["scale"] == scale]
        if study.baseline not in set(rows["activation"]):
            continue
        verdicts = judge(rows, study)
        if len(verdicts):
            beside = {each.name: differences(rows, study, each) for each in study.measures[1:]}
            return Findings(
                study=study,
                scale=scale,
                settings=_frame.settings_columns(rows),
                verdicts=verdicts,
                beside={name: found for name, found in beside.items() if len(found)},
                means=means(rows, study),
                made=provenance(frame, study.name, scale),
            )
    return None


def _parts(panels: list[Panel], single: bool) -> list[list[Panel]]:
    return [[each] for each in panels] if single else [panels]


def _range(numbers: pd.Series[Any]) -> str:
    low, high = (words.number(each, 0) for each in (numbers.min(), numbers.max()))
    return low if low == high else f"{low} to {high}"
