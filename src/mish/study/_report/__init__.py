"""The page of results: one HTML file, put together from the plain files beside this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from typing import Any

import mish
from mish.study import _words as words
from mish.study._figures import DARK, LIGHT, Drawing, properties
from mish.study._findings import Findings
from mish.study._report import _tables as tables


def page(found: Sequence[Findings]) -> str:
    """Make a page of what studies found: an HTML document that needs no network and no other file.

    It begins with the verdicts in plain words. Then each study has its question, its margin and the
    reason for it, its power, tables, figures, and what it was made by.

    Args:
        found: of each study, in the order of the page.
    """
    parts = {
        "style": _colours() + _read("page.css"),
        "summary": "\n".join(map(_summary, found)),
        "studies": "\n".join(map(_study, found)),
        "meanings": _definitions(words.MEANINGS),
        "version": escape(mish.__version__),
    }
    return _filled(_read("page.html"), parts)


def _summary(found: Findings) -> str:
    """The verdicts of a study as sentences."""
    name = escape(found.study.name)
    first = " A first look, at the quick scale." if found.scale == "quick" else ""
    items = "".join(
        f"<li>{escape(each)}</li>" for each in words.summary(found.verdicts, found.study)
    )
    return (
        f'<h3><a href="#{name}">{name}</a></h3>\n'
        f"<p>{escape(found.study.question)}{first}</p>\n<ul>{items}</ul>"
    )


def _study(found: Findings) -> str:
    """The section of a study."""
    study = found.study
    judged = study.measures[0]
    parts = {
        "name": escape(study.name),
        "question": escape(study.question),
        "measure": escape(words.axis(judged)),
        "better": judged.better,
        "margin": escape(words.margin(judged)),
        "why": escape(judged.why),
        "power": escape(found.power()),
        "verdicts": tables.matrix(found),
        "forest": _figures(found.forest_drawings(single=True)),
        "means": "\n".join(
            f"<h4>{escape(words.axis(each))}</h4>\n"
            f"{_figures(found.mean_drawings(each, single=True))}"
            for each in found.measures
        ),
        "beside": tables.beside(found),
        "numbers": tables.numbers(found),
        "mean_numbers": tables.means(found),
        "made": _definitions(
            {"Command": f"{found.command} --report out.html", **found.facts()}, code=("Command",)
        ),
    }
    return _filled(_read("study.html"), parts)


def _figures(drawings: Sequence[Drawing]) -> str:
    """Figures beside one another as far as the screen is wide."""
    return f'<div class="figures">{"".join(map(_figure, drawings))}</div>'


def _figure(drawing: Drawing) -> str:
    """A figure that is told by its words; the table has its numbers."""
    svg = drawing.svg.replace("<svg", '<svg aria-hidden="true"', 1)
    return f'<div class="figure" role="img" aria-label="{escape(drawing.words)}">{svg}</div>\n'


def _definitions(found: Mapping[str, str], code: Sequence[str] = ()) -> str:
    items = []
    for term, text in found.items():
        told = f"<code>{escape(text)}</code>" if term in code else escape(text)
        items.append(f"<dt>{escape(term)}</dt><dd>{told}</dd>")
    return f"<dl>{''.join(items)}</dl>"


def _colours() -> str:
    """The colours of figures, on light and on dark screens."""
    return (
        f":root{{{properties(LIGHT)}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{{properties(DARK)}}}}}\n"
    )


def _filled(template: str, parts: Mapping[str, Any]) -> str:
    for name, text in parts.items():
        template = template.replace(f"@{name}@", text)
    return template


def _read(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")
