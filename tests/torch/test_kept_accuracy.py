"""How far slopes from outputs are from the truth, and outputs that are marked.

16-bit formats over all inputs, float32 densely next to the minimum. What is possible, inputs found
on the known side, is the first number each time; two units of its last digit are allowed.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

import mish
import mish.torch
from mish._numpy import native

ops = torch.ops.mish
X0 = -1.1924312145154952
HALF = (torch.float16, torch.bfloat16)


def all_of(dtype):
    """Every finite number of a 16-bit format."""
    x = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(dtype)
    return x[x.isfinite()]


def dense():
    """float32 next to the minimum, farther from it, and everywhere."""
    near = torch.tensor(X0, dtype=torch.float32).view(torch.int32) + torch.arange(-40_000, 40_000)
    spans = [(-1.5, -0.9), (-4, 4), (-30, 30)]
    return torch.cat(
        [near.to(torch.int32).view(torch.float32), *(torch.linspace(*s, 400_001) for s in spans)]
    )


def truth(x, order):
    return torch.from_numpy(np.asarray(mish.derivative(x.to(torch.float64).numpy(), order)))


def slope_errors(x, y):
    """Of the slopes from these outputs and the sides of x, in float32: not rounded once more."""
    wide = y.to(torch.float32)
    slopes = ops.sided_backward(torch.ones_like(wide), wide, ops.sides(x.to(torch.float32)))
    return (slopes.to(torch.float64) - truth(x, 1)).abs()


def limit(text):
    """A number written with two digits, and two units of the last one."""
    digits, exponent = text.split("e")
    return (float(digits) + 0.2) * 10.0 ** int(exponent)


@pytest.mark.parametrize(
    ("dtype", "output", "worst", "distance", "beyond"),
    [
        (torch.float32, ops.mish, "6.9e-5", 0.1, "1.6e-7"),
        (torch.float16, ops.mish, "6.6e-3", 0.1, "1.2e-3"),
        (torch.bfloat16, ops.mish, "1.4e-2", 0.1, "6.8e-3"),
        (torch.float32, ops.marked, "7.5e-5", 0.25, "1.4e-7"),
        (torch.float16, ops.marked, "9.9e-3", 0.25, "1.1e-3"),
        (torch.bfloat16, ops.marked, "2.4e-2", 0.25, "8.2e-3"),
    ],
)
def test_worst_slopes(dtype, output, worst, distance, beyond):
    x = dense() if dtype == torch.float32 else all_of(dtype)
    errors = slope_errors(x, output(x))
    assert errors.max() < limit(worst)
    assert errors[(x.to(torch.float64) - X0).abs() > distance].max() < limit(beyond)


@pytest.mark.parametrize(
    ("dtype", "rms"), [(torch.float32, "5.1e-7"), (HALF[0], "4.5e-4"), (HALF[1], "1.9e-3")]
)
def test_mean_slopes(dtype, rms):
    torch.manual_seed(0)
    x = torch.randn(1_000_000).to(dtype)
    assert slope_errors(x, ops.mish(x)).square().mean().sqrt() < limit(rms)


@pytest.mark.parametrize(
    ("bits", "rms"), [(4, 0.0213), (3, 0.0425), (2, 0.0876), (1, 0.1845)], ids=str
)
def test_mean_slopes_of_codes(bits, rms):
    """The least that codes of intervals of x can have, by quadrature over N(0, 1)."""
    x = torch.linspace(-9, 9, 200_001, dtype=torch.float64)
    weight = torch.exp(-x.square() / 2)
    got = ops.coded_backward(torch.ones_like(x), ops.codes(x, bits), bits)
    mean_square = (weight * (got - truth(x, 1)).square()).sum() / weight.sum()
    assert mean_square.sqrt() < rms + 5e-5


@pytest.mark.parametrize("dtype", [*HALF, torch.float32, torch.float64])
def test_slopes_of_marked_outputs_are_those_of_their_sides(dtype):
    """The last bit is read as it was written, in each format, subnormals included."""
    x = (dense() if dtype.itemsize > 2 else all_of(dtype)).to(dtype)
    y, dy = ops.marked(x), torch.ones_like(x)
    # Where the output has underflowed on the left, nothing is left of either.
    got, expected = ops.marked_backward(dy, y), ops.sided_backward(dy, y, ops.sides(x))
    assert torch.equal(got, torch.where(y == 0, got, expected))
    assert torch.equal(got[y == 0], torch.where(x[y == 0] == 0, 0.6, -0.0).to(dtype))


def ulps(y, x):
    """Errors of outputs in units of the last place of the exact value."""
    exact = truth(x, 0)
    info = torch.finfo(y.dtype)
    _, exponent = torch.frexp(exact.abs().clamp(min=info.smallest_normal))
    return (y.to(torch.float64) - exact).abs() / (info.eps / 2 * 2.0 ** exponent.to(torch.float64))


@pytest.mark.parametrize("dtype", HALF)
def test_marked_halves_are_neighbours_of_the_exact_value(dtype):
    x = all_of(dtype)
    errors = ulps(ops.marked(x), x)
    # Below 2**-14, where the neighbours are looked for, 2**-13 of an ulp is not told apart.
    assert errors[x.abs() < 1e4].max() <= 1 + 2**-13
    assert torch.equal(ops.marked(x)[x > 0], ops.mish(x)[x > 0])


def test_marked_float32_are_neighbours_of_the_exact_value():
    x = dense()
    errors = ulps(ops.marked(x), x)
    assert errors[x > -4].max() < 1.17
    assert errors.max() < 1.28


def test_float64_is_as_right_as_its_rounding_allows():
    x = torch.cat([torch.linspace(-60, 30, 100_001), torch.linspace(-1.5, -0.9, 100_001)]).double()
    for y, slopes in (
        (ops.mish(x), ops.sided_backward(torch.ones_like(x), ops.mish(x), ops.sides(x))),
        (ops.marked(x), ops.marked_backward(torch.ones_like(x), ops.marked(x))),
    ):
        errors = (slopes - truth(x, 1)).abs()
        assert ulps(y, x).max() < 2.1
        assert errors[(x - X0).abs() > 0.1].max() < 8e-16
        assert errors.max() < 3e-9


_HASH = """
import hashlib, sys, numpy as np, torch, mish.torch
ops, found = torch.ops.mish, hashlib.sha256()
random = np.random.default_rng(0)
for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
    x = torch.from_numpy(random.normal(0, 3, 5003)).to(dtype)
    dy = torch.from_numpy(random.normal(0, 1, 5003)).to(dtype)
    y, marked, sides = ops.mish(x), ops.marked(x), ops.sides(x)
    results = [marked, ops.marked_backward(dy, marked), ops.marked_inverse(marked), sides]
    results += [ops.sided_backward(dy, y, sides), ops.sided_inverse(y, sides)]
    for bits in (1, 2, 3, 4):
        codes = ops.codes(x, bits)
        results += [codes, ops.coded_backward(dy, codes, bits)]
    for each in results:
        found.update(each.view(torch.uint8).numpy().tobytes())
