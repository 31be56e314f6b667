"""The table of peers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mish
from mish._measure import peers


def test_names_are_unique_and_labels_short_enough_for_a_table():
    assert len({peer.name for peer in peers.PEERS}) == len(peers.PEERS)
    assert len({peer.label for peer in peers.PEERS}) == len(peers.PEERS)
    assert max(len(peer.label) for peer in peers.PEERS) <= 33


def test_ours_are_there():
    """Whether or not the frameworks are: nothing is listed that mish does not have."""
    root = Path(mish.__file__).parent
    for peer in peers.PEERS:
        for name in peer.needs:
            own = name.removeprefix("mish.")
            assert own == name or (root / own).exists() or (root / f"{own}.py").exists()
        source = (root / "_measure" / "peers" / f"{peer.module}.py").read_text(encoding="utf-8")
        assert f"def {peer.function}(" in source
    page = Path(__file__).parents[2] / "docs" / "benchmarking.md"
    for name in re.findall(r"\bmish\.([a-z]\w*)", page.read_text(encoding="utf-8")):
        assert (root / name).exists() or (root / f"{name}.py").exists() or hasattr(mish, name)


def test_select():
    assert peers.select() == list(peers.PEERS)
    assert [each.name for each in peers.select(["torch", "mish"])] == ["mish", "torch"]
    with pytest.raises(ValueError, match=r"no peer is called 'tourch'; there are copy, mish"):
        peers.select(["mish", "tourch"])


def test_missing_modules_are_found_out_without_importing():
    here = peers.Peer("a", "a", "numpy", "naive", ("numpy", "mish.cli"))
    gone = peers.Peer(
        "b", "b", "numpy", "naive", ("numpy", "no_such_package.inner", "mish.nothing")
    )
    assert here.missing() == []
    assert gone.missing() == ["no_such_package.inner", "mish.nothing"]
