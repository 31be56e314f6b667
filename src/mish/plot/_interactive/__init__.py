"""The interactive page: one HTML file, put together from the plain files beside this one.

The page computes Mish by functions that ``mish.symbolic`` writes; its numbers are those of
``_data``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources

from mish._support.extras import needs
from mish.plot._draw import theme_of

SCRIPTS = ("figure.js", "mathematics.js", "curves.js", "inverse.js", "errors.js", "page.js")
"""In the order in which they build on one another."""


def interactive_page(peers: Sequence[str] = (), dtype: str = "float32") -> str:
    """Make an interactive page of Mish: an HTML document that needs no network and no other file.

    It shows Mish and its derivatives to order 5, other activations beside them, certified zeros,
    extrema and inflections, the inverse, errors of this package and of peers in ulp, and the
    formulas, to be copied. A point on the curve is moved by pointer or keyboard.

    Args:
        peers: whose errors beside ours, by the names that ``mish bench --list`` shows. One that
            has no derivative is left out where errors of the derivative are shown.
        dtype: the format of the errors: float16, bfloat16, float32 or float64.

    Returns:
        The document.

    Raises:
        ModuleNotFoundError: SymPy or python-flint (the ``symbolic`` extra), or what the format
            needs, is not installed.
        ValueError: an argument is not usable, or a peer failed; the message says which.
    """
    with needs("symbolic", "mish.plot.interactive_page"):
        from mish.plot._interactive._data import collect, functions

    # "<" only ever stands within strings, where it could end the element
    data = json.dumps(collect(peers, dtype), ensure_ascii=False, separators=(",", ":"))
    parts = {
        "style": _colours() + _read("page.css"),
        "data": data.replace("<", "\\u003c"),
        "script": "\n".join([functions(), *map(_read, SCRIPTS)]),
    }
    page = _read("page.html")
    for name, text in parts.items():
        page = page.replace(f"@{name}@", text)
    return page


def _read(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")


def _colours() -> str:
    """The colours of the curves, those of the pictures, as properties of both themes."""
    rules = []
    for name in ("light", "dark"):
        colours = theme_of(name).colours
        properties = "".join(f"--curve-{i}:{colour};" for i, colour in enumerate(colours))
        rules.append(f':root[data-theme="{name}"]{{{properties}}}\n')
    return "".join(rules)
