"""Import times."""

from __future__ import annotations

from mish.bench import imports


def test_import_brings_nothing_along():
    found = imports.measure(rounds=2)
    assert found.extra == []
    assert 0 < found.numpy < 60
    assert found.mish > 0
    assert found.ratio > 0
