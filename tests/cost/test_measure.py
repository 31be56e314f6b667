"""Measurements and pictures run, and give what can be; no time is judged."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

import mish
from mish import cost
from mish._measure.arrays import staggered
from mish.cost import _clock, _measure, _patterns, _peers


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(_measure.timing, "FILL", 1e-5)
    monkeypatch.setattr(_measure, "_MEMORY_BYTES", 1 << 20)
    monkeypatch.setattr(_patterns, "SIZES", (256, 512))
    monkeypatch.setattr(_patterns, "STRIDES", (1, 4))
    monkeypatch.setattr(_patterns, "OFFSETS", (0, 4))
    monkeypatch.setattr(_patterns, "_LARGE", 1 << 12)


def machine():
    return cost.Machine(3e9, 1e11, 2e10, {"float32": 9e10, "float64": 4e10})


def test_the_clock_is_a_processors():
    found = _clock.hertz()
    assert found is None or 2e8 < found < 1e10


def test_machine():
    found = cost.measure_machine(rounds=3)
    assert found.memory_bandwidth > 1e8
    assert found.peak["float32"] > found.peak["float64"] / 2 > 1e7


def test_kernels_run_on_one_thread_and_the_setting_comes_back(monkeypatch):
    before = mish.get_num_threads()
    seen = []
    inner = _measure._measure_kernel
    monkeypatch.setattr(
        _measure,
        "_measure_kernel",
        lambda *arguments: seen.append(mish.get_num_threads()) or inner(*arguments),
    )
    found = cost.measure_kernels(["mish", "mish_grad"], ["float32", "bfloat16"], rounds=3)
    assert set(seen) == {1} and mish.get_num_threads() == before
    assert len(found) == 4 and all(time.memory > 0 for time in found.values())


def test_patterns():
    curves = cost.measure_patterns(rounds=3)
    assert [len(curve.points) for curve in curves] == [2] * 6
    assert all(ns > 0 for curve in curves for _, ns in curve.points)
    figure = Figure(layout="constrained")
    cost.draw_patterns(curves, figure, {"L1": 32768})
    assert len(figure.axes) == 3
    lines = [line for ax in figure.axes for line in ax.lines if line.get_label()[0] != "_"]
    assert [line.get_label() for line in lines] == [curve.name for curve in curves]


def test_arrays_begin_at_different_places_of_a_page():
    for n in (1, 512, 5000):
        arrays = staggered(3, n, np.float32)
        starts = [each.ctypes.data % 4096 for each in arrays]
        assert all(start % 64 == 0 for start in starts) and len(set(starts)) == 3
        assert all(each.shape == (n,) for each in arrays)
        assert not np.shares_memory(arrays[0], arrays[1])


def test_an_offset_is_what_it_says(monkeypatch):
    seen = []
    monkeypatch.setattr(_patterns, "_call", lambda x, out: seen.append((x, out)))
    for offset in (0, 4, 60):
        _patterns._offset(offset)
    assert [[a.ctypes.data % 64 for a in pair] for pair in seen] == [[0, 0], [4, 4], [60, 60]]


@pytest.mark.skipif("avx2" not in cost.isas(), reason="counts are read from x86-64 code")
def test_roofline_places_each_kernel_under_its_roof():
    counts = [cost.count(name, "float32", "avx2") for name in ("mish", "mish_grad")]
    ax = cost.draw_roofline(
        machine(), [(each, cost.Time(1e-9, 2e-9)) for each in counts], Figure().subplots()
    )
    marks = [
        line.get_xydata()[0]
        for line in ax.lines
        if line.get_marker() == "o" and len(line.get_xdata())
    ]
    assert marks[0][0] == counts[0].intensity
    assert marks[0][1] == pytest.approx(counts[0].flops)
    assert marks[1][1] == pytest.approx(counts[0].flops / 2)
    roofs = [line for line in ax.lines if line.get_label().startswith("copy")]
    for line in roofs:
        assert line.get_ydata().max() == 90


def test_peers_are_timed_without_valgrind(monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr(_peers.shutil, "which", lambda name: None)
    found = cost.measure_peers()
    assert [each.name for each in found] == list(_peers.PEERS)
    assert all(each.instructions is None for each in found)


def test_communication_of_a_thousand_devices():
    given = cost.Training()
    assert given.devices == 1000
    found = cost.step(given)
    assert found[0].bytes == 0
    # 16 layers a stage, forward and backward, 7/8 of 8192 tokens of 28672 numbers of 2 bytes
    assert found[1].bytes == 16 * 2 * 7 / 8 * 8192 * 28672 * 2
    assert found[2].bytes == 16 * 2 * (2 * 7 / 8) * 8192 * 8192 * 2
    assert found[4].bytes == pytest.approx(2 * 24 / 25 * 2 * 80 * 8192 * 28672 / 40 * 2)


def test_one_device_sends_nothing():
    assert cost.all_reduce(100.0, 1) == cost.all_gather(100.0, 1) == 0
