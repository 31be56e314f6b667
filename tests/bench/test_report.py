"""Tables, the page, JSON and pictures."""

from __future__ import annotations

import dataclasses
import itertools
import json
from xml.etree import ElementTree

import pytest
from rich.console import Console

from mish._measure import peers
from mish.bench import page, plots, report
from mish.bench.imports import ImportTime
from mish.bench.results import Memory, Results, elements


def shown(renderable):
    console = Console(width=100)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_a_table_has_a_line_for_each_peer(results):
    text = shown(report.table(results.cases[2]))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "forward, float32, 2^20 elements, one thread" in lines[0]
    assert "copy of the array 0.95 0.000 0.50 1.00" in [
        line.replace("0.954", "0.95") for line in lines
    ]
    assert "mish 1.91 0.000 1.00 2.00 0.75 0" in lines
    assert "a slow one 9.54 0.000 5.00 10.0 1e+06 0" in lines


def test_notes_tell_who_is_missing(results):
    assert report.notes(results) == [
        "missing: an absent one (no_such_package not installed)",
        "25% of the laps were interrupted by other work",
    ]


def test_what_of_ours_is_slower_is_told(results):
    assert report.beaten(results) == []
    case = results.cases[2]
    quick = dataclasses.replace(case.rows[2], label="a quick one", ratio=0.8)
    beaten = dataclasses.replace(
        results, cases=[dataclasses.replace(case, rows=[*case.rows, quick])]
    )
    told = "mish is slower than a quick one: forward, float32, 2^20 elements, one thread (1.25×)"
    assert report.beaten(beaten) == [told]
    assert f"- {told}" in page.page(beaten, "some-cpu")
    rows = [*case.rows, dataclasses.replace(quick, result="new")]  # beside a given array it is none
    beaten.cases[0] = dataclasses.replace(case, rows=rows, result="both")
    assert report.beaten(beaten) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0123, "0.012"), (0.1, "0.10"), (9.876, "9.88"), (12.34, "12.3"), (1234.5, "1,234")],
)
def test_three_figures(value, text):
    assert report.digits(value) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(1, "1 element"), (1000, "1,000 elements"), (1024, "1,024 elements"), (2048, "2^11 elements")],
)
def test_elements(size, text):
    assert elements(size) == text


def test_json_and_back(results):
    whole = dataclasses.replace(
        results,
        memory=[Memory("mish", "mish", "forward", 0, 0.0)],
        import_time=ImportTime(0.1, 0.08, 1.25, 0.01, []),
    )
    assert Results.from_dict(json.loads(whole.to_json())) == whole
    assert Results.from_dict(json.loads(results.to_json())) == results


def test_json_has_no_nan(results):
    import dataclasses

    broken = dataclasses.replace(results, machine={"load": float("nan")})
    assert json.loads(broken.to_json())["machine"]["load"] is None


def test_the_page_holds_every_part(results):
    text = page.page(results, "some-cpu")
    for title in ("# Some CPU, avx2", "## Summary", "### d2, float32, 2^20 elements", "## Memory"):
        assert title in text
    assert "| **mish** | **1.91** | **1.91** |" in text
    assert "| a slow one | 9.54 (5.00×) |  |" in text
    assert "Not offered by a slow one." in text
    assert "![Bars: time of each, forward, float32](some-cpu-bars.png)" in text
    assert "missing: an absent one" in text


@pytest.mark.parametrize("suffix", ["png", "svg", "SVG"])
def test_bars_for_one_size_and_curves_for_several(results, tmp_path, suffix):
    import dataclasses

    bars, curve = tmp_path / f"bars.{suffix}", tmp_path / f"curve.{suffix}"
    plots.draw(dataclasses.replace(results, cases=results.cases[2:]), bars)
    plots.draw(results, curve)
    for target in (bars, curve):
        assert target.stat().st_size > 10_000
        if suffix != "png":
            assert ElementTree.parse(target).getroot().tag.endswith("svg")
    assert sorted(tmp_path.iterdir()) == [bars, curve]


def test_the_curve_shows_each_peer_and_the_caches(results):
    from matplotlib.figure import Figure

    ax = plots.curve(results.cases[:3], results.machine["caches"], Figure().subplots())
    assert len(ax.lines) == 3 + 1
    texts = [text.get_text() for text in ax.texts]
    assert {"mish", "a slow one", "copy of the array", "L1 full"} <= set(texts)
    assert list(ax.lines[-1].get_xdata()) == [4096, 4096]
    assert ax.get_title(loc="left") == "forward, float32, one thread"


def test_the_curve_keeps_to_the_data(results):
    from matplotlib.figure import Figure

    sizes = [case.size for case in results.cases[:3]]
    far = {"L1": 8 * max(sizes) * 1024, "L2": 1}
    ax = plots.curve(results.cases[:3], far, Figure().subplots())
    assert not [text for text in ax.texts if "full" in text.get_text()]
    low, high = ax.get_xlim()
    assert min(sizes) / 2 < low < min(sizes) and max(sizes) < high < 2 * max(sizes)


def test_the_labels_stay_in_the_panel(results):
    from matplotlib.figure import Figure

    cases = [
        dataclasses.replace(
            case,
            rows=[
                dataclasses.replace(row, peer=f"{row.peer}{i}", label=f"{row.label}{i}")
                for row in case.rows
                for i in range(6)
            ],
        )
        for case in results.cases[:3]
    ]
    ax = plots.curve(cases, {}, Figure(figsize=(10, 6.5)).subplots())
    places = sorted(text.xyann[1] for text in ax.texts)
    low, high = ax.get_ylim()
    assert low < places[0] and places[-1] <= high
    gap = (high / low) ** 0.036
    assert all(b / a > 0.999 * gap for a, b in itertools.pairwise(places))


def test_no_two_peers_look_alike():
    looks = [
        (style["color"], style.get("linestyle"))
        for peer in peers.PEERS
        for style in [plots._style(peer.name, peer.ours)]
    ]
    assert len(set(looks)) == len(peers.PEERS)
    blue = plots._style(peers.MISH, True)["color"]
    for peer in peers.PEERS:
        assert (plots._style(peer.name, peer.ours)["color"] == blue) == peer.ours


def test_bars_are_as_long_as_times(results):
    from matplotlib.figure import Figure

    ax = plots.bars(results.cases[2], Figure().subplots())
    widths = [patch.get_width() for patch in ax.patches]
    assert widths == pytest.approx([10e-3 / 2**20 * 1e9, 2e-3 / 2**20 * 1e9, 1e-3 / 2**20 * 1e9])
    assert "9.54 ns, 5.00 ×" in [text.get_text() for text in ax.texts]
