"""accelerate: what it changes, what it leaves, and how it ends."""

from __future__ import annotations

import functools
import subprocess
import sys
import threading

import pytest
import torch
import torch.nn.functional as F

import mish.torch
from mish.torch._accelerate import aten

# Here PyTorch's backward pass has lost all digits, even the sign.
TAIL = torch.full((4,), -100.0)


def is_ours():
    return bool(torch.all(torch.ops.aten.mish_backward(torch.ones(4), TAIL) < 0))


def test_context_begins_and_ends():
    assert not is_ours()
    with mish.torch.accelerate() as acceleration:
        assert is_ours()
        assert isinstance(acceleration, type(mish.torch.accelerate()))
        acceleration.undo()
    assert not is_ours()


def test_undo_and_idempotence():
    for _ in range(3):
        acceleration = mish.torch.accelerate()
    assert is_ours()
    acceleration.undo()
    assert not is_ours()
    acceleration.undo()
    assert not is_ours()


def test_a_block_outlasts_undo_and_inner_blocks():
    with mish.torch.accelerate():
        with mish.torch.accelerate():
            pass
        assert is_ours()
        mish.torch.accelerate().undo()
        assert is_ours()
    assert not is_ours()


def test_a_call_outlasts_blocks():
    acceleration = mish.torch.accelerate()
    with mish.torch.accelerate():
        pass
    assert is_ours()
    acceleration.undo()


def test_a_block_ends_after_an_error():
    with pytest.raises(ZeroDivisionError), mish.torch.accelerate():
        raise ZeroDivisionError
    assert not is_ours()


def numpy(ufunc, x):
    return torch.from_numpy(ufunc(x.detach().numpy()))


def test_every_variant_is_ours(accelerated):
    x = torch.linspace(-104, 20, 5001)
    expected = numpy(mish.mish, x)
    assert torch.equal(F.mish(x), expected)
    assert torch.equal(torch.nn.Mish()(x), expected)
    assert torch.equal(F.mish(x.clone(), inplace=True), expected)
    out = torch.empty_like(x)
    assert torch.ops.aten.mish.out(x, out=out) is out
    assert torch.equal(out, expected)
    y = x.clone()
    torch.ops.aten.mish.out(y, out=y)
    assert torch.equal(y, expected)
    assert torch.equal(torch.ops.aten.mish_backward(torch.ones_like(x), x), numpy(mish.mish_d1, x))


def test_backward_pass_is_ours(accelerated):
    x = torch.linspace(-104, 20, 5001, requires_grad=True)
    F.mish(x).sum().backward()
    assert torch.equal(x.grad, numpy(mish.mish_d1, x))


@pytest.mark.parametrize("shift", [-50, -1, 1, 50])
def test_out_that_overlaps_goes_to_pytorch(accelerated, shift):
    """PyTorch refuses it. To compute at once would read what was already written."""
    memory = torch.linspace(-9, 9, 300)
    before = memory.clone()
    x = memory[100:200]
    with pytest.raises(RuntimeError, match="memory location"):
        torch.ops.aten.mish.out(x, out=memory[100 + shift : 200 + shift])
    assert torch.equal(memory, before)


def test_out_beside_its_input_in_one_memory(accelerated):
    memory = torch.linspace(-9, 9, 200)
    expected = F.mish(memory[:100])
    torch.ops.aten.mish.out(memory[:100], out=memory[100:])
    assert torch.equal(memory[100:], expected)


def test_out_goes_to_pytorch_where_it_differs(accelerated):
    x = torch.randn(4, 6)
    out = torch.empty(6, 4).t()
    torch.ops.aten.mish.out(x, out=out)
    torch.testing.assert_close(out, F.mish(x))
    resized = torch.ops.aten.mish.out(x, out=torch.empty(0))
    torch.testing.assert_close(resized, F.mish(x))


def both(call):
    """What a call does without and with accelerate: its result, or its error's type and text."""

    def outcome():
        try:
            return call()
        except Exception as error:
            return type(error), str(error).split("\n")[0]

    first = outcome()
    with mish.torch.accelerate():
        return first, outcome()


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.complex64, torch.uint8])
def test_other_dtypes_go_to_pytorch(dtype):
    first, second = both(lambda: F.mish(torch.ones(3, dtype=dtype)))
    assert first == second
    assert first[0] is NotImplementedError


