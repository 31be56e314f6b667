"""accelerate: jax.nn.mish is ours, and theirs again."""

from __future__ import annotations

import threading

import jax
import numpy as np
import pytest

import mish
import mish.jax

THEIRS = jax.nn.mish


def is_ours():
    assert jax.nn.mish in (THEIRS, mish.jax.mish)
    return jax.nn.mish is mish.jax.mish


def test_begin_and_end():
    assert not is_ours()
    with mish.jax.accelerate() as acceleration:
        assert is_ours()
        x = np.array([-np.inf, -20, 20], np.float32)
        np.testing.assert_array_equal(jax.nn.mish(x), mish.mish(x))
        acceleration.undo()
    assert not is_ours()
    for _ in range(3):
        acceleration = mish.jax.accelerate()
    assert is_ours()
    with mish.jax.accelerate():
        pass
    assert is_ours()
    acceleration.undo()
    assert not is_ours()


def test_a_block_outlasts_undo_and_inner_blocks():
    with mish.jax.accelerate():
        with mish.jax.accelerate():
            pass
        mish.jax.accelerate().undo()
        assert is_ours()
    assert not is_ours()


def test_a_block_ends_after_an_error():
    with pytest.raises(ZeroDivisionError), mish.jax.accelerate():
        raise ZeroDivisionError
    assert not is_ours()


def test_threads():
    def work():
        for _ in range(200):
            with mish.jax.accelerate():
                seen.append(is_ours())

    seen = []
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(seen)
    assert len(seen) == 800
    assert not is_ours()


def test_integers_under_acceleration():
    with mish.jax.accelerate():
        np.testing.assert_allclose(jax.nn.mish(np.arange(3)), mish.mish([0.0, 1, 2]), rtol=1e-6)


def test_what_was_compiled_before_keeps_its_code():
    x = np.float32(-np.inf)

    def layer(v):
        return jax.nn.mish(v)

    model = jax.jit(layer)
    assert np.isnan(model(x))
    with mish.jax.accelerate():
        assert np.isnan(model(x))
        assert layer(x) == 0
