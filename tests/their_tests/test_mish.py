"""The tests that other packages have of Mish pass with ours in its place."""

from __future__ import annotations

import pytest
from suites import SUITES, path, run, worse


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_what_passes_with_theirs_passes_with_ours(suite):
    if path(suite) is None:
        pytest.skip(f"there is no {suite.file} of {suite.adapter}")
    before, after = (run(suite, ours, select="mish") for ours in (False, True))
    assert not worse(before, after)
    assert "passed" in {outcome for outcome, _ in after.values()}


def test_a_suite_that_cannot_be_run_is_an_error(tmp_path, monkeypatch):
    pytest.importorskip("jax", exc_type=ImportError)
    jax = SUITES[0]
    (tmp_path / jax.file).parent.mkdir()
    (tmp_path / jax.file).write_text("import this_is_not_installed\n", encoding="utf-8")
    monkeypatch.setenv("MISH_JAX_SOURCES", str(tmp_path))
    with pytest.raises(RuntimeError, match="No module named 'this_is_not_installed'"):
        run(jax, ours=False)
