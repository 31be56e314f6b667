"""What a worker does: one job at a time, so that the same job gives the same bits."""

from __future__ import annotations

import functools
import random
import threading
import time
import traceback
from collections.abc import Mapping
from datetime import datetime, timezone
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import cast

from mish._support.extras import needs
from mish.study import activations
from mish.study._cells import Study
from mish.study._jobs import Failed, Finished, Job, Outcome, Task

_ALONE = threading.Lock()  # a process has one generator of random numbers, whatever its threads


@functools.cache
def prepare() -> tuple[Mapping[str, str], str]:
    """Make results repeat in this process.

    Returns:
        Versions by package, and the processor.
    """
    import mish
    from mish._measure import machine

    with needs("study", "a study"):
        import torch
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    mish.set_num_threads(1)
    return {name: version(name) for name in ("mish", "torch", "numpy")}, machine.cpu()


def perform(task: Task) -> Outcome:
    """Do a job in this process, and tell what came of it; no exception leaves it."""
    job = task.job
    with _ALONE:
        try:
            software, machine = prepare()
            if task.activation is not None:
                activations.adopt(task.activation)
            study = cast(Study, import_module(task.module).STUDY)
            if study.version != job.version:
                raise RuntimeError(
                    f"the worker has version {study.version} of the study, not {job.version}: "
                    "install the same mish there"
                )
            _seed(job.seed)
            began = time.perf_counter()
            results = study.run(job.cell, job.rate, job.scale)
            seconds = time.perf_counter() - began
            if lacking := _expected(study, job) - results.keys():
                raise ValueError(f"the study gave no {', '.join(sorted(lacking))}")
        except Exception as error:
            return Failed(job, _told(error))
    numbers = {name: float(value) for name, value in results.items()}
    when = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return Finished(job, numbers, seconds, when, software, machine)


def _seed(seed: int) -> None:
    """Leave nothing of the job before: a study that forgets to seed repeats nonetheless."""
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed)  # the one that libraries use unasked
    torch.manual_seed(seed)


def _expected(study: Study, job: Job) -> set[str]:
    tuning = study.tuning(job.scale, job.cell.settings) if job.stage == "tune" else None
    names = {measure.name for measure in study.measures}
    return names if tuning is None else names | {tuning.measure}


def _told(error: Exception) -> str:
    """An error in one line, with the place that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}{place}"
