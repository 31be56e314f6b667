"""The interactive page as it is made: whole in itself, with mish's own data, fit for everybody."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import mish
from mish import facts, symbolic
from mish.cli import app
from mish.plot import _errors as errors
from mish.plot import interactive_page

ROOT = Path(__file__).resolve().parents[2]
_CHANGING = r'"version":"[^"]*"|"errors":\{.*\}(?=</script>)'
_LINKS = {"src", "href", "srcset", "action", "xlink:href"}


class _Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


@pytest.fixture(scope="module")
def page():
    return interactive_page(["numpy"], "float16")


@pytest.fixture(scope="module")
def elements(page):
    return _Elements(page).found


@pytest.fixture(scope="module")
def data(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])


def test_it_is_one_small_file(page, elements):
    assert len(page.encode()) < 300_000
    assert "@" not in re.sub(r"@media|@supports", "", page)  # every place is filled
    links = [value for _, given in elements for key, value in given.items() if key in _LINKS]
    assert sorted(links) == ["#point", "data:,"]
    assert not re.search(r"url\((?!#)|@import|\bfetch\(|XMLHttpRequest|\bimport\(", page)
    addresses = set(re.findall(r"https?://[^\s\"'<]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # the name of SVG, which is not loaded
    policy = next(given["content"] for _, given in elements if "http-equiv" in given)
    assert policy.startswith("default-src 'none'")


def test_everybody_is_served(elements):
    names = {given["id"] for _, given in elements if "id" in given}
    for tag, given in elements:
        for key in ("aria-labelledby", "aria-describedby"):
            assert set(given.get(key, "").split()) <= names
        if tag == "svg":
            assert given["role"] in {"img", "group"} and given["aria-labelledby"]
        if tag == "section":
            assert given["aria-labelledby"]
        if tag == "button":
            assert given["type"] == "button"
    told = {given["id"] for _, given in elements if given.get("aria-live") == "polite"}
    assert {"value", "inverse-values", "copied", "error-place"} <= told
    assert ("html", {"lang": "en", "data-theme": "light"}) in elements


def test_fields_have_labels(page):
    fields = re.findall(r"<input\b", page)
    assert len(fields) == len(re.findall(r'<label class="field">[^<]+<input\b', page)) == 3
    assert page.count("<fieldset>") == page.count("<legend")


def test_formulas_are_those_of_the_command(data, page):
    for order, texts in enumerate(data["formulas"]):
        for format, text in texts.items():
            assert text == symbolic.formula(order).text(format, 76)
    assert len(data["formulas"]) == 6
    for order in range(7):
        assert symbolic.formula(order).text("javascript") in page


def test_marks_are_the_certified_points(data):
    for order, marks in enumerate(data["marks"]):
        points = [each for each in facts.points("mish", order) if abs(float(each.x)) <= 8]
        assert [each["kind"] for each in marks] == [each.kind for each in points]
        assert [each["digits"] for each in marks] == [each.x.text(20) for each in points]
        x = np.array([each["x"] for each in marks])
        assert [each["y"] for each in marks] == mish.derivative(x, order).tolist()
    turns = [each["x"] for each in data["marks"][0] if each["kind"] == "minimum"]
    assert [data["minimum"]["x"]] == turns


def test_tables_are_the_values_of_facts(data):
    assert list(data["others"]) == [each for each in facts.ACTIVATIONS if each != "mish"]
    breaks = {"elu": [0], "hard_swish": [-3, 3], "relu": [0]}
    for name, table in data["others"].items():
        assert table["breaks"] == breaks.get(name, [])
        x = np.sort(np.concatenate([np.arange(-8, 8.01, 1 / 16), table["breaks"]]))
        smooth = ~np.isin(x, table["breaks"])
        for order, values in enumerate(table["values"]):
            assert len(values) == len(x)
            expected = facts.values(name, x[smooth], order)
            np.testing.assert_allclose(np.array(values)[smooth], expected, atol=5.1e-8)
    slopes = np.array(data["others"]["relu"]["values"][1])
    assert sorted(set(slopes)) == [0, 1] and np.diff(slopes).sum() == 1


def test_errors_are_those_of_the_command(data):
    shown = data["errors"]
    assert (shown["dtype"], shown["bound"]) == ("float16", errors.BOUNDS["float16"])
    for picture in shown["pictures"]:
        found = errors.measure([], "float16", picture["order"], errors.INTERVAL, 250)
        (ours,) = [each for each in picture["curves"] if each["ours"]]
        worst = np.array([np.nan if each is None else each for each in ours["worst"]])
        np.testing.assert_allclose(worst, found.curves[-1].worst, rtol=5.1e-3)
    labels = [[each["label"] for each in picture["curves"]] for picture in shown["pictures"]]
    assert labels[0] == ["NumPy x*tanh(log1p(exp(x)))", "mish"]


def test_a_peer_without_a_derivative_is_left_out_of_it(monkeypatch):
    def refuse(peer, order, x):
        raise errors.Unoffered(f"peer {peer.name}: no derivative")

    monkeypatch.setattr(errors, "_ask", refuse)
    found = errors.measure(["numpy"], "float16", 1, (-2.0, 2.0), 4, lenient=True)
    assert [each.label for each in found.curves] == ["mish"]
    with pytest.raises(ValueError, match="peer numpy: no derivative"):
        errors.measure(["numpy"], "float16", 1, (-2.0, 2.0), 4)


def test_the_page_of_the_gallery_is_current(page):
    """But for the version and the errors, which depend on what is installed."""
    shown = (ROOT / "docs" / "images" / "mish.html").read_text(encoding="utf-8")
    for text in (page, shown):
        assert re.search(_CHANGING, text)
    assert re.sub(_CHANGING, "", shown) == re.sub(_CHANGING, "", page)


def test_command(tmp_path):
    target = tmp_path / "mish.html"
    shown = CliRunner().invoke(app, ["plot", "--interactive", "-o", str(target)])
    assert (shown.exit_code, shown.stdout) == (0, f"{target}\n")
    assert target.read_text("utf-8") == interactive_page()
    assert list(tmp_path.iterdir()) == [target]
