"""Results whose truth is known, and their study."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import pandas as pd


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
