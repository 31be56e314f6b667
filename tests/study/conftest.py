"""Results whose truth is known, and their study."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import pandas as pd

    from mish.study._findings import Findings


@pytest.fixture(autouse=True)
def little_garbage() -> Iterator[None]:
    """For statsmodels collects it at every correction, among all that is imported."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def study(study_with) -> SimpleNamespace:
    return study_with()


@pytest.fixture
def study_with() -> Callable[..., SimpleNamespace]:
    pytest.importorskip("pandas")
    from labels_study import make_study

    return make_study


@pytest.fixture
def frame_of() -> Callable[..., pd.DataFrame]:
    pytest.importorskip("pandas")
    from labels_study import make_frame

    return make_frame


@pytest.fixture(scope="session")
def found() -> Findings:
    """What `labels_study.labels` has."""
    pytest.importorskip("pandas")
    from labels_study import labels

    from mish.study._findings import findings

    return findings(*labels())


@pytest.fixture(scope="session")
def document(found) -> str:
    """The page of it, and of a study that has only begun."""
    from labels_study import make_frame, make_study

    from mish.study._findings import findings
    from mish.study._report import page

    quick = make_frame({"mish": [1.0, 2.0], "relu": [1.0, 1.5]}, scale="quick", study="depth")
    depth = make_study(name="depth", question="Is <deep> & narrow well?")
    return page([found, findings(quick, depth)])
