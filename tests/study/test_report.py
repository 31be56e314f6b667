"""The page: what it says, that it is one file, and that it is sound HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

pytest.importorskip("statsmodels")
pytest.importorskip("matplotlib")

VOID = {"meta", "link", "br", "input"}


class Reader(HTMLParser):
    """Follows the tags of a page, which must close one another, and keeps its text."""

    def __init__(self, document):
        super().__init__()
        self.open, self.identifiers, self.text = [], [], []
        self.references, self.tags = [], []
        self.feed(document)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        named = dict(attributes)
        self.identifiers += [named["id"]] if "id" in named else []
        self.references += named.get("aria-labelledby", "").split()
        if named.get("href", "").startswith("#"):
            self.references.append(named["href"][1:])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "text"):
            self.text.append(data)


@pytest.fixture(scope="module")
def read(document):
    return Reader(document)


@pytest.fixture(scope="module")
def text(read):
    return " ".join(" ".join(read.text).split())


def test_identifiers_are_unique_and_references_lead_somewhere(read):
    assert len(read.identifiers) == len(set(read.identifiers))
    assert set(read.references) <= set(read.identifiers)


def test_it_begins_with_the_verdicts(text):
    assert text.index("What was found") < text.index("mish is better than relu (4 of 4).")
    gelu = "gelu (4 of 4, a little better in 4)"
    assert f"mish is the same as silu (4 of 4) and {gelu} within 0.5 points." in text
    assert "How mish compares with tanh (4 of 4) is not known." in text
    assert text.index("is not known.") < text.index("Made by")


def test_differences_by_other_measures_are_told_and_not_judged(text):
    told = text[text.index("Not judged: mish − other in loss, nat, of which lower is better") :]
    assert re.match(r".*?kind symmetric, wrong 0 \+?−?0\.\d+ \(", told)
    assert "diverged, of 20 each" in told[: told.index("Every comparison")]


def test_each_study_says_how_it_was_judged(text):
    assert "accuracy, %; higher is better" in text
    assert "0.5 points : half a point decides nothing" in text.replace("points:", "points :")
    assert re.search(
        r"with a power of 0\.8.*over 16 comparisons.*needs \d+ to \d+ pairs.*20\.", text
    )
    assert "4 of relu diverged, of 20 each" in text
    assert "the same, a little better" in text


def test_what_it_was_made_by(text):
    assert "mish study labels --report out.html" in text
    assert "320 with those for learning rates, 1.5 hours of one thread" in text
    assert "a processor <fast>" in text and "torch 2.12.0, 2.13.0" in text
    assert "mish study depth --quick" in text and "A first look" in text


def test_what_others_wrote_is_escaped(document, text):
    assert "Is <deep> & narrow well?" in text
    assert "<deep>" not in document


def test_it_asks_for_nothing(document):
    assert not re.search(
        r'(?:src|href)="(?!#|data:)', re.sub(r"<svg.*?</svg>", "", document, flags=re.S)
    )
    assert "@import" not in document and "<script" not in document
    assert not re.search(r"@\w+@", document)


def test_every_comparison_is_in_the_tables(read):
    assert read.tags.count("table") == (3 + 1) + 3
    assert read.tags.count("svg") == (4 + 2 * 2) + (1 + 1)
