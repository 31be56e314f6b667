"""How long ``import mish`` takes, beside ``import numpy``, and what it brings along."""

from __future__ import annotations

import functools
import subprocess
import sys
from dataclasses import dataclass

from mish._measure import timing

_CLOCK = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"
_BROUGHT = (
    "import sys; import numpy; before = set(sys.modules); import mish;"
    "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
)


@dataclass(frozen=True)
class ImportTime:
    """Import times in new interpreters, in turn.

    Attributes:
        mish: Median seconds; NumPy is part of it.
        numpy: Median seconds of NumPy alone.
        ratio: Median ratio of the two in each round.
        spread: Half the distance between the ratio's quartiles.
        extra: Packages beside NumPy and the standard library that ``import mish`` loads.
    """

    mish: float
    numpy: float
    ratio: float
    spread: float
    extra: list[str]


def measure(rounds: int = 15) -> ImportTime:
    """Start interpreters in turn and let each time its own import."""

    def lap(module: str, repeat: int) -> float:
        return float(_run(_CLOCK.format(module)))

    laps = {module: functools.partial(lap, module) for module in ("numpy", "mish")}
    found = timing.alternate(laps, rounds, fill=0)
    ratio = found["mish"].ratio_to(found["numpy"])
    brought = set(_run(_BROUGHT).split()) - sys.stdlib_module_names - {"mish", "numpy"}
    return ImportTime(
        found["mish"].median,
        found["numpy"].median,
        ratio.median,
        ratio.spread,
        sorted(brought),
    )


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout
