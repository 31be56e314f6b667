"""A second interpreter in a process: mish goes as far as NumPy does, and says where that is."""

from __future__ import annotations

import subprocess
import sys
import sysconfig

import pytest

# What makes an interpreter has had two names, and tells of a failure in two ways.
RUN = """
import sys
code, shared = sys.argv[1], {shared}
if sys.version_info >= (3, 13):
    import _interpreters
    interpreter = _interpreters.create("legacy" if shared else "isolated")
    failure = _interpreters.run_string(interpreter, code)
    print(failure.formatted if failure else "done")
else:
    import _xxsubinterpreters as interpreters
    interpreter = interpreters.create(isolated=not shared)
    try:
        interpreters.run_string(interpreter, code)
        print("done")
    except interpreters.RunFailedError as failure:
        print(failure)
"""
FIRST = ["", "import mish"]  # what the first interpreter has done


def run(code, shared, first):
    """Run code in a second interpreter: "done", or its error."""
    shown = subprocess.run(
        [sys.executable, "-c", f"{first}\n{RUN.format(shared=shared)}", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    return shown.stdout


@pytest.mark.skipif(
    sys.version_info < (3, 12), reason="every interpreter shares the lock before Python 3.12"
)
@pytest.mark.parametrize("first", FIRST)
def test_an_interpreter_with_its_own_lock_is_refused_by_name(first):
    told = run("import mish", False, first)
    assert "ImportError" in told
    assert "module mish._numpy.native does not support loading in subinterpreters" in told


@pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="this Python has no lock to share"
)
@pytest.mark.parametrize("first", FIRST)
def test_an_interpreter_that_shares_the_lock_works_where_numpy_does(first):
    """NumPy warns there, or refuses to be imported twice."""
    use = "import mish; assert 0.86 < mish.mish(1.0) < 0.87; mish.derivative([1.0], 5)"
    theirs = run("import numpy", True, first)
    assert run(use, True, first) == theirs
