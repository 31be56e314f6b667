"""Figures: what is drawn, in colours that both themes have and eyes can tell apart."""

from __future__ import annotations

import itertools
import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("statsmodels")
pytest.importorskip("matplotlib")

import pandas as pd

from mish.study import _figures as figures
from mish.study._findings import findings


def texts(svg):
    return [
        "".join(each.itertext()).strip()
        for each in ElementTree.fromstring(svg).iter()
        if each.tag.endswith("text")
    ]


def test_a_panel_for_each_setting_but_the_one_along(found):
    accuracy = found.measures[0]
    drawings = found.mean_drawings(accuracy, single=True)
    assert len(drawings) == 2
    shown = texts(drawings[0].svg)
    assert {"kind symmetric", "0", "0.4", "wrong", "accuracy, %", "mish", "relu"} <= set(shown)
    (whole,) = found.mean_drawings(accuracy, single=False)
    assert {"kind symmetric", "kind class"} <= set(texts(whole.svg))


def test_forests_name_the_others_and_the_diverged(found):
    drawings = found.forest_drawings(single=True)
    assert len(drawings) == 4
    shown = " ".join(texts(drawings[3].svg))
    assert (
        "relu" in shown
        and "4 diverged" in shown
        and "mish − other, points (right: better)" in shown
    )


def test_the_same_every_time(found):
    first, again = (found.forest_drawings(single=False)[0].svg for _ in range(2))
    assert first == again


def test_several_on_a_page_share_no_identifier(found):
    every = [each.svg for each in found.forest_drawings(single=True)]
    identifiers = [set(re.findall(r'id="([^"]+)"', svg)) for svg in every]
    for svg, own in zip(every, identifiers, strict=True):
        assert set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg)) == own
    assert not any(one & other for one, other in itertools.combinations(identifiers, 2))


def test_all_colours_are_named_in_both_themes(found):
    assert figures.LIGHT.keys() == figures.DARK.keys()
    assert len(set(figures.LIGHT.values())) == len(figures.LIGHT)
    svg = found.forest_drawings(single=True)[0].svg
    drawn = set(re.findall(r"var\(--([\w-]+),#", svg))
    assert {"better", "same", "figure-band", "figure-ink"} <= drawn <= figures.LIGHT.keys()
    without = re.sub(r"var\([^)]*\)", "", svg)
    assert not re.findall(r"#[0-9a-f]{6}\b", without)
    assert "--better:" in figures.alone(svg) and "prefers-color-scheme" in figures.alone(svg)


def luminance(colour):
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear


@pytest.mark.parametrize("theme", [figures.LIGHT, figures.DARK])
def test_lines_stand_out_from_their_paper(theme):
    """By 3 to 1, as WCAG 2 asks of graphics."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    paper = luminance(theme["figure-paper"]) @ weights
    for name, colour in theme.items():
        if name.startswith("curve") or name in ("better", "worse", "same", "unknown"):
            pair = sorted([paper, luminance(colour) @ weights])
            assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 3, name


# Of Machado, Oliveira and Fernandes (2009), severity 1: what eyes without red, without green see.
BLIND = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


@pytest.mark.parametrize("theme", [figures.LIGHT, figures.DARK])
@pytest.mark.parametrize("matrix", [np.eye(3), *BLIND.values()], ids=["all", *BLIND])
def test_verdicts_differ_to_colour_blind_eyes(theme, matrix):
    """Better from worse by colour; all four also by their marks."""
    seen = {
        name: np.clip(matrix @ luminance(theme[name]), 0, 1) ** (1 / 2.2)
        for name in ("better", "worse")
    }
    assert math.dist(seen["better"], seen["worse"]) > 0.25


def test_one_value_and_no_interval(frame_of, study):
    """One pair has no interval, one activation diverged throughout, and nothing varies."""
    frame = frame_of({"mish": [90.0], "relu": [89.0], "tanh": [math.nan]})
    found = findings(frame, study)
    (accuracy,) = found.measures
    for (drawing,) in (
        found.forest_drawings(single=True),
        found.mean_drawings(accuracy, single=True),
    ):
        assert "tanh" in " ".join(texts(drawing.svg))


def test_a_panel_of_less_keeps_the_axis_and_the_colours(frame_of, study):
    """Of a study that was stopped: one depth, and no ReLU, where the other case has all."""
    values = {"mish": [90.0, 91.0], "relu": [89.0, 91.0], "silu": [90.5, 91.0]}
    whole = [frame_of(values, {"case": "plain", "layers": each}) for each in (5, 15)]
    less = frame_of(values, {"case": "noisy", "layers": 5})
    frame = pd.concat([*whole, less[less["activation"] != "relu"]])
    found = findings(frame, study)
    drawings = found.mean_drawings(found.measures[0], single=True)
    assert [texts(each.svg)[:2] for each in drawings] == [["5", "15"], ["5", "layers"]]
    assert all("var(--curve-2," in each.svg for each in drawings)  # of SiLU


def test_a_setting_that_is_a_switch_is_told_in_words(frame_of, study):
    values = {"mish": [90.0, 91.0], "relu": [89.0, 91.0]}
    parts = [frame_of(values, {"batch_norm": each}) for each in (False, True)]
    drawings = findings(pd.concat(parts), study).forest_drawings(single=True)
    assert [texts(each.svg)[-1] for each in drawings] == ["without batch norm", "with batch norm"]


def test_a_measure_over_many_powers_of_ten_has_a_logarithmic_axis(frame_of, study):
    parts = [
        frame_of({"mish": [value, 2 * value], "relu": [value, value]}, {"rate_factor": value})
        for value in (1e-6, 1e-3, 1.0)
    ]
    found = findings(pd.concat(parts), study)
    (drawing,) = found.mean_drawings(found.measures[0], single=True)
    assert {"1e-06", "0.001", "1"} <= set(texts(drawing.svg))
    assert "10−6" in ["".join(each.split()) for each in texts(drawing.svg)]