print(found.hexdigest())
"""


@pytest.mark.slow
def test_same_bits_under_every_instruction_set():
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _HASH],
            env={**os.environ, "MISH_ISA": isa},
            stdout=subprocess.PIPE,
            text=True,
        )
        for isa in native.available_isas()
    ]
    found = {process.communicate(timeout=120)[0] for process in processes}
    assert len(found) == 1
    assert len(found.pop()) == 2 * hashlib.sha256().digest_size + 1


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 511, 513, 300_001])
def test_packed_alike_by_native_code_and_by_operations(count):
    from mish.torch._kept import formula

    x = torch.randn(count)
    assert torch.equal(ops.sides(x), formula.sides(x))
    dy, y = torch.randn(count), ops.mish(x)
    torch.testing.assert_close(
        ops.sided_backward(dy, y, ops.sides(x)),
        formula.sided_backward(dy, y, formula.sides(x)),
        rtol=0,
        atol=1e-5,
    )
    for bits in (1, 2, 3, 4):
        codes = ops.codes(x, bits)
        assert codes.shape == (formula.packed_size(count, bits),)
        got = ops.coded_backward(dy, codes, bits)
        assert torch.equal(got, formula.coded_backward(dy, codes, bits))


def test_the_left_end_is_right_to_many_digits_of_itself():
    x = torch.linspace(-27, -3, 20_001)
    ones, y = torch.ones_like(x), ops.mish(x)
    got = ops.sided_backward(ones, y, ops.sides(x)).to(torch.float64)
    torch.testing.assert_close(got, truth(x, 1), rtol=7e-7, atol=0)
    far = torch.linspace(-100, -27, 20_001)
    got = ops.marked_backward(torch.ones_like(far), ops.marked(far)).to(torch.float64)
    torch.testing.assert_close(got, truth(far, 1), rtol=0.05, atol=1e-44)
