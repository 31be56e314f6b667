"""Which form of Mish each runtime takes, right and fast, as `benchmarks/runtimes` found it.

A runtime reads ONNX files, or a program of PyTorch, or both by ways of their own: these are the two
starts. What was found is data, ``targets.json``, which the benchmark writes.
"""

from __future__ import annotations

import functools
import json
import math
from pathlib import Path
from typing import Any, Literal, NamedTuple

Start = Literal["onnx", "torch"]

TITLES = {"onnx": "ONNX files", "torch": "programs of PyTorch"}


class Advice(NamedTuple):
    """What a runtime should get.

    Attributes:
        form: The form of Mish.
        opset: The newest version of ONNX's operators that it was seen to take; None for a program
            of PyTorch.
        precision: In which precision it is right, and what the others cost.
        why: What was found of each form, with the versions.
    """

    form: str
    opset: int | None
    precision: str
    why: str


class Target(NamedTuple):
    """A runtime: what it should get by each start, None where it has no such way."""

    onnx: Advice | None
    torch: Advice | None

    @property
    def from_torch(self) -> Advice:
        """What a model of PyTorch should have: on its own way, or on the way over an ONNX file."""
        advice = self.torch or self.onnx
        assert advice is not None
        return advice


@functools.cache
def targets() -> dict[str, Target]:
    """Every runtime that is known, by name."""
    text = Path(__file__).with_name("targets.json").read_text(encoding="utf-8")
    known: dict[str, dict[Start, Any]] = json.loads(text)
    return {
        name: Target(*(_advice(found[start]) if start in found else None for start in TITLES))
        for name, found in known.items()
    }


def require_target(name: str) -> Target:
    """What is known of a runtime.

    Raises:
        ValueError: If nothing is; the message names those that are known.
    """
    if name not in targets():
        raise ValueError(f"no such runtime: {name!r}; there are {', '.join(sorted(targets()))}")
    return targets()[name]


def _advice(found: dict[str, Any]) -> Advice:
    return Advice(found["form"], found.get("opset"), _precision(found), _why(found))


def _precision(found: dict[str, Any]) -> str:
    others = found["precisions"].items()
    told = [f"{name} is off by up to {error:.1g} in the middle" for name, error in others]
    told += [_half(found["form"], mode, errors) for mode, errors in found["half"].items()]
    return "; ".join([found["precision"], *filter(None, told)])


def _half(form: str, mode: str, errors: dict[str, float | None]) -> str:
    """What a mode of float16 does to the form, and which one is best there if another is."""
    known = {name: math.inf if error is None else error for name, error in errors.items()}
    if form not in known:
        return ""
    best = min(known, key=known.__getitem__)
    told = f"within {known[form]} ulp" if math.isfinite(known[form]) else "NaN or infinite"
    better = f", the form {best} within {known[best]}" if known[best] < known[form] / 2 else ""
    return f"in {mode} it is {told}{better}"


def _why(found: dict[str, Any]) -> str:
    if "told" in found:
        return str(found["told"])
    forms = [f"{form} {_told(of)}" for form, of in found["forms"].items()]
    versions = ", ".join(f"{package} {version}" for package, version in found["versions"].items())
    return f"{'; '.join([*found.get('reasons', ()), *forms])} ({versions})"


def _told(of: dict[str, Any]) -> str:
    if "fails" in of:
        return "does not convert"
    error = "loses its digits left of zero" if of["ulp"] is None else f"is within {of['ulp']} ulp"
    if of["faster"] is None:
        return error
    networks = "".join(f", {times} in {network}" for network, times in of["networks"].items())
    return f"{error}, {of['faster']} times as fast as ONNX Runtime's Softplus, Tanh, Mul{networks}"
