"""A call over several threads: the same bits, no more threads than asked for, no hanging."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import mish
from mish._support import cpus

LARGE = 1 << 20
TIMEOUT = 60

only_linux = pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")


@pytest.fixture
def num_threads():
    """Sets the number of threads, for one test."""
    before = mish.get_num_threads()
    yield mish.set_num_threads
    mish.set_num_threads(before)


def fresh(code, **environment):
    """Runs the code in a process that has not used threads yet."""
    usual = {k: v for k, v in os.environ.items() if not k.endswith("NUM_THREADS")}
    prelude = (
        "import os, sys, threading, warnings, numpy as np, mish\n"
        "warnings.simplefilter('error')\n"
        "tasks = lambda: len(os.listdir('/proc/self/task'))\n"
        f"large = np.linspace(-30, 30, {LARGE}, dtype='f')\n"
    )
    return subprocess.run(
        [sys.executable, "-c", prelude + code],
        env=usual | environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def passes(code, **environment):
    done = fresh(code, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


# --- The same bits ---


def spread(array, stride):
    """The same values in a longer array, so many elements apart."""
    wide = np.zeros(array.size * abs(stride), array.dtype)
    wide[:: abs(stride)] = array if stride > 0 else array[::-1]
    return wide[:: abs(stride)][:: np.sign(stride)]


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


# Around the lengths where a range begins to be split, and far beyond them.
LENGTHS = [4095, 32_767, 32_768, 131_071, 131_072, 131_135, 300_001, 1_000_003]


@pytest.mark.parametrize("length", LENGTHS)
def test_same_bits_for_every_number_of_threads(loop, length, num_threads):
    inputs = loop.inputs(length)
    # What lies in a piece of a few elements never leaves the caller's thread.
    pieces = [slice(i, i + 1000) for i in range(0, length, 1000)]
    alone = np.concatenate([loop.ufunc(*(each[piece] for each in inputs)) for piece in pieces])
    expected = digest(alone)
    for number in (1, 2, 3, 7, 16):
        num_threads(number)
        assert digest(loop.ufunc(*inputs)) == expected
        for read, written in [(2, 1), (1, -3), (-1, 2)]:
            out = spread(np.zeros_like(alone), written)
            loop.ufunc(*(spread(each, read) for each in inputs), out=out)
            assert digest(out) == expected
        itself = inputs[-1].copy()
        loop.ufunc(*inputs[:-1], itself, out=itself)
        assert digest(itself) == expected


def test_overlapping_arrays_are_computed_in_order(loop, num_threads):
    """NumPy makes no copy of an input that begins a little after the output."""
    num_threads(3)
    block = loop.inputs(400_000)[0]
    others = loop.inputs(399_999)[1:]
    expected = digest(loop.ufunc(block[1:].copy(), *others))
    for _ in range(5):
        for memory in (block.copy(), spread(block, 2)):
            assert digest(loop.ufunc(memory[1:], *others, out=memory[:-1])) == expected


def test_folds_are_not_split(binary, num_threads):
    num_threads(2)
    x = np.random.default_rng(0).uniform(-2, 4, 200_000)
    expected = x[0]
    for each in x[1:2000]:
        expected = binary(expected, each)
    assert binary.accumulate(x)[1999] == expected
    assert binary.reduce(x) == binary.accumulate(x)[-1]


# --- How many threads there are ---


@only_linux
def test_small_arrays_start_no_thread():
    passes(
        "before = tasks()\n"
        "mish.set_num_threads(16)\n"
        "for size in (0, 1, 100, 5000, 8191): mish.mish(large[:size])\n"
        "mish.mish_grad(large[:8191].astype('d'), 1.0)\n"
        "np.setbufsize(4096)\n"  # where NumPy before 2.3 gathers rows, of 8,192 elements by default
        "mish.mish(np.zeros((1000, 8192), 'f')[:, 1:])\n"
        "assert tasks() == before\n"
    )


@only_linux
@pytest.mark.parametrize("number", [1, 2, 5])
def test_large_arrays_start_as_many_as_are_set(number):
    passes(
        "before = tasks()\n"
        f"mish.set_num_threads({number})\n"
        "for _ in range(5): mish.mish_grad(large, large)\n"
        f"assert tasks() - before == {number} - 1\n"
    )


@only_linux
def test_signals_stay_with_the_threads_of_python():
    passes(
        "mish.set_num_threads(3)\n"
        "known = os.listdir('/proc/self/task')\n"
        "mish.mish(large)\n"
        "new = set(os.listdir('/proc/self/task')) - set(known)\n"
        "assert len(new) == 2\n"
        "for each in new:\n"
        "    with open(f'/proc/self/task/{each}/status') as file: status = file.read()\n"
        "    blocked = int(status.partition('SigBlk:')[2].split()[0], 16)\n"
        "    assert blocked & 1 << 2 - 1, blocked  # SIGINT\n"
    )


@only_linux
def test_many_callers_share_one_pool():
    passes(
        "from concurrent.futures import ThreadPoolExecutor\n"
        "mish.set_num_threads(3)\n"
        "expected = mish.mish(large)\n"
        "before = tasks()\n"
        "meet = threading.Barrier(8)\n"
        "def work(_):\n"
        "    meet.wait(60)\n"
        "    for _ in range(10): assert np.array_equal(mish.mish(large), expected)\n"
        "    return tasks()\n"
        "with ThreadPoolExecutor(8) as pool: most = max(pool.map(work, range(8)))\n"
        "assert most == before + 8, most\n"
    )


def test_setting_while_others_compute(loop, num_threads):
    inputs = loop.inputs(200_000)
    expected = digest(loop.ufunc(*inputs))
    stop = threading.Event()

    def work(_):
        while not stop.is_set():
            assert digest(loop.ufunc(*inputs)) == expected

    with ThreadPoolExecutor(2) as pool:
        results = pool.map(work, range(2))
        for number in [1, 2, 3, 7, 16] * 20:
            num_threads(number)
        stop.set()
        list(results)


# --- Processes that fork, and that end ---

FORK = """
import multiprocessing
expected = mish.mish(large)
def child(numbers):
    before = tasks()
    for _ in range(3): assert np.array_equal(mish.mish(large), expected)
    numbers.put((mish.get_num_threads(), before, tasks()))
