"""Real processes: laps, errors, memory, and the ways in which they end."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

import mish
from mish._measure import memory, peers
from mish._measure.peers import Unsupported
from mish._measure.workers import Worker, WorkerError
from mish._support.cpus import allowed_cpus
from mish._truth import sweeps
from mish.bench.full_run import measure_memory

# Compiling takes seconds each, and these share their module's code with others here.
SLOW = {
    "torch-compile",
    "mish-torch-compile",
    "keras",
    "keras-xla",
    "mish-keras",
    "mish-numba",
    "numba",
}
MODULES = sorted(
    {peer.module for peer in peers.PEERS if not peer.missing() and peer.name not in SLOW}
)


@pytest.fixture
def numpy_worker():
    with Worker("numpy", 1) as worker:
        yield worker


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_every_installed_peer_computes_mish(module):
    """Within 1e-5 near the middle, in all it offers; the tails are what the benchmark shows."""
    x = np.linspace(-6, 6, 257)
    chosen = [
        each
        for each in peers.PEERS
        if each.module == module and each.name not in SLOW and not each.missing()
    ]
    with Worker(module, 1) as worker:
        for peer in (each for each in chosen if each.name != "copy"):
            done = 0
            for op, order in peers.OPS.items():
                for dtype in ("float32", "float64"):
                    try:
                        y = worker("compute", peer.name, op, x.astype(dtype))
                    except Unsupported:
                        continue
                    done += 1
                    assert (y.dtype, y.shape) == (dtype, x.shape)
                    truth = sweeps.UFUNCS[order](x.astype(dtype).astype(np.float64))
                    np.testing.assert_allclose(y, truth, rtol=0, atol=1e-5, err_msg=peer.name)
            assert done, peer.name


def test_laps(numpy_worker):
    numpy_worker("prepare", "mish", "forward", "float32", 1 << 16)
    assert 1e-7 < numpy_worker("lap", "mish", "given", 3) < 1
    assert numpy_worker("release")[0] == 1
    assert numpy_worker("release") == (0, 0)
    with pytest.raises(RuntimeError, match=r"KeyError: \('mish', 'given'\)"):
        numpy_worker("lap", "mish", "given", 1)


@pytest.fixture
def jax_as_it_was():
    """The module of JAX's peers makes JAX compute in float64, in the process that imports it."""
    jax = sys.modules.get("jax")
    before = bool(jax) and jax.config.jax_enable_x64
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].config.update("jax_enable_x64", before)


@pytest.mark.parametrize("module", MODULES)
def test_results_go_where_they_are_to_go(module, jax_as_it_was):
    """Into the same memory call after call, or into memory that nothing else holds."""
    from mish._measure.worker import task

    kept = {"given": [], "new": []}
    peers.load(module).set_threads(1)
    for peer in peers.PEERS:
        if peer.module != module or peer.name in SLOW or peer.missing():
            continue
        for result in kept:
            contender = peer.start(task("forward", "float32", 1000)._replace(result=result))
            assert contender.result in (result, "new")
            first = contender.array(contender.call())
            before = first.copy()
            if first.flags.writeable:  # JAX's are not
                first[:] = 0
            again = contender.array(contender.call())
            np.testing.assert_array_equal(again, before, err_msg=peer.name)
            kept[contender.result].append(peer.name)
            if contender.result == "given" and peer.module in ("numpy", "torch"):
                assert np.shares_memory(first, again), peer.name
            elif peer.module in ("numpy", "torch"):
                assert not np.shares_memory(first, again), peer.name
    assert kept["new"]


@pytest.mark.parametrize("op", peers.OPS)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_our_errors_at_the_hard_inputs(numpy_worker, op, dtype):
    found = numpy_worker("errors", "mish", op, dtype)
    assert found.count > 10_000
    assert found.specials == 0
    assert 0.4 < found.worst < (1 if dtype == "float32" else 0.5001)


def test_others_errors_are_seen(numpy_worker):
    found = numpy_worker("errors", "numpy", "forward", "float32")
    assert found.specials == 1  # NaN at minus infinity
    assert found.worst > 3


def test_a_worker_has_as_many_cpus_as_threads_and_one_pool_size():
    for threads in {1, allowed_cpus()}:
        with Worker("numpy", threads) as worker:
            pid = worker._process.pid
            assert len(os.sched_getaffinity(pid)) == threads
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            assert b"OMP_NUM_THREADS=%d" % threads in environment


def test_a_worker_that_is_killed(numpy_worker):
    numpy_worker._process.send_signal(signal.SIGKILL)
    with pytest.raises(WorkerError, match="the process for numpy ended: exit code -9"):
        numpy_worker("prepare", "mish", "forward", "float32", 8)


def test_a_worker_that_cannot_import():
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        Worker("no_such_module", 1)


@pytest.mark.slow
def test_allocations_are_counted():
    chosen = peers.select(["mish", "numpy"])
    found, note = measure_memory(chosen)
    assert note == ""
    counted = {(each.peer, each.op): (each.blocks, round(each.arrays, 1)) for each in found}
    assert counted["mish", "forward"] == (0, 0.0)
    # NumPy reuses a temporary where it can: exp, log1p and tanh in one, and the product
    blocks, arrays = counted["numpy", "forward"]
    assert 2 <= blocks <= 4
    assert 2 <= arrays <= 4
    assert ("numpy", "d2") not in counted


def test_without_a_compiler_memory_is_not_counted(monkeypatch):
    monkeypatch.setattr(memory.shutil, "which", lambda name: None)
    found, note = measure_memory(peers.select(["mish"]))
    assert (found, note) == ([], "counting allocations takes a C compiler")


def test_the_same_numbers_for_everyone(numpy_worker):
    from mish._measure.worker import task

    first, again = task("forward", "float32", 1000), task("backward", "float32", 1000)
    np.testing.assert_array_equal(first.x, again.x)
    assert abs(float(first.x.mean())) < 0.2
    assert 0.8 < float(first.x.std()) < 1.2
    assert mish.mish(task("forward", "bfloat16", 10).x).dtype.name == "bfloat16"
    np.testing.assert_array_equal(task("forward", "float32", 1000, 3.0).x, 3 * first.x)
