"""The table of peers."""

from __future__ import annotations

import pytest

from mish.bench import peers


def test_names_are_unique_and_labels_short_enough_for_a_table():
    assert len({peer.name for peer in peers.PEERS}) == len(peers.PEERS)
    assert len({peer.label for peer in peers.PEERS}) == len(peers.PEERS)
    assert max(len(peer.label) for peer in peers.PEERS) <= 33


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
