"""What a stage is given: the device, its time, and a place for what it finds."""

from __future__ import annotations

import functools
import itertools
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mish.bench import timing

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
SHARE = 0.8  # of the device's memory that the arrays of one measurement may take
SECONDS = 2.0  # of one measurement, all contenders together
Call = Callable[[], object]


@dataclass(frozen=True)
class Context:
    """Where a stage runs.

    Attributes:
        device: CUDA, or the CPU in dry runs, where all is small and figures mean nothing.
        rows: the file that takes what is found, a line of JSON each.
        stage: its name.
        until: when `time.monotonic` says that its time is over.
    """

    device: torch.device
    rows: Path
    stage: str
    until: float

    @property
    def dry(self) -> bool:
        return self.device.type != "cuda"

    def row(self, table: str, **cells: Any) -> None:
        """Add a line to a table of this stage, on disk at once."""
        line = {"stage": self.stage, "table": table, "cells": cells}
        with self.rows.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def check(self, table: str, what: str, call: Callable[[], object]) -> bool:
        """Try something; the line says "ok", with what it returned, or how it failed."""
        start = time.perf_counter()
        try:
            found = call()
            if not self.dry:
                torch.cuda.synchronize()
        except Exception as error:  # the next check is to run whatever this one did
            first = (str(error).strip().splitlines() or [""])[0]
            self.row(table, what=what, outcome=f"FAILED: {type(error).__name__}: {first[:300]}")
            return False
        seconds = f"{time.perf_counter() - start:.2f}"
        self.row(table, what=what, outcome="ok", found=str(found or ""), seconds=seconds)
        return True

    def size(self, exponent: int) -> int:
        """So many numbers, or few in dry runs."""
        return 1 << (min(exponent, 10) if self.dry else exponent)

    def fits(self, size: int, dtype: torch.dtype, arrays: int = 4) -> bool:
        """Whether so many arrays are within the device's memory."""
        if self.dry:
            return True
        free, _ = torch.cuda.mem_get_info(self.device)
        return arrays * size * dtype.itemsize < SHARE * free

    def measure(self, calls: Mapping[str, Call]) -> dict[str, timing.Timing]:
        """Times of contenders that take turns."""
        laps = {name: functools.partial(_lap, call, self.device) for name, call in calls.items()}
        return timing.alternate(laps, 1 if self.dry else 11, seconds=SECONDS)


def name_of(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _lap(call: Call, device: torch.device, repeat: int) -> float:
    """Seconds of one call, on the device's clock; on the CPU, for dry runs, on its own."""
    call()
    if device.type == "cpu":
        return timing.lap(call, repeat)
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize(device)
    start.record()
    for _ in itertools.repeat(None, repeat):
        call()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / 1e3 / repeat


def ratios(found: Mapping[str, timing.Timing], ours: str) -> dict[str, str]:
    """How many times as long as ours the others take."""
    others = [name for name in found if name not in (ours, "copy")]
    return {name: f"{found[name].ratio_to(found[ours]).median:.2f}×" for name in others}
