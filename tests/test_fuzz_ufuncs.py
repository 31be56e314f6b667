"""Random shapes, strides, dtypes, overlaps and alignments through the ufuncs."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mish

UFUNCS = [each for each in map(vars(mish).get, mish.__all__) if isinstance(each, np.ufunc)]
DTYPES = [np.dtype(each) for each in (np.float16, ml_dtypes.bfloat16, np.float32, np.float64)]
BYTES = 1 << 18
NOISE = np.random.default_rng(0).bytes(BYTES)


@st.composite
def views(draw, dtype, shape):
    """The start in bytes and the strides of an array of this shape within BYTES, any way round."""
    unit = draw(st.sampled_from([1, dtype.itemsize]))  # of gaps and of the start: aligned or not
    strides, extent = [0] * len(shape), dtype.itemsize
    for axis in draw(st.permutations(range(len(shape)))):
        strides[axis] = extent + unit * draw(st.integers(0, 3))
        extent += strides[axis] * max(shape[axis] - 1, 0)
    start = unit * draw(st.integers(0, (BYTES - extent) // unit))
    for axis, length in enumerate(shape):
        if draw(st.booleans()) and length:
            start += strides[axis] * (length - 1)
            strides[axis] = -strides[axis]
    return start, strides


@st.composite
def calls(draw):
    ufunc = draw(st.sampled_from(UFUNCS))
    dtype = draw(st.sampled_from(DTYPES))
    shape = tuple(draw(st.lists(st.integers(0, 9), max_size=2)))
    shape += (draw(st.integers(0, 60)),)
    places = [draw(views(dtype, shape)) for _ in range(ufunc.nin + 1)]
    if draw(st.booleans()):  # the output over the input, exactly or shifted by some elements
        start, strides = places[0]
        shift = draw(st.integers(-3, 3)) * dtype.itemsize
        lowest = start + sum(min(0, s * (n - 1)) for s, n in zip(strides, shape, strict=True))
        highest = start + sum(max(0, s * (n - 1)) for s, n in zip(strides, shape, strict=True))
        if lowest + shift >= 0 and highest + shift + dtype.itemsize <= BYTES:
            places[-1] = (start + shift, strides)
    return ufunc, dtype, shape, places


@pytest.mark.slow
@settings(max_examples=1500, deadline=None, derandomize=True)
@given(calls())
def test_any_layout_gives_the_bits_of_plain_arrays(call):
    ufunc, dtype, shape, places = call
    memory = bytearray(NOISE)
    *inputs, out = (np.ndarray(shape, dtype, memory, start, strides) for start, strides in places)
    with np.errstate(all="raise"):
        expected = ufunc(*(np.array(each, order="C") for each in inputs))
    untouched = np.frombuffer(NOISE, np.uint8).copy()
    wanted = np.ndarray(shape, dtype, untouched, *places[-1])
    wanted[...] = expected
    with np.errstate(all="raise"):
        assert ufunc(*inputs, out=out) is out
    # The whole memory: the results where they belong, and everything else as it was.
    np.testing.assert_array_equal(np.frombuffer(memory, np.uint8), untouched)
