"""The studies, a module each; each has its `STUDY`."""

from __future__ import annotations

from collections.abc import Mapping

STUDIES: Mapping[str, str] = {
    name: f"{__name__}.{name}"
    for name in (
        *("labels", "inputs", "scale", "depth", "init", "lr"),
        *("optimizer", "physics", "landscape", "gradients", "halfprecision", "precision"),
    )
}
"""The module of each study, by its name."""
