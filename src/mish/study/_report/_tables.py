"""The tables of a study as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from mish.study import _words as words
from mish.study._cells import Measure
from mish.study._findings import Findings

if TYPE_CHECKING:
    import pandas as pd

_SIGNS = {"better": "▲", "worse": "▼", "the same": "■", "not known": "○"}


def matrix(found: Findings) -> str:
    """Tell every verdict: a row for each setting, a column for each other activation."""
    measure = found.study.measures[0]
    caption = (
        f"{found.study.baseline} against each other: the verdict, and {found.study.baseline} − "
        f"other in {words.axis(measure)} with its 95 % interval"
    )
    return _matrix(found, "verdicts", caption, found.verdicts, measure)


def beside(found: Findings) -> str:
    """Tell the differences by the other measures, a table for each, to be unfolded."""
    tables = [
        _matrix(
            found,
            f"beside-{measure.name}",
            f"Not judged: {found.study.baseline} − other in {words.axis(measure)}, of which "
            f"{measure.better} is better, with its 95 % interval",
            found.beside[measure.name],
            measure,
        )
        for measure in found.measures
        if measure.name in found.beside
    ]
    head = "<details>\n<summary>Differences by other measures</summary>"
    return "\n".join([head, *tables, "</details>"]) if tables else ""


def _matrix(
    found: Findings, name: str, caption: str, compared: pd.DataFrame, measure: Measure
) -> str:
    others = list(dict.fromkeys(compared["other"]))
    rows = []
    for setting, part in found.by_setting(compared).items():
        cells = {row["other"]: _told(row, measure) for row in part}
        rows.append([_head(setting), *(cells.get(other, "<td></td>") for other in others)])
    return _table(found, name, caption, ["setting", *others], rows)


def numbers(found: Findings) -> str:
    """Tell all numbers of each comparison."""
    places = words.decimals(found.study.measures[0])
    heads = [
        *("setting", "other", "pairs", "diverged", "equal"),
        *(f"mean {found.study.baseline}", "mean other", "difference", "95 %", "spread", "d_z"),
        *("p, t", "p, Wilcoxon", "p, Wilcoxon, Holm", "decides", "p, Holm"),
        *("p, TOST", "p, TOST, Holm", "pairs needed", "verdict"),
    ]
    rows = []
    for setting, part in found.by_setting(found.verdicts).items():
        for row in part:
            low, high = (words.signed(row[end], places) for end in ("low", "high"))
            texts = [
                *(row["other"], str(row["pairs"])),
                f"{row['diverged_baseline']}, {row['diverged_other']}",
                str(row["equal"]),
                *(words.number(row[each], places) for each in ("mean_baseline", "mean_other")),
                *(words.signed(row["difference"], places), f"{low} to {high}"),
                words.number(row["spread"], places + 1),
                words.signed(row["effect"], 2),
                *(words.p_value(row[f"p_{each}"]) for each in ("t", "wilcoxon", "wilcoxon_holm")),
                *(row["test"], words.p_value(row["p_holm"])),
                *(words.p_value(row[f"p_{each}"]) for each in ("tost", "tost_holm")),
                *(words.number(row["pairs_needed"], 0), row["word"]),
            ]
            rows.append([_head(setting), *map(_cell, texts)])
    return _table(found, "numbers", "Every comparison in numbers", heads, rows)


def means(found: Findings) -> str:
    """Tell the means of all measures, with the learning rates that were found."""
    rows = []
    by_name = {measure.name: measure for measure in found.study.measures}
    for setting, part in found.by_setting(found.means).items():
        for row in part:
            measure = by_name[row["measure"]]
            mean, low, high = (
                words.number(row[each], words.decimals(measure)) for each in ("mean", "low", "high")
            )
            rate = "none" if row["rate"] != row["rate"] else f"{row['rate']:g}"
            texts = [row["activation"], words.axis(measure), mean, f"{low} to {high}"]
            counts = [str(row["runs"]), str(row["diverged"]), rate]
            rows.append([_head(setting), *map(_cell, texts + counts)])
    heads = ["setting", "activation", "measure", "mean", "95 %", "runs", "diverged", "rate"]
    return _table(found, "means", "Means of every measure", heads, rows)


def _told(row: Mapping[str, Any], measure: Measure) -> str:
    """Write a difference, after the verdict if there is one."""
    told = [escape(words.difference(row, measure)), escape(words.diverged(row))]
    if "word" not in row:
        return f"<td>{'<br>'.join(filter(None, told))}</td>"
    kind = words.group(row["word"])
    sign = f"<span aria-hidden='true'>{_SIGNS[kind]}</span>"
    word = f"{sign} <strong>{escape(row['word'])}</strong>"
    return f"<td class='{kind.replace(' ', '-')}'>{'<br>'.join(filter(None, [word, *told]))}</td>"


def _head(text: str) -> str:
    return f"<th scope='row'>{escape(text)}</th>"


def _cell(text: str) -> str:
    return f"<td>{escape(text)}</td>"


def _table(
    found: Findings, name: str, caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]
) -> str:
    """Write a table in a region of its own, which scrolls where the screen is narrow."""
    label = f"{found.study.name}-{name}-caption"
    head = "".join(f"<th scope='col'>{escape(each)}</th>" for each in heads)
    body = "\n".join(f"<tr>{''.join(each)}</tr>" for each in rows)
    return (
        f"<div class='scroll' role='region' tabindex='0' aria-labelledby='{label}'>\n"
        f"<table><caption><span id='{label}'>{escape(caption)}</span></caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )
