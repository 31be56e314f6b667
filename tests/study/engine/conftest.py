"""The fake study of `modules`, and its undisturbed results."""

from __future__ import annotations

from pathlib import Path

import fake_study  # noqa: F401 - it registers itself
import pytest
from study_rows import JOBS, rows

from mish import study


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Where the fake study looks for what to do, and tells what it has begun."""
    monkeypatch.setenv("FAKE_STUDY", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="session")
def database(tmp_path_factory) -> Path:
    """What a run on one worker made, which nothing disturbed."""
    pytest.importorskip("torch", exc_type=ImportError)
    folder = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAKE_STUDY", str(folder))
        summary = study.run(["fake"], database=folder / "d.sqlite", workers=1)
    assert (summary.found, summary.done, summary.failed) == (0, JOBS, ())
    return folder / "d.sqlite"


@pytest.fixture(scope="session")
def undisturbed(database) -> set[tuple]:
    """Its rows."""
    found = rows(database)
    assert len(found) == JOBS
    return found
