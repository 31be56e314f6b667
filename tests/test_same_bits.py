"""The same number gives the same bits wherever it is met.

In a vector or in what is left over, at any address and stride, on any thread, under any
instruction set, in a forked process.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mish._numpy import native

FENCE = 0xA5


def fenced(dtype, count, offset, stride=1):
    """An array so many bytes behind a multiple of 64, and the whole memory that it lies in."""
    memory = np.full(64 + offset + (count + 8) * stride * dtype.itemsize, FENCE, np.uint8)
    start = -memory.ctypes.data % 64 + offset
    reach = memory[start : start + count * stride * dtype.itemsize]
    return reach.view(dtype)[::stride], memory


def check_fence(memory, array):
    """Nothing outside the array was written."""
    array.view(f"u{array.itemsize}")[:] = FENCE * (0x0101010101010101 >> 64 - 8 * array.itemsize)
    assert (memory == FENCE).all()


def one_by_one(loop, inputs):
    results = np.empty_like(inputs[0])
    for i in range(results.size):
        loop.ufunc(*(each[i : i + 1] for each in inputs), out=results[i : i + 1])
    return results


def test_every_length(loop, assert_same_bits):
    inputs = loop.inputs(3 * 71)
    expected = one_by_one(loop, inputs)
    for length in range(71):
        for start in range(0, 3 * 71 - length, 13):
            part = slice(start, start + length)
            out, memory = fenced(loop.dtype, length, 0)
            loop.ufunc(*(each[part] for each in inputs), out=out)
            assert_same_bits(out.copy(), expected[part])
            check_fence(memory, out)


@pytest.mark.parametrize("side", [-1, 1])
def test_data_in_one_tail(loop, side, assert_same_bits):
    """With numbers in some of its vectors that lie elsewhere, and in others none."""
    random = np.random.default_rng(0)
    inputs = loop.inputs(1024)
    tail = side * random.uniform(12, 60, 1024)
    tail[40:60] = random.standard_normal(20)
    tail[300:512] = random.standard_normal(212)
    inputs[-1][:] = tail.astype(loop.dtype)
    assert_same_bits(loop.ufunc(*inputs), one_by_one(loop, inputs))


@pytest.mark.parametrize("length", [1, 67, 1030])
def test_every_alignment(loop, length, assert_same_bits):
    values = loop.inputs(length)
    expected = loop.ufunc(*values)
    for offset in range(64):
        inputs = [fenced(loop.dtype, length, offset * step % 64)[0] for step in (1, 5)]
        inputs = inputs[: loop.ufunc.nin]
        for each, value in zip(inputs, values, strict=True):
            each[:] = value
        out, memory = fenced(loop.dtype, length, 63 - offset)
        loop.ufunc(*inputs, out=out)
        assert_same_bits(out.copy(), expected)
        check_fence(memory, out)


@pytest.mark.parametrize("length", [1, 7, 511, 512, 513, 1100])
def test_every_stride(loop, length, assert_same_bits):
    values = loop.inputs(length)
    expected = loop.ufunc(*values)
    for read, written in [(2, 1), (1, 2), (2, 2), (3, 5), (-1, 1), (1, -1), (-2, 3), (64, -1)]:
        inputs = [np.zeros((length, abs(read)), loop.dtype)[:, 0] for _ in values]
        inputs = [each[:: np.sign(read)] for each in inputs]
        for each, value in zip(inputs, values, strict=True):
            each[:] = value
        straight, memory = fenced(loop.dtype, length, 0, abs(written))
        out = straight[:: np.sign(written)]
        loop.ufunc(*inputs, out=out)
        assert_same_bits(out.copy(), expected)
        check_fence(memory, straight)


# Each reads calls, (ufunc, inputs) pairs, and writes their results, contiguous and strided.
EVALUATE = """
import pickle, sys
import numpy as np
from mish._numpy import native
calls = pickle.load(sys.stdin.buffer)
results = [(ufunc(*inputs), ufunc(*(np.repeat(each, 2)[::2] for each in inputs)))
           for ufunc, inputs in calls]
