"""A file is written whole or not at all."""

from __future__ import annotations

import pytest

from mish._files import replacing


def test_target_is_replaced_at_the_end(tmp_path):
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    with replacing(target) as file:
        file.write(b"new")
        file.flush()
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_failure_leaves_no_trace(tmp_path):
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    with pytest.raises(RuntimeError, match="stop"), replacing(target) as file:
        file.write(b"half")
        raise RuntimeError("stop")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]