if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    numbers = context.SimpleQueue()
    for _ in range(5):
        for size in (2, 5):
            mish.set_num_threads(size)
            mish.mish(large)
            process = context.Process(target=child, args=[numbers])
            process.start()
            process.join(30)
            assert process.exitcode == 0
            assert numbers.get() == (size, 1, size)
            assert np.array_equal(mish.mish(large), expected)
"""


@only_linux
def test_a_forked_child_has_its_own_threads():
    """And Python does not warn that the parent has several: ``fresh`` makes warnings errors."""
    passes(FORK)


FORK_WHILE_OTHERS_COMPUTE = """
warnings.simplefilter("ignore")  # the callers are threads, and Python says so
expected = mish.mish(large)
stop = False
def work():
    while not stop: assert np.array_equal(mish.mish(large), expected)
callers = [threading.Thread(target=work) for _ in range(3)]
for each in callers: each.start()
for _ in range(30):
    child = os.fork()
    if child == 0:
        try: os._exit(not np.array_equal(mish.mish(large), expected))
        finally: os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
stop = True
for each in callers: each.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_fork_while_others_compute():
    passes("mish.set_num_threads(3)\n" + FORK_WHILE_OTHERS_COMPUTE)


@pytest.mark.parametrize(
    "way_out", ["", "raise SystemExit(0)", "os._exit(0)", "import signal; os.kill(os.getpid(), 9)"]
)
def test_exit_does_not_wait(way_out):
    done = fresh(
        "mish.set_num_threads(4)\n"
        "def work():\n"
        "    while True: mish.mish(large)\n"
        "for _ in range(3): threading.Thread(target=work, daemon=True).start()\n"
        f"mish.mish(large)\n{way_out}"
    )
    assert (done.returncode, done.stderr) == (-9 if "9" in way_out else 0, "")


# --- The number and where it comes from ---


@pytest.mark.parametrize("number", [1, 2, 16, 1024, np.int8(3)])
def test_what_is_set_is_got(number, num_threads):
    num_threads(number)
    assert mish.get_num_threads() == number


def test_the_number_holds_for_every_thread(num_threads):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(num_threads, 7).result()
    assert mish.get_num_threads() == 7


