"""Arrays in every memory layout, and outputs that share memory with inputs.

The expectation is always a plain call on fresh contiguous arrays.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

SHAPE = (2, 3, 700)


def reverse(a):
    return a[::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1]


def reverse_rows(a):
    return a[..., ::-1].copy()[..., ::-1]


def every_second(a):
    wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)
    wide[..., ::2] = a
    return wide[..., ::2]


def transpose(a):
    return a.transpose(1, 2, 0).copy().transpose(2, 0, 1)


def fortran(a):
    return a.copy(order="F")


def field(a):
    rows = np.zeros(a.shape, np.dtype([("a", a.dtype), ("x", a.dtype), ("b", "u1")], align=True))
    rows["x"] = a
    return rows["x"]


def packed_field(a):
    rows = np.zeros(a.shape, [("tag", "u1"), ("x", a.dtype)])
    rows["x"] = a
    return rows["x"]


def unaligned(a):
    shifted = np.zeros(a.nbytes + 1, np.uint8)[1:].view(a.dtype).reshape(a.shape)
    shifted[...] = a
    return shifted


LAYOUTS = [np.copy, reverse, reverse_rows, every_second, transpose, fortran, field, packed_field]
LAYOUTS += [unaligned]
NAMES = {"ids": lambda each: each.__name__}


@pytest.mark.parametrize("source", LAYOUTS, **NAMES)
def test_layouts(loop, source, assert_same_bits):
    inputs = loop.inputs(SHAPE)
    expected = loop.ufunc(*inputs)
    # The last input takes the layout, the others stay as they are.
    inputs[-1] = source(inputs[-1])
    for target in LAYOUTS:
        out = target(np.zeros(SHAPE, loop.dtype))
        loop.ufunc(*inputs, out=out)
        assert_same_bits(out.astype(loop.dtype, order="C"), expected)


@pytest.mark.parametrize("layout", LAYOUTS, **NAMES)
def test_all_inputs_in_a_layout(loop, layout, assert_same_bits):
    inputs = loop.inputs(SHAPE)
    result = loop.ufunc(*map(layout, inputs))
    assert result.dtype == loop.dtype
    assert_same_bits(np.ascontiguousarray(result), loop.ufunc(*inputs))


@pytest.mark.parametrize("code", "efd")
def test_byte_swapped(ufunc, code, assert_same_bits):
    inputs = [np.linspace(-30, 9 + i, 20_000, dtype=code) for i in range(ufunc.nin)]
    expected = ufunc(*inputs)
    swapped = [each.astype(each.dtype.newbyteorder()) for each in inputs]
    assert_same_bits(ufunc(*swapped), expected)
    assert_same_bits(ufunc(*(each[::-1] for each in swapped)), expected[::-1])
    out = np.empty_like(swapped[0])
    ufunc(*inputs, out=out)
    assert_same_bits(out.astype(code), expected)
    ufunc(*swapped, out=swapped[-1])
    assert_same_bits(swapped[-1].astype(code), expected)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_inputs_of_stride_zero(loop, axis, assert_same_bits):
    inputs = loop.inputs(SHAPE)
    inputs[-1] = np.broadcast_to(inputs[-1].take([1], axis), SHAPE)
    expected = loop.ufunc(*(each.copy(order="C") for each in inputs))
    assert_same_bits(np.ascontiguousarray(loop.ufunc(*inputs)), expected)


@pytest.mark.parametrize("order", "CFAK")
def test_order_of_the_result_is_that_of_exp(ufunc, order):
    for x in (np.ones((3, 4)), np.ones((3, 4), order="F"), np.ones((4, 3, 2)).transpose(2, 0, 1)):
        model = np.exp if ufunc.nin == 1 else np.hypot
        expected = model(*[x] * ufunc.nin, order=order)
        assert ufunc(*[x] * ufunc.nin, order=order).strides == expected.strides


# Pairs of views of one block of memory that share elements: what is read, what is written.
OVERLAPS = {
    "itself": lambda b: (b, b),
    "one forward": lambda b: (b[:-1], b[1:]),
    "one back": lambda b: (b[1:], b[:-1]),
    "300 forward": lambda b: (b[:-300], b[300:]),
    "300 back": lambda b: (b[300:], b[:-300]),
    "reversed": lambda b: (b, b[::-1]),
    "reversed itself": lambda b: (b[::-1], b[::-1]),
    "reversed back": lambda b: (b[:0:-1], b[-2::-1]),
    "packing": lambda b: (b[::2], b[: (len(b) + 1) // 2]),
    "spreading": lambda b: (b[: (len(b) + 1) // 2], b[::2]),
    "packing at the end": lambda b: (b[1::2], b[len(b) - len(b) // 2 :]),
    "interleaved": lambda b: (b[: len(b) // 2 * 2 : 2], b[1::2]),
    "twofold step": lambda b: (b[2::2], b[:-2:2]),
    "one for all": lambda b: (np.broadcast_to(b[len(b) // 2], b.shape), b),
}


@pytest.mark.parametrize("size", [303, 200_001])
@pytest.mark.parametrize("overlap", OVERLAPS.values(), ids=OVERLAPS)
def test_overlap(loop, overlap, size, assert_same_bits):
    for place in range(loop.ufunc.nin):
        source, target = overlap(loop.inputs(size)[0])
        inputs = loop.inputs(len(source), seed=5)
        inputs[place] = source
        expected = loop.ufunc(*(each.copy() for each in inputs))
        assert loop.ufunc(*inputs, out=target) is target
        assert_same_bits(target.copy(), expected)


@pytest.mark.parametrize("size", [303, 200_001])
def test_overlap_with_both_inputs(binary, size, assert_same_bits):
    for first, second, target in itertools.permutations([slice(2, None), slice(1, -1), slice(-2)]):
        block = np.random.default_rng(1).normal(0, 9, size)
        expected = binary(block[first].copy(), block[second].copy())
        binary(block[first], block[second], out=block[target])
        assert_same_bits(block[target], expected)


def test_transposed_in_place(loop, assert_same_bits):
    inputs = loop.inputs((90, 90))
    expected = loop.ufunc(*(each.T.copy() for each in inputs))
    loop.ufunc(*(each.T for each in inputs), out=inputs[-1])
    assert_same_bits(inputs[-1], expected)


@pytest.mark.parametrize("code", "?bBhHiIlLqQ")
def test_conversion_through_numpys_buffers(ufunc, code, assert_same_bits):
    # NumPy converts 8192 elements at a time.
    inputs = [np.arange(30_001) * factor % 101 for factor in (1, 7)][: ufunc.nin]
    inputs = [(each - 50 * (code not in "?BHILQ")).astype(code) for each in inputs]
    promoted = np.exp(inputs[0][:1]).dtype
    expected = ufunc(*(each.astype(promoted) for each in inputs))
    assert_same_bits(ufunc(*inputs), expected)
    assert_same_bits(ufunc(*(each[::-1] for each in inputs)), expected[::-1])
