"""Many threads at once, in a process where nothing has been used yet: the bits of one thread."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import sysconfig
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import mish

CALLERS = 8
TIMEOUT = 120

# Every caller makes the tables, starts the threads and imports what mish waits for at the same time
# as the others; then each does all of it over and over, while the number of threads changes.
FIRST_USE = """
import hashlib, importlib, sys, threading
import numpy as np
from concurrent.futures import ThreadPoolExecutor

sys.setswitchinterval(1e-5)
meet = threading.Barrier({callers})
x = np.linspace(-30, 30, 100_001)
half = x.astype(np.float16)

def digest(*arrays):
    plain = (np.ascontiguousarray(each).tobytes() for each in arrays)
    return hashlib.sha256(b"".join(plain)).hexdigest()

def work(number):
    found = []
    meet.wait({timeout})
    import mish
    if number % 2:
        importlib.import_module("ml_dtypes")
    for turn in range(3):
        mish.set_num_threads(1 + (number + turn) % 4)
        assert 1 <= mish.get_num_threads() <= 4
        found.append(digest(
            mish.mish(x), mish.mish_d1(half), mish.mish_d2(x[::3]), mish.mish_d3(half[::-1]),
            mish.mish_grad(half, half), mish.derivative(x[::50], 4 + turn),
            mish.derivative(x[::50], 9), mish.inverse(np.abs(x[::50])),
            mish.antiderivative(x[::50]),
        ))
        try:
            mish.mish(x.astype(complex))
        except TypeError as error:
            assert "complex128" in str(error)
        else:
            raise AssertionError("complex numbers were taken")
    return found

with ThreadPoolExecutor({callers}) as pool:
    results = list(pool.map(work, range({callers})))
assert all(each == results[0] for each in results)
import ml_dtypes, mish
assert mish.mish(np.ones(3, ml_dtypes.bfloat16)).dtype == ml_dtypes.bfloat16
print(*results[0])
"""


def fresh(code, **environment):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("isa", sorted(mish.show_config(as_dict=True)["available_isas"]))
def test_first_use_by_many_threads(isa):
    """With and without the tables of 16-bit results, which kernels fill when it pays."""
    code = FIRST_USE.format(callers=CALLERS, timeout=TIMEOUT)
    alone = FIRST_USE.format(callers=1, timeout=TIMEOUT)
    assert fresh(code, MISH_ISA=isa) == fresh(alone, MISH_ISA=isa)


def test_results_are_those_of_one_thread(loop):
    """Each caller's own arrays, and the number of threads, change under all the others."""
    lengths = [1, 1000, 40_000, 150_001]
    inputs = [loop.inputs(length, seed) for seed, length in enumerate(lengths)]
    expected = [digest(loop.ufunc(*each)) for each in inputs]
    before, meet = mish.get_num_threads(), threading.Barrier(CALLERS)

    def work(number):
        meet.wait(TIMEOUT)
        for turn in range(4):
            mish.set_num_threads(1 + (number + turn) % 5)
            place = (number + turn) % len(lengths)
            out = np.empty_like(inputs[place][0])
            assert digest(loop.ufunc(*inputs[place], out=out)) == expected[place]

    try:
        with ThreadPoolExecutor(CALLERS) as pool:
            list(pool.map(work, range(CALLERS)))
    finally:
        mish.set_num_threads(before)


def digest(array):
    return hashlib.sha256(array.tobytes()).hexdigest()


@pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"),
    reason="this Python has the global interpreter lock: there is none to stay off",
)
def test_the_lock_stays_off():
    code = "import sys, mish; mish.mish(1.0); print(sys._is_gil_enabled())"
    assert fresh(code) == "False\n"