def test_sparse_goes_to_pytorch():
    x = torch.eye(3).to_sparse()
    first, second = both(lambda: F.mish(x))
    assert first == second


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
def test_quantized_goes_to_pytorch():
    x = torch.quantize_per_tensor(torch.randn(4), 0.1, 0, torch.qint8)
    first, second = both(lambda: F.mish(x))
    assert first == second


def test_nested_tensors_go_to_pytorch():
    x = torch.nested.nested_tensor([torch.randn(2), torch.randn(3)], layout=torch.jagged)
    first, second = both(lambda: F.mish(x).values())
    torch.testing.assert_close(first, second)


def test_out_of_another_dtype_fails_as_in_pytorch():
    x, out = torch.randn(4), torch.empty(4, dtype=torch.float64)
    first, second = both(lambda: torch.ops.aten.mish.out(x, out=out))
    assert first == second


def test_overlapping_memory_fails_as_in_pytorch():
    first, second = both(lambda: F.mish(torch.ones(1).expand(3), inplace=True))
    assert first == second
    assert "single memory location" in first[1]


def test_meta_device_goes_to_pytorch():
    first, second = both(lambda: F.mish(torch.empty(3, 4, device="meta")).shape)
    assert first == second


def test_mixed_dtypes_of_backward_go_to_pytorch():
    dy, x = torch.randn(3, dtype=torch.float64), torch.randn(3)
    first, second = both(lambda: torch.ops.aten.mish_backward(dy, x).dtype)
    assert first == second


def test_subclass_with_its_own_dispatch():
    class Wrapper(torch.Tensor):
        @staticmethod
        def __new__(cls, inner):
            return torch.Tensor._make_wrapper_subclass(cls, inner.shape, dtype=inner.dtype)

        def __init__(self, inner):
            self.inner = inner

        @classmethod
        def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
            return cls(func(*(each.inner for each in args), **(kwargs or {})))

    x = torch.randn(5)
    with mish.torch.accelerate():
        assert torch.equal(F.mish(Wrapper(x)).inner, F.mish(x))


def test_threads_may_accelerate_and_undo_while_others_compute():
    x, failures, stop = torch.linspace(-3, 3, 1000), [], threading.Event()
    expected = F.mish(x)

    def toggle():
        while not stop.is_set():
            with mish.torch.accelerate():
                if not is_ours():
                    failures.append("not ours inside of the block")

    def compute():
        while not stop.is_set():
            if not torch.allclose(F.mish(x), expected, rtol=1e-6, atol=0):
                failures.append("wrong values")

    threads = [threading.Thread(target=each) for each in (toggle, toggle, compute, compute)]
    for thread in threads:
        thread.start()
    threading.Timer(1.0, stop.set).start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert not is_ours()


TABLES = """
import torch, mish.torch
with mish.torch.accelerate():
    import torch._inductor.decomposition as inductor
for op in (torch.ops.aten.mish.default, torch.ops.aten.mish_backward.default):
    for table in (torch._decomp.decomposition_table, inductor.decompositions):
        print(table[op].__module__)
"""


def test_inductor_imported_meanwhile_gets_pytorchs_tables_back():
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TABLES], capture_output=True, check=False, text=True
    )
    assert run.stderr == ""
    assert all(line.startswith("torch.") for line in run.stdout.splitlines())
    assert len(run.stdout.splitlines()) == 4


def test_no_warning_at_first_use():
    program = "import torch, mish.torch; mish.torch.accelerate()"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, check=False, text=True
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_training_gives_the_same_model():
    def train():
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Mish(), torch.nn.Linear(8, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        x, y = torch.randn(64, 3), torch.randn(64, 1)
        for _ in range(20):
            optimizer.zero_grad()
            F.mse_loss(model(x), y).backward()
            optimizer.step()
        return torch.cat([each.detach().flatten() for each in model.parameters()])

    first, second = both(train)
    assert not torch.equal(first, torch.zeros_like(first))
    torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-5)


def test_where_overriding_is_refused(monkeypatch):
    """As by PyTorch 2.11, whose Library.impl does so unless it is told otherwise."""
    plain = torch.library.Library.impl
    refusing = functools.partialmethod(plain, allow_override=False)
    monkeypatch.setattr(torch.library.Library, "impl", refusing)
    aten._warn_once_in_vain()
