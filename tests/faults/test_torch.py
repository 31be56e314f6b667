"""Bad input to mish.torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")

import mish.torch  # noqa: E402


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.complex64])
def test_dtypes_without_mish(dtype):
    x = torch.ones(3, dtype=dtype)
    with pytest.raises(NotImplementedError, match="not implemented for"):
        mish.torch.mish(x)
    with pytest.raises(NotImplementedError, match="not implemented for"):
        mish.torch.mish(x, inplace=True)
    for order in (1, 4):
        with pytest.raises(NotImplementedError, match="not implemented for"):
            mish.torch.derivative(x, order)
    with pytest.raises(NotImplementedError, match="not implemented for"):
        torch.ops.mish.backward(x, x)


def test_no_tensor():
    with pytest.raises((TypeError, RuntimeError), match="Tensor"):
        mish.torch.mish(1.0)
    with pytest.raises((TypeError, RuntimeError), match="Tensor"):
        mish.torch.mish([1.0], inplace=True)


@pytest.mark.parametrize("order", [-1, -3])
def test_negative_order(order):
    with pytest.raises(ValueError, match=f"order must be 0 or more, not {order}"):
        mish.torch.derivative(torch.ones(3), order)
    with pytest.raises(ValueError, match=f"order must be 0 or more, not {order}"):
        torch.ops.mish.derivative(torch.ones(3), order)


def test_order_that_is_no_integer():
    with pytest.raises((TypeError, RuntimeError), match="order"):
        mish.torch.derivative(torch.ones(3), 1.5)


def test_convert_of_something_else():
    with pytest.raises(TypeError, match=r"module must be a torch.nn.Module, not list"):
        mish.torch.convert([torch.nn.Mish()])


def test_shapes_of_backward_that_differ():
    with pytest.raises(ValueError, match=r"dy must have the shape of x, \(3,\), not \(2,\)"):
        torch.ops.mish.backward(torch.ones(2, device="meta"), torch.ones(3, device="meta"))
    with pytest.raises(RuntimeError, match="size"):
        torch.ops.mish.backward(torch.ones(2), torch.ones(3))


def test_without_pytorch():
    program = "import sys; sys.modules['torch'] = None; import mish.torch"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=False, text=True
    )
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].endswith("pip install 'mish[torch]'")