pickle.dump((native.isa(), results), sys.stdout.buffer)
"""
# The parent computes first, so that whatever threads there are have been at work.
FORK = """
import multiprocessing, pickle, sys
calls = pickle.load(sys.stdin.buffer)
for ufunc, inputs in calls:
    ufunc(*inputs)
with multiprocessing.get_context("fork").Pool(2) as pool:
    results = [pool.apply_async(ufunc, inputs) for ufunc, inputs in calls]
    pickle.dump([each.get(60) for each in results], sys.stdout.buffer)
"""


def elsewhere(script, calls, **environment):
    """What a script makes of the calls in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=pickle.dumps(calls),
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        timeout=120,
        check=True,
    )
    return pickle.loads(done.stdout)


@pytest.mark.parametrize("isa", native.available_isas())
def test_every_instruction_set(isa, loops, assert_same_bits):
    calls = [(loop.ufunc, loop.inputs(60_013)) for loop in loops]
    used, results = elsewhere(EVALUATE, calls, MISH_ISA=isa)
    assert used == isa
    for (ufunc, inputs), (contiguous, strided) in zip(calls, results, strict=True):
        expected = ufunc(*inputs)
        assert_same_bits(contiguous, expected)
        assert_same_bits(strided, expected)


@pytest.mark.parametrize("name", ["", None])
def test_no_wish_takes_the_best_instruction_set(name, monkeypatch):
    monkeypatch.delenv("MISH_ISA", raising=False)
    used, _ = elsewhere(EVALUATE, [], **({} if name is None else {"MISH_ISA": name}))
    assert used == native.available_isas()[0]


@pytest.mark.parametrize("name", ["sse9", "AVX2", "avx2 "])
def test_an_instruction_set_that_is_not_there(name):
    done = subprocess.run(
        [sys.executable, "-c", "import mish"],
        env=os.environ | {"MISH_ISA": name},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    message = done.stderr.splitlines()[-1]
    assert message.startswith(f"ImportError: MISH_ISA={name}: ")
    assert message.endswith(": " + ", ".join(native.available_isas()))


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="the system cannot fork"
)
def test_after_fork(loops, assert_same_bits):
    calls = [(loop.ufunc, loop.inputs(300_000)) for loop in loops if loop.dtype == np.float32]
    for (ufunc, inputs), result in zip(calls, elsewhere(FORK, calls), strict=True):
        assert_same_bits(result, ufunc(*inputs))


def test_many_threads_at_once(loops, assert_same_bits):
    """Also with strides, which go through buffers, and in rows too short for a vector."""
    calls = []
    for loop in loops:
        inputs = loop.inputs((10_000, 8))
        for part in (np.ravel, lambda each: each[:, 0], lambda each: each[:, :7]):
            calls.append((loop.ufunc, [part(each) for each in inputs]))
    expected = [ufunc(*inputs) for ufunc, inputs in calls]
    together = threading.Barrier(8)

    def work(_):
        together.wait(60)
        return [ufunc(*inputs) for ufunc, inputs in calls]

    with ThreadPoolExecutor(8) as pool:
        for results in pool.map(work, range(8)):
            for result, right in zip(results, expected, strict=True):
                assert_same_bits(result, right)


def test_other_threads_run_during_a_call(loop):
    """Nobody can take the interpreter lock from a thread here: it has to be given.

    The other thread gives it in every round. So if it advances while a call runs, the call
    has given it, however long the call takes; and if calls do, it advances in one of many.
    """
    rounds = 0
    stop = False

    def count():
        nonlocal rounds
        while not stop:
            rounds += 1
            time.sleep(0)

    size = 1 << 21
    inputs = [np.broadcast_to(loop.dtype.type(-9.5), size)] * loop.ufunc.nin
    out = np.empty(size, loop.dtype)
    advanced = False
    interval = sys.getswitchinterval()
    counter = threading.Thread(target=count)
    sys.setswitchinterval(1000)
    try:
        counter.start()
        for _ in range(200):
            before = rounds
            loop.ufunc(*inputs, out=out)
            advanced = rounds > before
            if advanced:
                break
    finally:
        stop = True
        counter.join()
        sys.setswitchinterval(interval)
    assert advanced
