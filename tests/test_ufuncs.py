"""Mish as NumPy ufuncs: dtypes, keywords, shapes, special values.

What is computed is the matter of tests/accuracy. Here a plain call on a fresh contiguous array
is the expectation, and np.exp or np.hypot is the model of how a ufunc behaves.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import mish

INTEGERS = "?bBhHiIlLqQ"
REALS = INTEGERS + "efd"


def model(ufunc):
    return np.exp if ufunc.nin == 1 else np.hypot


def arguments(ufunc, *values):
    """As many of the values as the ufunc has inputs."""
    return list(itertools.islice(itertools.cycle(values), ufunc.nin))


def test_every_ufunc_is_one(ufunc, loops):
    assert ufunc.nout == 1
    assert ufunc.__doc__.split("\n\n")[1].strip()
    dtypes = {loop.dtype for loop in loops if loop.ufunc is ufunc}
    assert dtypes >= {np.dtype(each) for each in "efd"}


def test_the_public_ufuncs_are_there():
    for name, inputs in {"mish": 1, "mish_d1": 1, "mish_grad": 2}.items():
        found = getattr(mish, name)
        assert isinstance(found, np.ufunc)
        assert (found.__name__, found.nin) == (name, inputs)


# --- dtypes ---


@pytest.mark.parametrize("code", INTEGERS)
def test_integers_are_promoted_as_by_exp(ufunc, code, assert_same_bits):
    x = np.array([0, 1]).astype(code) if code == "?" else np.array([0, 1, 2, 100], code)
    promoted = np.exp(x[:1]).dtype
    inputs = [x[::-1], x][: ufunc.nin]
    assert_same_bits(ufunc(*inputs), ufunc(*(each.astype(promoted) for each in inputs)))


@pytest.mark.parametrize("codes", list(itertools.product(REALS, REALS)), ids="".join)
def test_mixed_dtypes_are_promoted_as_by_hypot(binary, codes):
    pair = [np.ones(3, code) for code in codes]
    assert binary(*pair).dtype == np.hypot(*pair).dtype


@pytest.mark.parametrize("number", [True, 2, 0.5])
@pytest.mark.parametrize("code", "efd")
def test_python_numbers_are_promoted_as_by_hypot(binary, code, number):
    x = np.ones(3, code)
    assert binary(x, number).dtype == np.hypot(x, number).dtype
    assert binary(number, x).dtype == np.hypot(number, x).dtype
    assert binary(number, number).dtype == np.hypot(number, number).dtype


@pytest.mark.parametrize(
    "unusable",
    [np.ones(2, code) for code in "gFDGO"]
    + [np.array(["1"]), np.array([b"1"]), np.zeros(1, "m8[s]"), np.zeros(1, "M8[s]"), [None]],
    ids=lambda each: getattr(each, "dtype", "None"),
)
def test_other_dtypes_are_refused(ufunc, unusable):
    for place in range(ufunc.nin):
        inputs = [np.ones(len(unusable))] * ufunc.nin
        inputs[place] = unusable
        with pytest.raises(TypeError, match=rf"{ufunc.__name__}: (x|dy) must hold .*, not "):
            ufunc(*inputs)


@pytest.mark.parametrize("code", "fd")
def test_dtype_chooses_the_loop(ufunc, code, assert_same_bits):
    inputs = arguments(ufunc, np.float16([-3.5, 0.25, 7]), np.float16([1, -2, 3]))
    converted = [each.astype(code) for each in inputs]
    assert_same_bits(ufunc(*inputs, dtype=code), ufunc(*converted))
    assert_same_bits(ufunc(*inputs, signature=code * ufunc.nin + "->" + code), ufunc(*converted))


def test_dtype_and_casting_refuse_as_for_exp(ufunc):
    inputs = arguments(ufunc, np.float32([0.3, -2]))
    assert ufunc(*inputs, dtype="e").dtype == np.float16
    for keywords in ({"dtype": "e", "casting": "safe"}, {"dtype": "d", "casting": "no"}):
        for each in (model(ufunc), ufunc):
            with pytest.raises(TypeError, match="Cannot cast"):
                each(*inputs, **keywords)
    with pytest.raises(TypeError, match="No loop matching"):
        ufunc(*inputs, dtype="i")


# --- out and where ---


def test_out(loop, assert_same_bits):
    inputs = loop.inputs(100)
    expected = loop.ufunc(*inputs)
    for given in (lambda out: out, lambda out: (out,)):
        out = np.empty_like(expected)
        assert loop.ufunc(*inputs, out=given(out)) is out
        assert_same_bits(out, expected)
    positional = np.empty_like(expected)
    assert loop.ufunc(*inputs, positional) is positional
    assert_same_bits(positional, expected)


def test_out_of_another_dtype_is_converted_to(ufunc, assert_same_bits):
    inputs = arguments(ufunc, np.linspace(-5, 5, 1000, dtype="f"))
    for code in "ed":
        out = np.empty(1000, code)
        ufunc(*inputs, out=out)
        assert_same_bits(out, ufunc(*inputs).astype(code))


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        (np.zeros(3, int), TypeError, "Cannot cast ufunc .* output"),
        (np.zeros(4), ValueError, "broadcast"),
        (np.zeros((3, 1)), ValueError, "broadcast"),
        (np.zeros(()), ValueError, "broadcast"),
        (np.broadcast_to(0.0, 3), ValueError, "read-only"),
        ([0.0] * 3, TypeError, "must be of ArrayType"),
    ],
    ids=["dtype", "length", "dimensions", "0-d", "read-only", "list"],
)
def test_an_out_that_cannot_be_used(ufunc, out, error, message):
    before = np.array(out)
    with pytest.raises(error, match=message):
        ufunc(*arguments(ufunc, np.ones(3)), out=out)
    np.testing.assert_array_equal(out, before)


def test_out_with_more_dimensions(loop, assert_same_bits):
    inputs = loop.inputs(5)
    out = np.empty((3, 5), loop.dtype)
    loop.ufunc(*inputs, out=out)
    assert_same_bits(out, np.stack([loop.ufunc(*inputs)] * 3))


@pytest.mark.parametrize("size", [1, 7, 64, 1000, 20_000])
def test_where_leaves_the_rest_alone(loop, size, assert_same_bits):
    inputs = loop.inputs(size)
    chosen = np.random.default_rng(size).random(size) < 0.6
    before = loop.inputs(size, seed=99)[0]
    out = before.copy()
    loop.ufunc(*inputs, out=out, where=chosen)
    expected = before.copy()
    np.copyto(expected, loop.ufunc(*inputs), where=chosen)
    assert_same_bits(out, expected)


def test_where_is_broadcast(loop, assert_same_bits):
    inputs = loop.inputs((4, 30))
    chosen = np.array([[True], [False], [True], [False]])
    out = np.zeros((4, 30), loop.dtype)
    loop.ufunc(*inputs, out=out, where=chosen)
    assert_same_bits(out[::2], loop.ufunc(*inputs)[::2])
    assert not out[1::2].any()


# --- shapes ---


def test_scalars_and_0d_arrays_give_scalars(loop, assert_same_bits):
    for one in zip(*loop.inputs(50), strict=True):
        expected = loop.ufunc(*(np.array([each]) for each in one))[0]
        for result in (loop.ufunc(*one), loop.ufunc(*(np.array(each) for each in one))):
            assert type(result) is loop.dtype.type
            assert_same_bits(np.array(result), np.array(expected))
    out = np.empty((), loop.dtype)
    assert loop.ufunc(*one, out=out) is out
    assert_same_bits(out, np.array(expected))


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 5)])
def test_empty(loop, shape):
    result = loop.ufunc(*[np.empty(shape, loop.dtype)] * loop.ufunc.nin)
    assert (result.shape, result.dtype) == (shape, loop.dtype)


def test_lists_and_python_numbers(ufunc, assert_same_bits):
    x = [[-2.5, 0.0, 1.0], [3.0, -40.0, 20.5]]
    assert_same_bits(ufunc(*[x] * ufunc.nin), ufunc(*[np.array(x)] * ufunc.nin))
    one = ufunc(*[-2.5] * ufunc.nin)
    assert type(one) is np.float64
    assert one == ufunc(*[x] * ufunc.nin)[0, 0]
    assert ufunc(*[[]] * ufunc.nin).shape == (0,)


SHAPES = [((3, 1), (4,)), ((), (5,)), ((5,), ()), ((2, 1, 3), (4, 1)), ((1,), (0, 3)), ((6,), (6,))]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_broadcasting(loop, shapes, assert_same_bits):
    if loop.ufunc.nin == 1:
        x = loop.inputs(shapes[0])[0]
        shape = np.broadcast_shapes(*shapes)
        spread = np.broadcast_to(x, shape)
        assert_same_bits(np.asarray(loop.ufunc(spread)), np.asarray(loop.ufunc(spread.copy())))
    else:
        pair = [array[0] for array in map(loop.inputs, shapes)]
        full = [np.array(each) for each in np.broadcast_arrays(*pair)]
        assert_same_bits(loop.ufunc(*pair), loop.ufunc(*full))


def test_shapes_that_do_not_fit(binary):
    with pytest.raises(ValueError, match="could not be broadcast"):
        binary(np.ones(3), np.ones(4))


# --- special values ---


@pytest.mark.parametrize("code", "efd")
def test_nans_keep_what_sqrt_keeps_of_them(ufunc, code, special):
    x = special(np.dtype(code))
    x = x[np.isnan(x)]
    unsigned = f"u{x.itemsize}"
    with np.errstate(invalid="ignore"):
        expected = np.sqrt(x).view(unsigned)
    for place in range(ufunc.nin):
        for size in (1, x.size):
            inputs = [np.ones(size, code)] * ufunc.nin
            inputs[place] = x[:size]
            np.testing.assert_array_equal(ufunc(*inputs).view(unsigned), expected[:size])


@pytest.mark.parametrize("code", "efd")
def test_grad_multiplies_as_ieee_754(code):
    dy = np.array([0.0, -0.0, np.inf, -np.inf, 1.0, -1.0], code)[:, None]
    x = np.array([-np.inf, -5, -0.5, -0.0, 0.0, 3, np.inf], code)
    with np.errstate(invalid="ignore"):
        expected = dy * mish.mish_d1(x)
    got = mish.mish_grad(dy, x)
    np.testing.assert_array_equal(got, expected)
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got[number]), np.signbit(expected[number]))
