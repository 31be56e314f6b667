"""The studies, a module each; each has its `STUDY`."""

from __future__ import annotations

from collections.abc import Mapping

STUDIES: Mapping[str, str] = {}
"""The module of each study, by its name."""
