from __future__ import annotations

import math
import os

import numpy as np
import onnx
import onnxruntime
import pytest

from mish.onnx import ModelError, verify


def test_a_model_equals_itself(build):
    result = verify(build(), build())
    assert (result.max_absolute, result.max_relative, result.agree) == (0, 0, True)
    assert result.seconds_before > 0
    assert result.ratio == result.seconds_before / result.seconds_after


def test_the_differences(build):
    x = np.array([4, -8, 0.5], np.float32)
    before = build("y = Identity(x)")
    after = build("c = Constant<value = float {0.25}>() y = Add(x, c)")
    result = verify(before, after, {"x": x}, atol=0.25, rtol=0)
    assert result.max_absolute == 0.25
    assert result.max_relative == 0.5
    assert result.agree
    assert not verify(before, after, {"x": x}, atol=0.2499, rtol=0).agree
    assert verify(before, after, {"x": x}, atol=0, rtol=0.5).agree
    assert not verify(before, after, {"x": x}, atol=0, rtol=0.49).agree


def test_small_elements_count_as_a_hundredth_of_the_largest(build):
    before = build("y = Identity(x)")
    after = build("c = Constant<value = float {0.5}>() y = Add(x, c)")
    x = np.array([100, 1e-20], np.float32)
    assert verify(before, after, {"x": x}).max_relative == 0.5
    assert verify(before, after, {"x": x}, rtol=0.5).agree
    assert not verify(before, after, {"x": x}, rtol=0.49).agree


def test_tiny_outputs_are_held_to_their_own_size(build):
    before = build("c = Constant<value = float {1e-6}>() y = Mul(x, c)")
    after = build("c = Constant<value = float {1.01e-6}>() y = Mul(x, c)")
    assert not verify(before, after).agree


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_special_values(build, value):
    x = np.array([value, 1], np.float32)
    same, other = build("y = Identity(x)"), build("y = Sub(x, x)")
    assert verify(same, same, {"x": x}, atol=0, rtol=0).agree
    if not np.isnan(value):
        for pair in ((same, other), (other, same)):
            result = verify(*pair, {"x": x})
            assert result.max_absolute == result.max_relative == np.inf
            assert not result.agree


def test_an_output_without_elements(build):
    result = verify(build(), build(), {"x": np.empty(0, np.float32)})
    assert (result.max_absolute, result.max_relative, result.agree) == (0, 0, True)


def test_integers_and_several_outputs(build):
    inputs = "int64[A] i, bool[A] c, float16[B, A, 3] h"
    outputs = "int64[A] k, bool[A] d, float16[B, A, 3] g"
    before = build("k = Identity(i) d = Not(c) g = Neg(h)", inputs, outputs)
    after = build("k = Neg(i) d = Not(c) g = Neg(h)", inputs, outputs)
    assert verify(before, before).agree
    arrays = {
        "i": np.array([3], np.int64),
        "c": np.array([True]),
        "h": np.zeros((1, 1, 3), np.float16),
    }
    assert verify(before, after, arrays).max_absolute == 6


def test_made_up_inputs_follow_the_seed(build):
    before, after = build("y = Identity(x)"), build("y = Neg(x)")
    figures = [verify(before, after, seed=seed).max_absolute for seed in (0, 0, 1)]
    assert figures[0] == figures[1] != figures[2]


def test_open_axes_of_one_name_get_one_size(build):
    body = "s = Add(x, w) y = ReduceSum<keepdims = 0>(s)"
    model = build(body, "float[N, C, H, H] x, float[N, C, H, H] w", "float y")
    assert verify(model, model).agree


def test_a_batch_axis_has_one_size_wherever_it_is(build):
    model = build("y = MatMul(x, w)", "float[N, C] x, float[C, N] w", "float[N, N] y")
    assert verify(model, model).agree


def test_paths(build, tmp_path):
    onnx.save(build(), tmp_path / "m.onnx")
    assert verify(tmp_path / "m.onnx", str(tmp_path / "m.onnx")).agree


@pytest.fixture
def pools(monkeypatch):
    """How many threads each session was made with."""
    made = []

    class Session(onnxruntime.InferenceSession):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            made.append(self.get_session_options().intra_op_num_threads)

    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    return made


def test_both_models_run_on_the_threads_asked_for(build, pools):
    assert verify(build(), build(), threads=3).threads == 3
    assert pools == [3, 3]


def test_threads_are_the_cores_that_the_process_may_use(build, pools, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {4, 7}, raising=False)
    assert verify(build(), build()).threads == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    assert verify(build(), build()).threads == 5
    assert pools == [2, 2, 5, 5]


@pytest.mark.parametrize("threads", [0, -1])
def test_no_threads(build, threads):
    with pytest.raises(ValueError, match=f"threads must be at least 1, not {threads}"):
        verify(build(), build(), threads=threads)


@pytest.mark.parametrize("name", ["atol", "rtol"])
@pytest.mark.parametrize("tolerance", [math.nan, -1e-3])
def test_no_tolerance(build, name, tolerance):
    with pytest.raises(ValueError, match=f"{name} must be a number from 0 on, not {tolerance}"):
        verify(build(), build(), **{name: tolerance})


def test_other_outputs(build):
    renamed = build("z = Mish(x)", outputs="float[N] z")
    with pytest.raises(ModelError, match="different outputs"):
        verify(build(), renamed)
    longer = build("y = Concat<axis = 0>(x, x)", outputs="float[M] y")
    with pytest.raises(ModelError, match="output y has another type or shape"):
        verify(build(), longer)


def test_a_new_model_that_fails_where_the_old_one_runs(build):
    old = build("y = Abs(x)", "float[?] x", "float[?] y")
    new = build("z = Constant<value = float[2] {1, 1}>() y = Add(x, z)", "float[?] x", "float[?] y")
    x = {"x": np.ones(3, np.float32)}
    with pytest.raises(ModelError, match=r"cannot run the new model .* The old model takes them"):
        verify(old, new, x)
