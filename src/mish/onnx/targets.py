"""Which form each runtime takes, right and fast, as `benchmarks/runtimes` found by running it."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, NamedTuple


class Target(NamedTuple):
    """A runtime that was run.

    Attributes:
        form: The form to write for it, a key of ``mish.onnx.FORMS``.
        why: What was found of each form, with the versions.
    """

    form: str
    why: str


@functools.cache
def targets() -> dict[str, Target]:
    """Every runtime that is known, by name."""
    text = Path(__file__).with_name("targets.json").read_text(encoding="utf-8")
    return {name: Target(found["form"], _why(found)) for name, found in json.loads(text).items()}


def require_target(name: str) -> Target:
    """What is known of a runtime.

    Raises:
        ValueError: If nothing is.
    """
    if name not in targets():
        raise ValueError(f"no such runtime: {name!r}; there are {', '.join(sorted(targets()))}")
    return targets()[name]


def _why(found: dict[str, Any]) -> str:
    forms = "; ".join(f"{form} {_told(of)}" for form, of in found["forms"].items())
    versions = ", ".join(f"{package} {version}" for package, version in found["versions"].items())
    return f"{forms} ({versions})"


def _told(of: dict[str, Any]) -> str:
    if "fails" in of:
        return "does not convert"
    error = "loses its digits left of zero" if of["ulp"] is None else f"is within {of['ulp']} ulp"
    return f"{error}, {of['faster']} times as fast as ONNX Runtime's Softplus, Tanh, Mul"