@pytest.mark.parametrize(
    ("environment", "number"),
    [
        ({"MISH_NUM_THREADS": "3"}, 3),
        ({"OMP_NUM_THREADS": "5"}, 5),
        ({"OMP_NUM_THREADS": " 4 , 2"}, 4),
        ({"MISH_NUM_THREADS": "3", "OMP_NUM_THREADS": "5"}, 3),
        ({"MISH_NUM_THREADS": "3", "OMP_NUM_THREADS": "none"}, 3),
        ({"MISH_NUM_THREADS": "", "OMP_NUM_THREADS": "5"}, 5),
        ({"MISH_NUM_THREADS": "1024"}, 1024),
    ],
)
def test_environment(environment, number):
    assert passes("print(mish.get_num_threads())", **environment) == f"{number}\n"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity masks here")
def test_affinity_mask():
    one = min(os.sched_getaffinity(0))
    code = (
        f"import os; os.sched_setaffinity(0, {{{one}}})\n"
        "import mish; assert mish.get_num_threads() == 1"
    )
    usual = {k: v for k, v in os.environ.items() if not k.endswith("NUM_THREADS")}
    subprocess.run([sys.executable, "-c", code], env=usual, check=True)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no affinity masks here")
def test_default_is_what_the_process_is_allowed(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    for quota, number in [(np.inf, 64), (2.0, 2), (1.5, 2), (0.1, 1), (100.0, 64)]:
        monkeypatch.setattr(cpus, "_cpu_quota", lambda *_, quota=quota: quota)
        assert cpus.allowed_cpus() == number


@pytest.mark.parametrize(
    ("groups", "files", "quota"),
    [
        ("0::/", {}, np.inf),
        ("0::/", {"cpu.max": "max 100000\n"}, np.inf),
        ("0::/", {"cpu.max": "250000 100000\n"}, 2.5),
        ("0::/a/b", {"a/cpu.max": "300000 100000\n", "a/b/cpu.max": "max 100000\n"}, 3),
        ("0::/a/b", {"a/cpu.max": "300000 100000\n", "a/b/cpu.max": "50000 100000\n"}, 0.5),
        ("0::/a", {"b/cpu.max": "300000 100000\n"}, np.inf),
        ("0::/not/seen", {"cpu.max": "400000 200000\n"}, 2),
        (
            "4:memory:/m\n3:cpu,cpuacct:/a\n0::/",
            {"cpu/a/cpu.cfs_quota_us": "150000\n", "cpu/a/cpu.cfs_period_us": "100000\n"},
            1.5,
        ),
        (
            "3:cpu:/a",
            {"cpu/a/cpu.cfs_quota_us": "-1\n", "cpu/a/cpu.cfs_period_us": "100000\n"},
            np.inf,
        ),
        ("3:cpuset:/a", {"cpu/cpu.cfs_quota_us": "1\n", "cpu/cpu.cfs_period_us": "1\n"}, np.inf),
    ],
)
def test_control_groups(groups, files, quota, tmp_path):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert cpus._cpu_quota(groups, str(tmp_path)) == quota


# --- threadpoolctl ---

LIMITS = """
assert mish.get_num_threads() == 6
with threadpoolctl.threadpool_limits(2):
    assert mish.get_num_threads() == 2
    with threadpoolctl.threadpool_limits({"mish": 1}):
        assert mish.get_num_threads() == 1
        if sys.platform == "linux":
            before = tasks()
            mish.mish(large)
            assert tasks() == before
    assert mish.get_num_threads() == 2
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        assert mish.get_num_threads() == 2
assert mish.get_num_threads() == 6
(info,) = [each for each in threadpoolctl.threadpool_info() if each["user_api"] == "mish"]
assert info["num_threads"] == 6
"""


@pytest.mark.parametrize(
    "order",
    [
        "import threadpoolctl, mish",
        "import mish, threadpoolctl",
        "import threadpoolctl; threadpoolctl.threadpool_info(); import mish",
    ],
)
def test_limits_of_threadpoolctl(order):
    pytest.importorskip("threadpoolctl")
    code = f"import os, sys\n{order}\nimport numpy as np\nlarge = np.ones({LARGE})\n"
    code += "tasks = lambda: len(os.listdir('/proc/self/task'))\n" + LIMITS
    subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"MISH_NUM_THREADS": "6"}, check=True
    )


def test_threadpoolctl_before_it_let_others_register(monkeypatch):
    from types import ModuleType

    from mish._numpy import threadpoolctl

    old = ModuleType("threadpoolctl")
    monkeypatch.setitem(sys.modules, "threadpoolctl", old)
    threadpoolctl.register_when_available()


def test_import_mish_does_not_import_threadpoolctl():
    passes("assert 'threadpoolctl' not in sys.modules")
