"""The precision of ball arithmetic, which python-flint has once for all threads."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from mish import reference
from mish._truth.balls import working_bits, working_digits, working_terms

flint = pytest.importorskip("flint")
TIMEOUT = 60


@pytest.mark.parametrize(
    ("setting", "name"), [(working_bits, "prec"), (working_digits, "dps"), (working_terms, "cap")]
)
def test_another_thread_waits_with_a_setting_of_its_own(setting, name):
    seen = []

    def other():
        with setting(40):
            seen.append(getattr(flint.ctx, name))

    thread = threading.Thread(target=other)
    with setting(300):
        thread.start()
        thread.join(0.05)
        with setting(200):
            assert getattr(flint.ctx, name) == 200
        assert getattr(flint.ctx, name) == 300
        assert not seen
    thread.join(TIMEOUT)
    assert seen == [40]


def test_a_value_that_is_none_holds_nobody_up():
    with pytest.raises(ValueError), working_bits(0):
        pass
    test_another_thread_waits_with_a_setting_of_its_own(working_bits, "prec")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_process_waits_for_no_thread_of_its_parent():
    code = """
import os, threading
from mish import reference
from mish._truth.balls import working_bits
inside, done = threading.Event(), threading.Event()
def hold():
    with working_bits(300):
        inside.set()
        done.wait()
threading.Thread(target=hold).start()
inside.wait()
child = os.fork()
if not child:
    os._exit(reference.value(0, 1, 5) != reference.value(0, 1, 5))
print(os.waitpid(child, 0)[1])
done.set()
"""
    # newer Pythons warn of a fork beside threads
    command = [sys.executable, "-W", "ignore", "-c", code]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=True)
    assert shown.stdout == "0\n"


def test_many_threads_at_different_precisions():
    points = [0.5, -3, 0.06448960839902101]
    digits = [5, 300, 40, 150]
    expected = {n: [reference.value(x, 20, n) for x in points] for n in digits}
    before, wrong = flint.ctx.prec, []

    def work(n):
        for _ in range(5):
            if [reference.value(x, 20, n) for x in points] != expected[n]:
                wrong.append(n)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(n,)) for n in digits]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(TIMEOUT)
    finally:
        sys.setswitchinterval(interval)
    assert (wrong, flint.ctx.prec) == ([], before)
