"""PyTorch's own checks of nn.functional.mish, run on ours.

The description of the operator, its sample inputs and the checks of composite compliance come
from torch.testing._internal. The loops over them stand in PyTorch's test folder, which no wheel
has; what is here follows its test_ops.py and test_ops_gradients.py.
"""

from __future__ import annotations

import copy
import functools
import warnings

import pytest
import torch

import mish.torch

pytest.importorskip("expecttest")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.testing._internal import composite_compliance
    from torch.testing._internal.common_methods_invocations import op_db

pytestmark = pytest.mark.filterwarnings("ignore")

(THEIRS,) = (each for each in op_db if each.name == "nn.functional.mish")


def _with_our_function():
    info = copy.copy(THEIRS)
    info.op = mish.torch.mish
    info.inplace_variant = lambda x: mish.torch.mish(x, inplace=True)
    return info


@pytest.fixture(params=["ours", "accelerated"])
def info(request):
    if request.param == "ours":
        yield _with_our_function()
    else:
        with mish.torch.accelerate():
            yield THEIRS


def samples(info, dtype, requires_grad=False):
    found = list(info.sample_inputs("cpu", dtype, requires_grad=requires_grad))
    assert found
    return found


def call(info, sample):
    return info.op(sample.input, *sample.args, **sample.kwargs)


@pytest.mark.parametrize("dtype", sorted(THEIRS.supported_dtypes("cpu"), key=str), ids=str)
def test_supported_dtypes_and_values(info, dtype):
    for sample in samples(info, dtype):
        got = call(info, sample)
        expected = torch.nn.functional.softplus(sample.input.double()).tanh() * sample.input
        tolerance = 1e-6 if dtype.itemsize >= 4 else torch.finfo(dtype).eps
        assert got.dtype == dtype
        torch.testing.assert_close(got.double(), expected, rtol=tolerance, atol=1e-7)
        assert got.stride() == torch.empty_like(sample.input).stride()


def test_variants_agree(info):
    for sample in samples(info, torch.float32):
        expected = call(info, sample)
        assert torch.equal(info.inplace_variant(sample.input.clone()), expected)


def test_noncontiguous_samples(info):
    for sample in samples(info, torch.float32):
        torch.testing.assert_close(call(info, sample.noncontiguous()), call(info, sample))


@pytest.mark.parametrize("forward", [False, True])
def test_gradients(info, forward):
    for sample in samples(info, torch.float64, requires_grad=True):
        options = {"check_batched_grad": info.check_batched_grad, "check_forward_ad": forward}
        function = functools.partial(info.op, **sample.kwargs)
        assert sample.args == ()
        assert torch.autograd.gradcheck(function, sample.input, **options)
        assert torch.autograd.gradgradcheck(
            function, sample.input, check_batched_grad=info.check_batched_gradgrad
        )


def test_composite_compliance():
    info = _with_our_function()
    for sample in samples(info, torch.float32, requires_grad=True):
        composite_compliance.check_with_mode(
            info.op, [sample.input, *sample.args], sample.kwargs, torch.testing.assert_close
        )
        for check in (
            composite_compliance.check_backward_formula,
            composite_compliance.check_forward_ad_formula,
        ):
            check(
                info.op,
                [sample.input, *sample.args],
                sample.kwargs,
                assert_equal_fn=torch.testing.assert_close,
            )
