"""A second interpreter in a process: mish goes as far as NumPy does, and says where that is."""

from __future__ import annotations

import subprocess
import sys

import pytest

ISOLATED, SHARED = "a lock of its own", "the lock of the first"

# What makes an interpreter has had three names, and two kinds to make.
RUN = """
import sys
code, shared = sys.argv[1], {shared}
if sys.version_info >= (3, 13):
    import _interpreters
    interpreter = _interpreters.create("legacy" if shared else "isolated")
    failure = _interpreters.run_string(interpreter, code)
    if failure is not None:
        print(failure.formatted)
else:
    import _xxsubinterpreters as interpreters
    interpreter = interpreters.create(isolated=not shared)
    try:
        interpreters.run_string(interpreter, code)
    except interpreters.RunFailedError as failure:
        print(failure)
"""


def run(code, shared, first=""):
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
@pytest.mark.parametrize("first", ["", "import mish"])
def test_an_interpreter_with_its_own_lock_is_refused_by_name(first):
    assert "ImportError" in (told := run("import mish", shared=False, first=first))
    assert "module mish._numpy.native does not support loading in subinterpreters" in told
