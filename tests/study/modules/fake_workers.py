"""Workers that are none: the fake study's jobs are done in this process, by a rule."""

from __future__ import annotations

import itertools
import math
import os
import time
from pathlib import Path

from mish.study import _engine
from mish.study._jobs import Failed, Finished


class Here:
    """Workers that are none: losses come from a rule."""

    count = 2

    def __init__(self, bad=lambda job: False):
        self.bad = bad
        self.jobs = []

    def perform(self, tasks):
        for task in tasks:
            assert task.module == "fake_study"
            job = task.job
            self.jobs.append(job)
            if self.bad(job):
                yield Failed(job, "ArithmeticError: it is bad")
                continue
            loss = math.nan if job.rate == 0.1 and job.activation == "relu" else job.rate
            yield Finished(job, {"loss": loss, "validation": -loss}, 2.0, "now", {}, "a machine")

    def close(self):
        pass


class Stuck(Here):
    """Those that do no more after some jobs, and say so by a file."""

    def __init__(self, after):
        super().__init__()
        self.after = after

    def perform(self, tasks):
        yield from super().perform(itertools.islice(tasks, self.after))
        (Path(os.environ["FAKE_STUDY"]) / "stuck").touch()
        time.sleep(600)


def stuck_after(number):
    """Let the engine of this process have such workers."""
    _engine._workers = lambda count, scheduler: Stuck(number)
